"""Whom to trust, and what to show, when https is spoken."""

import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import certifi

from pinbot.config import RegistrySettings
from pinbot.errors import Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Certificates, as paths of PEM files; see `RegistrySettings`.

    Attributes:
        ca: authorities in place of the usual ones.
        authorities: authorities beside the usual ones.
        cert, key: what to show to a server that asks who we are.
    """

    ca: str | None = None
    authorities: tuple[str, ...] = ()
    cert: str | None = None
    key: str | None = None

    @classmethod
    def of(cls, settings: RegistrySettings) -> Self:
        """What the settings of a registry say."""
        return cls(ca=settings.ca, authorities=settings.authorities, cert=settings.cert, key=settings.key)

    @property
    def without_client(self) -> Self:
        """The same, with nothing to show: for servers that are not the registry itself."""
        return replace(self, cert=None, key=None)

    def context(self) -> ssl.SSLContext:
        """A context for clients.

        Raises:
            Unreachable: a file cannot be used.
        """
        context = _usual() if self.ca is None else _only(self.ca)
        for file in self.authorities:
            try:
                context.load_verify_locations(cafile=file)
            except OSError as error:
                raise _unusable("certificate authorities", file, error) from error
        if self.cert is not None:
            self._show(context, self.cert)
        return context

    def _show(self, context: ssl.SSLContext, cert: str) -> None:
        try:
            # A key that needs a password would be asked for on the terminal, by OpenSSL itself.
            context.load_cert_chain(cert, self.key, password=b"")
        except OSError as error:
            for file in (cert, self.key):
                if file is not None and not Path(file).is_file():
                    raise _unusable(
                        "client certificate", file, FileNotFoundError(0, "no such file")
                    ) from error
            raise _unusable("client certificate", f"{cert} with its key {self.key}", error) from error


def _usual() -> ssl.SSLContext:
    """With the authorities of the system, or else those of Mozilla."""
    paths = ssl.get_default_verify_paths()
    return ssl.create_default_context(cafile=None if paths.cafile or paths.capath else certifi.where())


def _only(ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise _unusable("certificate authorities", ca, error) from error


def _unusable(what: str, file: str, error: OSError) -> Unreachable:
    return Unreachable(
        f"the {what} in {file} cannot be read: {error.strerror or error}",
        hint="`ca`, `cert` and `key` of a registry, and what is in certs.d, name PEM files",
    )
