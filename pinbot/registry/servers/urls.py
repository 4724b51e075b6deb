"""URLs as registries name them: http or https, no user in front of the host, a path, perhaps a query.

Whatever is not just that is none: a URL decides who gets credentials, so no two readers may differ about it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from typing import Self
from urllib.parse import quote, urlencode, urljoin

from pinbot.documents import clean

Origin = tuple[str, str, int]
"""Scheme, host and port: what must be equal for two URLs to belong to one server (RFC 6454)."""

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{0,5}))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_DOTS = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_SECRETS = re.compile(r"(?<=//)[^/?#]*@|[?#].*", re.DOTALL)
_SAFE = "%/:=&?~+!$,;'@()*[]"
_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Url:
    """One URL; `host` is without brackets, `target` is path and query as they are sent."""

    scheme: str
    host: str
    port: int
    target: str = "/"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an absolute URL; the fragment is left out.

        Raises:
            ValueError: it is something else.
        """
        match = _URL.fullmatch(text.strip(" "))
        if match is None or not text.isprintable():
            raise ValueError("no URL of a registry")
        scheme, path = match["scheme"].lower(), match["path"] or "/"
        host = match["host"].lower().strip("[]")
        if ":" in host or match["host"].startswith("["):
            IPv6Address(host)
        port = int(match["port"] or _PORTS[scheme])
        if not 0 < port <= _LAST_PORT or _DOTS.search(path):
            raise ValueError("no URL of a registry")
        target = quote(path + (match["query"] or ""), safe=_SAFE, encoding="latin-1")
        return cls(scheme, host, port, target)

    def join(self, text: str) -> Self:
        """The URL that a server, asked for this one, means by a text.

        Raises:
            ValueError: it is none, or leads from https to http.
        """
        if not text.isprintable():
            raise ValueError("no URL of a registry")
        text = text.strip(" ")
        joined = self.parse(text if _ABSOLUTE.match(text) else urljoin(str(self), text))
        if self.scheme == "https" and joined.scheme != "https":
            raise ValueError("from https to http")
        return joined

    def at(self, target: str) -> Self:
        """Another path, perhaps with a query, on the same server."""
        return replace(self, target=target)

    def with_query(self, parameters: Iterable[tuple[str, str]]) -> Self:
        """The same with more in its query."""
        more = urlencode(list(parameters))
        joint = "&" if "?" in self.target else "?"
        return replace(self, target=f"{self.target}{joint}{more}" if more else self.target)

    @property
    def origin(self) -> Origin:
        """The server that it belongs to."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """`host[:port]`, without the usual port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.unusual_port is None else f"{host}:{self.port}"

    @property
    def unusual_port(self) -> int | None:
        """The port, if it is not that of the scheme."""
        return None if self.port == _PORTS[self.scheme] else self.port

    @property
    def public(self) -> str:
        """What may be printed: all but the query, which can hold secrets."""
        return f"{self.scheme}://{self.authority}{self.target.partition('?')[0]}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def shown(text: str) -> str:
    """What a server wrote where a URL should be, for a message: without what may be secret."""
    return clean(_SECRETS.sub("", text)) or "nowhere"
