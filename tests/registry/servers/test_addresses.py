"""Which servers a registry may send its clients to."""

import asyncio
import ipaddress

import pytest

from pinbot.registry.servers.addresses import Network, network, networks_of, reach_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8.8.8.8", Network.PUBLIC),
        ("2606:4700::1111", Network.PUBLIC),
        ("10.0.0.1", Network.PRIVATE),
        ("172.16.0.1", Network.PRIVATE),
        ("192.168.1.1", Network.PRIVATE),
        ("100.64.0.1", Network.PRIVATE),
        ("fd00::1", Network.PRIVATE),
        ("127.0.0.1", Network.LOOPBACK),
        ("127.9.9.9", Network.LOOPBACK),
        ("::1", Network.LOOPBACK),
        ("169.254.169.254", Network.SPECIAL),
        ("fe80::1", Network.SPECIAL),
        ("0.0.0.0", Network.SPECIAL),
        ("::", Network.SPECIAL),
        ("224.0.0.1", Network.SPECIAL),
        ("100.100.100.200", Network.SPECIAL),
        ("fd00:ec2::254", Network.SPECIAL),
        ("::ffff:169.254.169.254", Network.SPECIAL),
        ("::ffff:127.0.0.1", Network.LOOPBACK),
        ("::ffff:8.8.8.8", Network.PUBLIC),
        ("64:ff9b::a9fe:a9fe", Network.SPECIAL),
        ("64:ff9b::808:808", Network.PUBLIC),
        ("2002:7f00:1::", Network.LOOPBACK),
    ],
)
def test_an_address_is_in_the_network_that_it_leads_to(text: str, expected: Network) -> None:
    assert network(ipaddress.ip_address(text)) is expected


@pytest.mark.parametrize(
    ("here", "there", "allowed"),
    [
        ("8.8.8.8", "1.1.1.1", True),
        ("8.8.8.8", "10.0.0.1", False),
        ("8.8.8.8", "127.0.0.1", False),
        ("8.8.8.8", "169.254.169.254", False),
        ("10.0.0.1", "10.0.0.2", True),
        ("10.0.0.1", "8.8.8.8", True),
        ("10.0.0.1", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "10.0.0.1", True),
        ("127.0.0.1", "169.254.169.254", False),
        ("127.0.0.1", "0.0.0.0", False),
    ],
)
def test_a_registry_may_send_no_deeper_than_where_it_is(here: str, there: str, *, allowed: bool) -> None:
    reach = reach_of([network(ipaddress.ip_address(here))])
    assert (network(ipaddress.ip_address(there)) in reach) is allowed


def test_a_registry_in_two_networks_may_send_only_to_where_both_of_them_may() -> None:
    """Whoever owns a name can give it any address besides its own."""
    assert reach_of([Network.PUBLIC, Network.PRIVATE]) == {Network.PUBLIC}
    assert reach_of([Network.LOOPBACK, Network.PRIVATE]) == {Network.PUBLIC, Network.PRIVATE}
    assert reach_of([]) == {Network.PUBLIC}


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost"])
def test_however_loopback_is_written_it_is_known(host: str) -> None:
    assert asyncio.run(networks_of(host, 80)) == {Network.LOOPBACK}


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 70 + ".invalid"])
def test_a_name_that_nobody_knows_is_in_no_network(host: str) -> None:
    assert asyncio.run(networks_of(host, 80)) == frozenset()
