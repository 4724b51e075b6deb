"""What is in a bundle of CA certificates (RFC 7468, RFC 5280)."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

_BLOCK = re.compile(rb"-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----.*?-----END \1-----", re.DOTALL)
_BEGIN = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----")


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
    for start, block in _blocks(data):
        certificate = _certificate(block)
        if certificate is None:
            broken.append(data.count(b"\n", 0, start) + 1)
        else:
            certificates.append(certificate)
    return Bundle(certificates=tuple(certificates), broken=tuple(broken))


def _blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Where each certificate begins, and its text; the text is empty where it has no end."""
    ends = {match.start(): match[0] for match in _BLOCK.finditer(data)}
    for match in _BEGIN.finditer(data):
        yield match.start(), ends.get(match.start(), b"")


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
