import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pinbot.config import VulnerabilitySettings
from pinbot.model.comparison import Pair, Part, PlatformDiff, Unread
from pinbot.model.image import Distribution, Ecosystem, Package
from pinbot.model.vulnerability import Inventory, VulnerabilityDiff
from pinbot.pipeline import vulnerabilities
from pinbot.wiring import images
from tests.render.comparison.values import comparison, package, platform_diff
from tests.support.osv import OsvServer, record

pytestmark = pytest.mark.needs("osv-schema")

ALPINE = Distribution(id="alpine", version="3.20.1")


@pytest.fixture
def osv() -> Iterator[OsvServer]:
    with OsvServer(
        record("CVE-2024-4741", ("Alpine:v3.20", "openssl", ["3.3.0-r0"], "3.3.1-r0")),
        record("CVE-2024-5535", ("Alpine:v3.20", "openssl", ["3.3.0-r0", "3.3.1-r0"], None)),
    ) as server:
        yield server


def inventory(version: str) -> Inventory:
    package = Package(ecosystem=Ecosystem.APK, name="libssl3", version=version, source="openssl")
    return Inventory(packages=(package,), distribution=ALPINE)


def compare(url: str) -> VulnerabilityDiff | Unread:
    async def main() -> VulnerabilityDiff | Unread:
        async with images.vulnerability_database(VulnerabilitySettings(url=url)) as database:
            return await vulnerabilities.compare(database, inventory("3.3.0-r0"), inventory("3.3.1-r0"))

    return asyncio.run(main())


def test_an_update_is_told_by_what_it_fixes_and_only_that_is_described(osv: OsvServer) -> None:
    found = compare(osv.url)
    assert isinstance(found, VulnerabilityDiff)
    assert [one.vulnerability.id for one in found.fixed] == ["CVE-2024-4741"]
    assert found.fixed[0].vulnerability.fixes == (("openssl", "3.3.1-r0"),)
    assert (found.new, found.remaining) == ((), 1)
    assert [path for method, path in osv.requests if method == "GET"] == ["/v1/vulns/CVE-2024-4741"]


def test_a_database_that_fails_leaves_a_reason_and_no_error(osv: OsvServer) -> None:
    osv.faults = [400]
    found = compare(osv.url)
    assert isinstance(found, Unread)
    assert found.part is Part.VULNERABILITIES
    assert f"the vulnerability database at {osv.url} answers with status 400" in found.reason


def look_up(url: str, diff: PlatformDiff) -> PlatformDiff:
    async def main() -> PlatformDiff:
        async with images.vulnerability_database(VulnerabilitySettings(url=url)) as database:
            (found,) = (await vulnerabilities.look_up(database, comparison(diff))).changed
            return found

    return asyncio.run(main())


def test_where_no_package_changed_nobody_is_asked(osv: OsvServer) -> None:
    diff = replace(platform_diff(), inventories=Pair(old=inventory("3.3.0-r0"), new=inventory("3.3.0-r0")))
    assert look_up(osv.url, diff) == diff
    assert osv.requests == []


@pytest.mark.parametrize("known", [True, False])
def test_where_packages_are_not_known_that_is_told(osv: OsvServer, *, known: bool) -> None:
    found = look_up(osv.url, platform_diff(package(), known=known))
    assert (found.vulnerabilities, osv.requests) == (None, [])
    assert [(unread.part, unread.reason) for unread in found.unread] == [
        (Part.VULNERABILITIES, "it is not known which packages changed")
    ]
