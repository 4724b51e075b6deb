"""Where a registry may send its clients: not into networks that it is not part of itself.

A registry names other servers in redirects and in the realm of a challenge. A hostile one could make pinbot
ask servers that only this machine can reach, e.g. the metadata service of a cloud. What counts are addresses,
not names: those that a connection is really made to.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Collection
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


Reach = frozenset[Network]
"""The networks in which a server may be."""

_REACH = {
    Network.PUBLIC: Reach({Network.PUBLIC}),
    Network.PRIVATE: Reach({Network.PUBLIC, Network.PRIVATE}),
    Network.LOOPBACK: Reach({Network.PUBLIC, Network.PRIVATE, Network.LOOPBACK}),
    Network.SPECIAL: Reach({Network.PUBLIC, Network.SPECIAL}),
}


class OutOfReach(Exception):
    """A server is in a network in which it must not be; nothing was sent to it."""


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


def reach_of(here: Collection[Network]) -> Reach:
    """Where a registry may send us that is in these networks: where each of them allows it."""
    return Reach.intersection(*(_REACH[network] for network in here or (Network.PUBLIC,)))


def parse(text: str) -> Address:
    """An address as the system writes it, perhaps with the zone of a link (RFC 4007)."""
    return ipaddress.ip_address(text.partition("%")[0])


async def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system writes them; the best first.

    Raises:
        OSError: there is no such name, or it cannot be asked for.
    """
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass  # a name, or an address in one of the older ways to write it
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, "no name that a host can have") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def networks_of(host: str, port: int) -> frozenset[Network]:
    """The networks of a host's addresses; none where the name is only known to a proxy, or to nobody."""
    try:
        return frozenset(network(parse(text)) for text in await look_up(host, port))
    except OSError:
        return frozenset()
