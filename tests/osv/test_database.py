"""What OSV is asked, and what is made of its answers, against a service that keeps to its description."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

from pinbot.errors import VulnerabilityError
from pinbot.model.image import Distribution, Ecosystem, Package
from pinbot.model.vulnerability import Exposure, Inventory, Rating, Vulnerability
from pinbot.osv.database import OsvDatabase
from pinbot.osv.service import Service, Timing
from tests.support.osv import OsvServer, record
from tests.support.registry_clock import FakeClock

pytestmark = pytest.mark.needs("osv-schema")

T = TypeVar("T")
ALPINE = Distribution(id="alpine", version="3.20.1")
HIGH = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]
OPENSSL = record("CVE-2024-4741", ("Alpine:v3.20", "openssl", ["3.3.0-r0"], "3.3.0-r3"), severity=HIGH)
NET = record(
    "GO-2023-2102",
    ("Go", "golang.org/x/net", ["0.16.0"], "0.17.0"),
    aliases=["CVE-2023-39325", "GHSA-4374-p667-p6c8"],
    summary="HTTP/2 rapid reset",
)
ZLIB = record("CVE-2022-37434", ("Alpine:v3.20", "zlib", ["1.2.12-r0"], None))


@pytest.fixture
def osv() -> Iterator[OsvServer]:
    with OsvServer(OPENSSL, NET, ZLIB) as server:
        yield server


def ask(
    osv: OsvServer | str,
    what: Callable[[OsvDatabase], Awaitable[T]],
    *,
    clock: FakeClock | None = None,
    timing: Timing | None = None,
) -> T:
    url = osv if isinstance(osv, str) else osv.url

    async def main() -> T:
        async with OsvDatabase(Service(url, clock=clock or FakeClock(), timing=timing)) as database:
            return await what(database)

    return asyncio.run(main())


def apk(name: str, version: str, source: str = "") -> Package:
    return Package(ecosystem=Ecosystem.APK, name=name, version=version, source=source)


LIBSSL, LIBCRYPTO = apk("libssl3", "3.3.0-r0", "openssl"), apk("libcrypto3", "3.3.0-r0", "openssl")
MODULE = Package(ecosystem=Ecosystem.GO, name="golang.org/x/net", version="v0.16.0")
INVENTORY = Inventory(packages=(LIBSSL, LIBCRYPTO, apk("busybox", "1.36.1-r29"), MODULE), distribution=ALPINE)


def test_packages_of_one_source_share_a_query_and_each_is_told_its_vulnerabilities(osv: OsvServer) -> None:
    exposures = ask(osv, lambda database: database.affecting(INVENTORY))
    assert exposures.found == (
        Exposure(id="CVE-2024-4741", packages=(LIBSSL, LIBCRYPTO)),
        Exposure(id="GO-2023-2102", packages=(MODULE,)),
    )
    assert exposures.asked == 4
    assert exposures.unasked == ()
    assert osv.requests == [("POST", "/v1/querybatch")]
    assert osv.asked == [
        {"package": {"ecosystem": "Alpine:v3.20", "name": "openssl"}, "version": "3.3.0-r0"},
        {"package": {"ecosystem": "Alpine:v3.20", "name": "busybox"}, "version": "1.36.1-r29"},
        {"package": {"ecosystem": "Go", "name": "golang.org/x/net"}, "version": "0.16.0"},
    ]


def test_nothing_is_asked_twice(osv: OsvServer) -> None:
    newer = Inventory(packages=(*INVENTORY.packages, apk("zlib", "1.2.12-r0")), distribution=ALPINE)

    async def both(database: OsvDatabase) -> list[str]:
        await database.affecting(INVENTORY)
        found = await database.affecting(newer)
        await database.describe(["CVE-2022-37434"])
        await database.describe(["CVE-2022-37434", "CVE-2024-4741"])
        return [exposure.id for exposure in found.found]

    assert ask(osv, both) == ["CVE-2022-37434", "CVE-2024-4741", "GO-2023-2102"]
    assert len(osv.asked) == 4
    assert sorted(path for method, path in osv.requests if method == "GET") == [
        "/v1/vulns/CVE-2022-37434",
        "/v1/vulns/CVE-2024-4741",
    ]


def test_nothing_is_asked_where_osv_knows_nothing(osv: OsvServer) -> None:
    fedora = Inventory(packages=INVENTORY.packages[:3], distribution=Distribution(id="fedora", version="40"))
    exposures = ask(osv, lambda database: database.affecting(fedora))
    assert exposures.unasked == ("3 packages of apk, since OSV has no advisories for fedora 40",)
    assert (exposures.asked, osv.requests) == (0, [])


def test_a_vulnerability_is_described_with_its_fix(osv: OsvServer) -> None:
    async def both(database: OsvDatabase) -> tuple[Vulnerability, ...]:
        await database.affecting(INVENTORY)
        return await database.describe(["GO-2023-2102", "CVE-2024-4741", "CVE-0000-0000"])

    assert ask(osv, both) == (
        Vulnerability(
            id="GO-2023-2102",
            aliases=("CVE-2023-39325", "GHSA-4374-p667-p6c8"),
            summary="HTTP/2 rapid reset",
            fixes=(("golang.org/x/net", "0.17.0"),),
        ),
        Vulnerability(id="CVE-2024-4741", rating=Rating.HIGH, fixes=(("openssl", "3.3.0-r3"),)),
        Vulnerability(id="CVE-0000-0000"),
    )


def test_more_than_a_thousand_packages_are_asked_about_in_several_requests(osv: OsvServer) -> None:
    many = Inventory(packages=(*(apk(f"p{n}", "1") for n in range(2001)), LIBSSL), distribution=ALPINE)
    exposures = ask(osv, lambda database: database.affecting(many))
    assert [exposure.id for exposure in exposures.found] == ["CVE-2024-4741"]
    assert len(osv.requests) == 3
    assert len(osv.asked) == 2002


def test_all_pages_are_read_and_only_for_what_has_more() -> None:
    records = [record(f"CVE-2024-{n:04}", ("Alpine:v3.20", "openssl", ["3.3.0-r0"], None)) for n in range(25)]
    with OsvServer(NET, *records) as osv:
        osv.page = 10
        exposures = ask(osv, lambda database: database.affecting(INVENTORY))
        assert len(exposures.found) == 26
        assert [query.get("page_token") for query in osv.asked] == [None, None, None, "10", "20"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_fault_that_passes_is_no_fault(osv: OsvServer, status: int) -> None:
    osv.faults = [status, status]
    clock = FakeClock()
    assert ask(osv, lambda database: database.affecting(INVENTORY), clock=clock).found
    assert clock.slept == [1.0, 2.0]


@pytest.mark.parametrize(
    ("faults", "said"),
    [([503] * 3, "answers with status 503"), ([400], "answers with status 400"), ([302], "status 302")],
)
def test_a_fault_that_stays_is_told(osv: OsvServer, faults: list[int], said: str) -> None:
    osv.faults = list(faults)
    with pytest.raises(VulnerabilityError, match=said) as caught:
        ask(osv, lambda database: database.affecting(INVENTORY))
    assert osv.url in str(caught.value)
    assert len(osv.requests) == len(faults)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"no json",
        b"[]",
        b"[" * 100_000,
        b"{}",
        b'{"results": 3}',
        b'{"results": []}',
        b'{"results": [{}, {}]}',
        b'{"results": [{}, {}, {}, {}]}',
        b'{"results": [{}, {}, 3]}',
        b'{"results": [{}, {}, {"vulns": 3}]}',
        b'{"results": [{}, {}, {"vulns": [3]}]}',
        b'{"results": [{}, {}, {"vulns": [{}]}]}',
        b'{"results": [{}, {}, {"vulns": [{"id": "../../admin"}]}]}',
        b'{"results": [{}, {}, {"next_page_token": 3}]}',
        json.dumps({"results": [{}, {}, {"next_page_token": "x" * 5000}]}).encode(),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(osv: OsvServer, reply: bytes) -> None:
    osv.replies["/v1/querybatch"] = reply
    with pytest.raises(VulnerabilityError):
        ask(osv, lambda database: database.affecting(INVENTORY))


def test_a_service_that_always_has_another_page_is_given_up(osv: OsvServer) -> None:
    numbers = iter(range(10_000))

    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        del method, path
        result = {"next_page_token": str(next(numbers))}
        return 200, json.dumps({"results": [result] * len(json.loads(body)["queries"])}).encode()

    osv.answer = answer  # type: ignore[method-assign]
    with pytest.raises(VulnerabilityError, match="always has another page"):
        ask(osv, lambda database: database.affecting(INVENTORY))
    assert len(osv.requests) == 100


def test_a_record_that_is_another_one_describes_nothing(osv: OsvServer) -> None:
    osv.replies["/v1/vulns/CVE-2024-4741"] = json.dumps(NET).encode()
    told = ask(osv, lambda database: database.describe(["CVE-2024-4741"]))
    assert told == (Vulnerability(id="CVE-2024-4741"),)


def test_an_answer_that_is_too_large_is_refused(osv: OsvServer) -> None:
    osv.replies["/v1/querybatch"] = b" " * ((32 << 20) + 1)
    with pytest.raises(VulnerabilityError, match="answers with more than 33,554,432 bytes"):
        ask(osv, lambda database: database.affecting(INVENTORY))


def test_a_service_that_is_not_there_or_silent_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(VulnerabilityError, match=r"did not finish its answer within 0\.2 seconds"):
            ask(url, lambda database: database.affecting(INVENTORY), timing=Timing(exchange=0.2))
    with pytest.raises(VulnerabilityError, match="does not answer"):
        ask(url, lambda database: database.affecting(INVENTORY))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://256.256.256.256", "cannot be asked: Invalid IPv4 address"),
        ("http://localhost:99999", "cannot be asked: Port out of range"),
        ("http://xn--", "cannot be asked: "),
    ],
)
def test_an_address_that_leads_nowhere_is_told(url: str, said: str) -> None:
    with pytest.raises(VulnerabilityError, match=said):
        ask(url, lambda database: database.affecting(INVENTORY))


def test_a_service_that_does_not_speak_tls_and_a_proxy_that_is_none_are_told(
    osv: OsvServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = osv.url.replace("http:", "https:")
    with pytest.raises(VulnerabilityError, match=r"does not answer: .*SSL"):
        ask(url, lambda database: database.affecting(INVENTORY))
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy")
    with pytest.raises(VulnerabilityError, match=r"cannot be asked: .*gopher"):
        ask(url, lambda database: database.affecting(INVENTORY))


@pytest.mark.parametrize("what", ["affecting", "describe"])
def test_all_requests_of_a_look_up_have_an_end_together(what: str) -> None:
    about = INVENTORY if what == "affecting" else ["CVE-2024-4741"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(VulnerabilityError, match=r"did not answer everything within 0\.2 seconds"):
            ask(url, lambda database: getattr(database, what)(about), timing=Timing(total=0.2))
