"""Where a registry's API is, and the rule for plain http."""

import re
from dataclasses import dataclass
from typing import Self

from pinbot.config import RegistrySettings
from pinbot.errors import Unreachable
from pinbot.model.reference import is_registry_host
from pinbot.registry.servers.addresses import is_loopback
from pinbot.registry.servers.trust import Trust
from pinbot.registry.servers.urls import Url


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the API of one registry is.

    Attributes:
        settings: what the configuration says of the registry.
        url: scheme, host and port; credentials go to this origin only.
    """

    settings: RegistrySettings
    url: Url

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
            url = Url.parse(f"{scheme}://{settings.host}/" if is_registry_host(settings.host) else "")
        except ValueError:
            raise Unreachable(
                f"{settings.place!r} is no address of a registry",
                hint="it is written as host, host:port or host/path",
            ) from None
        return cls(settings=settings, url=url)

    def trust(self, url: Url) -> Trust:
        """The certificates for a server that the registry named, or is itself: no other sees who we are."""
        trust = Trust.of(self.settings)
        return trust if url.host == self.url.host else trust.without_client

    @property
    def name(self) -> str:
        """The registry as references name it."""
        return self.settings.name


def _without_port(host: str) -> str:
    return re.sub(":[0-9]+$", "", host).strip("[]")
