"""Where a registry's API is: names, origins and the rule for plain http."""

import re
from dataclasses import dataclass
from typing import Self

import httpx

from pinbot.config import RegistrySettings
from pinbot.errors import Unreachable
from pinbot.model.reference import is_registry_host
from pinbot.registry.addresses import is_loopback
from pinbot.registry.trust import Trust

_LAST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the API of one registry is.

    Attributes:
        settings: what the configuration says of the registry.
        url: scheme, host and port; credentials go to this origin only.
    """

    settings: RegistrySettings
    url: httpx.URL

    @classmethod
    def of(cls, settings: RegistrySettings) -> Self:
        """Read the settings of a registry.

        Plain http is spoken where `insecure` is set, and to loopback addresses unless they have certificates.

        Raises:
            Unreachable: the registry is blocked, or the location is no `host[:port]`.
        """
        if settings.blocked:
            raise Unreachable(
                f"{settings.name} is blocked on this machine",
                hint=f"it is {settings.source or 'its configuration'} that says so",
            )
        loopback = is_loopback(_without_port(settings.host))
        plain = settings.insecure or (loopback and not settings.has_certificates)
        scheme = "http" if plain else "https"
        try:
            url = httpx.URL(f"{scheme}://{settings.host}/")
        except httpx.InvalidURL:
            url = httpx.URL()
        if not is_registry_host(settings.host) or not url.raw_host or (url.port or 0) > _LAST_PORT:
            raise Unreachable(
                f"{settings.place!r} is no address of a registry",
                hint="it is written as host, host:port or host/path",
            )
        return cls(settings=settings, url=url)

    def trust(self, url: httpx.URL) -> Trust:
        """The certificates for a server that the registry named, or is itself: no other sees who we are."""
        trust = Trust.of(self.settings)
        return trust if host_of(url) == host_of(self.url) else trust.without_client

    @property
    def name(self) -> str:
        """The registry as references name it."""
        return self.settings.name


Origin = tuple[str, str, int]


def host_of(url: httpx.URL) -> str:
    """The host as it is sent, without brackets; `URL.host` fails for names that only look like IDNA."""
    return url.raw_host.decode("ascii")


def origin(url: httpx.URL) -> Origin:
    """Scheme, host and port: what must be equal for two URLs to belong to one server (RFC 6454)."""
    return url.scheme, host_of(url), url.port or {"http": 80}.get(url.scheme, 443)


def join(base: httpx.URL, text: str) -> httpx.URL:
    """The URL that a server means by a text, without its fragment; an empty one if it is no URL."""
    try:
        return base.join(text).copy_with(fragment=None)
    except httpx.InvalidURL:
        return httpx.URL()


def may_follow(base: httpx.URL, target: httpx.URL) -> bool:
    """Whether a URL that a server named may be asked: not in clear text if the server is asked by https."""
    secure = target.scheme == "https" or (target.scheme == "http" and base.scheme == "http")
    return secure and bool(target.raw_host) and not target.userinfo and (target.port or 0) <= _LAST_PORT


def _without_port(host: str) -> str:
    return re.sub(":[0-9]+$", "", host).strip("[]")
