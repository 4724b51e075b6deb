"""Proxies, as the environment names them: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.

No standard describes these variables. They are read as curl and Go's `httpproxy` read them.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from pinbot.registry.servers.addresses import is_loopback
from pinbot.registry.servers.urls import Url


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where a proxy is, and as whom to come."""

    url: Url
    login: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `[http[s]://][user[:password]@]host[:port]`.

        Raises:
            ValueError: it is something else; the message does not repeat it, since it may hold a password.
        """
        parts = urlsplit(text if "://" in text else f"http://{text}")
        if parts.scheme not in {"http", "https"}:
            raise ValueError(f"proxies by {parts.scheme} are not known, only by http and https")
        place = parts.netloc.rpartition("@")[2]
        try:
            url = Url.parse(f"{parts.scheme}://{place}")
        except ValueError:
            raise ValueError("it is no address of a proxy") from None
        login = None
        if parts.username is not None:
            login = unquote(parts.username), unquote(parts.password or "")
        return cls(url, login)


class Proxies:
    """Which proxy to ask for which server.

    `NO_PROXY` lists, between commas, names (which mean all names below them, too), addresses and networks
    (`10.0.0.0/8`), each with a port or without; `*` means everything.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        def first(*names: str) -> str:
            return next((environ[name] for name in names if environ.get(name)), "")

        everything = first("all_proxy", "ALL_PROXY")
        # A CGI program would find a header of the request in HTTP_PROXY (CVE-2016-5385).
        http = ("http_proxy",) if "REQUEST_METHOD" in environ else ("http_proxy", "HTTP_PROXY")
        self._by_scheme = {
            "http": first(*http) or everything,
            "https": first("https_proxy", "HTTPS_PROXY") or everything,
        }
        self._direct = [entry.strip().lower() for entry in first("no_proxy", "NO_PROXY").split(",")]

    def find(self, url: Url) -> Proxy | None:
        """The proxy for a URL; none for this machine's own addresses, which no proxy can reach.

        Raises:
            ValueError: the environment names something that is no proxy.
        """
        named = self._by_scheme[url.scheme]
        if not named or is_loopback(url.host) or any(_covers(entry, url) for entry in self._direct if entry):
            return None
        return Proxy.parse(named)


def _covers(entry: str, url: Url) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        return _is_in(url.host, entry)
    host, colon, port = entry.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.endswith("]")):
        if int(port) != url.port:
            return False
        entry = host
    entry = entry.strip("[]").removeprefix("*").removeprefix(".")
    return url.host == entry or (url.host.endswith("." + entry) and not _is_address(url.host))


def _is_in(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
