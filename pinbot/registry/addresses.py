"""Where a registry may send its clients: not into networks that it is not part of itself.

A registry names other servers in redirects and in the realm of a challenge. A hostile one could make pinbot
ask servers that only this machine can reach, e.g. the metadata service of a cloud.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from enum import Enum

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_METADATA = frozenset(ipaddress.ip_address(text) for text in ("100.100.100.200", "fd00:ec2::254"))


class Network(Enum):
    """How far away an address is."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    SPECIAL = "special"


_MAY_POINT_TO = {
    Network.PUBLIC: {Network.PUBLIC},
    Network.PRIVATE: {Network.PUBLIC, Network.PRIVATE},
    Network.LOOPBACK: {Network.PUBLIC, Network.PRIVATE, Network.LOOPBACK},
    Network.SPECIAL: {Network.PUBLIC, Network.SPECIAL},
}


def network(address: Address) -> Network:
    """The network of an address; one that wraps an IPv4 address is in that one's."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return network(inner)
    if address.is_loopback:
        return Network.LOOPBACK
    if address in _METADATA or address.is_link_local or address.is_unspecified or address.is_multicast:
        return Network.SPECIAL
    return Network.PUBLIC if address.is_global else Network.PRIVATE


def is_loopback(host: str) -> bool:
    """Whether a host (without brackets and port) is certainly this machine, which no proxy can reach."""
    if host == "localhost":
        return True
    try:
        return network(ipaddress.ip_address(host)) is Network.LOOPBACK
    except ValueError:
        return False


def may_point_to(here: Iterable[Address], there: Iterable[Address]) -> bool:
    """Whether a registry with the addresses `here` may name a server with the addresses `there`."""
    allowed = {Network.PUBLIC}.union(*(_MAY_POINT_TO[network(address)] for address in here))
    return all(network(address) in allowed for address in there)


async def addresses_of(host: str, port: int) -> tuple[Address, ...]:
    """All addresses of a host; none where the name is only known to a proxy, or to nobody."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
