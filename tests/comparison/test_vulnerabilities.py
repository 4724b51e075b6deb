from pinbot.comparison.vulnerabilities import changes, differing
from pinbot.model.image import Ecosystem, Package
from pinbot.model.vulnerability import Exposed, Exposure, Exposures, Rating, Vulnerability, VulnerabilityDiff

OLD = Package(ecosystem=Ecosystem.GO, name="golang.org/x/net", version="v0.16.0")
NEW = Package(ecosystem=Ecosystem.GO, name="golang.org/x/net", version="v0.17.0")
OTHER = Package(ecosystem=Ecosystem.GO, name="stdlib", version="go1.22.0")


def exposures(packages: dict[str, tuple[Package, ...]], *unasked: str) -> Exposures:
    return Exposures(
        found=tuple(Exposure(id=name, packages=having) for name, having in packages.items()), unasked=unasked
    )


def test_what_is_gone_is_fixed_what_came_is_new_and_the_rest_remains() -> None:
    old = exposures({"CVE-1": (OLD,), "CVE-2": (OLD,)}, "3 crates that are not from crates.io")
    new = exposures({"CVE-2": (NEW,), "CVE-3": (NEW,)}, "3 crates that are not from crates.io")
    assert differing(old, new) == {"CVE-1", "CVE-3"}
    bad = Vulnerability(id="CVE-3", rating=Rating.HIGH)
    assert changes(old, new, [bad]) == VulnerabilityDiff(
        fixed=(Exposed(vulnerability=Vulnerability(id="CVE-1"), packages=(OLD,)),),
        new=(Exposed(vulnerability=bad, packages=(NEW,)),),
        remaining=1,
        unasked=("3 crates that are not from crates.io",),
    )


def test_the_worst_comes_first() -> None:
    known = [
        Vulnerability(id="CVE-1", rating=Rating.LOW),
        Vulnerability(id="CVE-2"),
        Vulnerability(id="CVE-3", rating=Rating.CRITICAL),
        Vulnerability(id="CVE-4", rating=Rating.LOW),
    ]
    found = changes(exposures({one.id: (OLD,) for one in known}), exposures({}), known)
    assert [one.vulnerability.id for one in found.fixed] == ["CVE-3", "CVE-1", "CVE-4", "CVE-2"]


def test_records_of_one_vulnerability_are_one() -> None:
    go = Vulnerability(id="GO-1", aliases=("CVE-1", "GHSA-1"), fixes=(("golang.org/x/net", "0.17.0"),))
    ghsa = Vulnerability(id="GHSA-1", aliases=("CVE-1",), summary="Rapid reset", rating=Rating.HIGH)
    found = changes(exposures({"GO-1": (OLD,), "GHSA-1": (OLD, OTHER)}), exposures({}), [go, ghsa])
    assert found.fixed == (
        Exposed(
            vulnerability=Vulnerability(
                id="GHSA-1",
                aliases=("CVE-1", "GO-1"),
                summary="Rapid reset",
                rating=Rating.HIGH,
                fixes=(("golang.org/x/net", "0.17.0"),),
            ),
            packages=(OLD, OTHER),
        ),
    )
    assert found.fixed[0].vulnerability.name == "CVE-1"


def test_names_that_meet_only_by_a_third_one_are_one() -> None:
    known = [
        Vulnerability(id="A-1", aliases=("CVE-1",)),
        Vulnerability(id="B-1", aliases=("CVE-2",)),
        Vulnerability(id="C-1", aliases=("CVE-1", "CVE-2")),
    ]
    assert len(changes(exposures({}), exposures({one.id: (NEW,) for one in known}), known).new) == 1


def test_what_stays_or_comes_under_another_name_is_neither_fixed_nor_new() -> None:
    go = Vulnerability(id="GO-1", aliases=("CVE-1",))
    ghsa = Vulnerability(id="GHSA-1", aliases=("CVE-1",))
    swapped = changes(exposures({"GO-1": (OLD,)}), exposures({"GHSA-1": (NEW,)}), [go, ghsa])
    assert swapped == VulnerabilityDiff(remaining=1)
    stays = changes(exposures({"GO-1": (OLD,), "CVE-1": (OLD,)}), exposures({"CVE-1": (NEW,)}), [go])
    assert stays.fixed == ()


def test_what_was_withdrawn_does_not_count() -> None:
    gone = Vulnerability(id="CVE-1", withdrawn=True)
    assert changes(exposures({}), exposures({"CVE-1": (NEW,)}), [gone]) == VulnerabilityDiff()
