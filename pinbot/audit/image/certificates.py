"""What is in a bundle of CA certificates (RFC 7468, RFC 5280)."""

import re
import warnings
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

_BEGIN = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----")
_END = re.compile(rb"-----END (?:TRUSTED |X509 )?CERTIFICATE-----")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certificate; `expires` is in UTC."""

    subject: str
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle as it was read; `broken` are the lines at which what is no certificate begins."""

    certificates: tuple[Certificate, ...]
    broken: tuple[int, ...]

    def expired(self, at: datetime) -> tuple[Certificate, ...]:
        """Those that are worth nothing any more at that time."""
        return tuple(one for one in self.certificates if one.expires < at)


def read(data: bytes) -> Bundle:
    """Read each block by itself, so that a broken one hides no other."""
    certificates: list[Certificate] = []
    broken: list[int] = []
    line, before = 1, 0
    starts = [match.start() for match in _BEGIN.finditer(data)]
    for start, following in pairwise((*starts, len(data))):
        line, before = line + data.count(b"\n", before, start), start
        end = _END.search(data, start, following)
        certificate = _certificate(data[start : end.end()]) if end else None
        if certificate is None:
            broken.append(line)
        else:
            certificates.append(certificate)
    return Bundle(certificates=tuple(certificates), broken=tuple(broken))


def _certificate(block: bytes) -> Certificate | None:
    from cryptography import x509  # noqa: PLC0415 - takes a moment, and only this needs it

    plain = block.replace(b"TRUSTED CERTIFICATE", b"CERTIFICATE")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old roots break rules that came after them
            certificate = x509.load_pem_x509_certificate(plain)
            return Certificate(
                subject=certificate.subject.rfc4514_string(), expires=certificate.not_valid_after_utc
            )
    except ValueError:
        return None
