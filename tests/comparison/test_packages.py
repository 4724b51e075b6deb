from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.comparison.packages import changes
from pinbot.model.comparison import Move
from pinbot.model.image import Ecosystem, Package


def package(
    name: str, version: str, architecture: str = "x86_64", ecosystem: Ecosystem = Ecosystem.APK
) -> Package:
    return Package(ecosystem=ecosystem, name=name, version=version, architecture=architecture)


def told(old: Sequence[Package], new: Sequence[Package]) -> list[tuple[str, str, str | None, str | None]]:
    return [(change.name, str(change.move), change.old, change.new) for change in changes(old, new)]


def test_what_became_of_each_package_is_told_by_name() -> None:
    old = [package("musl", "1.2.5-r9"), package("zlib", "1.3.1-r2"), package("gone", "1-r0")]
    new = [package("zlib", "1.3.1-r2"), package("come", "2-r0"), package("musl", "1.2.5-r10")]
    assert told(old, new) == [
        ("come", "added", None, "2-r0"),
        ("gone", "removed", "1-r0", None),
        ("musl", "upgraded", "1.2.5-r9", "1.2.5-r10"),
    ]


@pytest.mark.parametrize(
    ("ecosystem", "old", "new", "move"),
    [
        (Ecosystem.APK, "1.2.5-r9", "1.2.5-r10", Move.UPGRADED),
        (Ecosystem.APK, "1.0", "1.0_rc1", Move.DOWNGRADED),
        (Ecosystem.APK, "what", "ever", Move.CHANGED),
        (Ecosystem.DPKG, "2.36-9+deb12u9", "2.36-9+deb12u13", Move.UPGRADED),
        (Ecosystem.DPKG, "1.0", "1.0~rc1", Move.DOWNGRADED),
        (Ecosystem.DPKG, "2.0", "1:1.0", Move.UPGRADED),
        (Ecosystem.DPKG, "1.0", "0:1.0", Move.CHANGED),
        (Ecosystem.RPM, "1.0-1.el9", "1.0^git1-1.el9", Move.UPGRADED),
        (Ecosystem.GO, "v1.9.0", "v1.10.0", Move.UPGRADED),
        (Ecosystem.CARGO, "1.0.0", "1.0.0-beta", Move.DOWNGRADED),
    ],
)
def test_versions_go_up_and_down_by_the_rules_of_their_ecosystem(
    ecosystem: Ecosystem, old: str, new: str, move: Move
) -> None:
    (change,) = changes([package("p", old, ecosystem=ecosystem)], [package("p", new, ecosystem=ecosystem)])
    assert change.move is move


def test_of_several_versions_the_highest_are_held_against_each_other() -> None:
    def crates(*versions: str) -> list[Package]:
        return [package("syn", version, "", Ecosystem.CARGO) for version in versions]

    assert told(crates("1.0.109", "2.0.48"), crates("2.0.52", "1.0.109")) == [
        ("syn", "upgraded", "2.0.48", "2.0.52")
    ]
    assert told(crates("1.0.109", "2.0.48"), crates("2.0.52")) == [
        ("syn", "upgraded", "2.0.48", "2.0.52"),
        ("syn", "removed", "1.0.109", None),
    ]


def test_each_architecture_is_compared_with_itself_first() -> None:
    old = [package("musl", "1-r0", "x86"), package("musl", "1-r0", "x86_64")]
    new = [package("musl", "1-r1", "x86_64"), package("musl", "1-r0", "x86")]
    assert told(old, new) == [("musl", "upgraded", "1-r0", "1-r1")]


def test_another_architecture_is_told_with_the_version() -> None:
    old, new = [package("tzdata", "1", "all")], [package("tzdata", "1", "amd64")]
    assert told(old, new) == [("tzdata", "changed", "1 (all)", "1 (amd64)")]


def test_the_same_name_in_two_ecosystems_is_two_packages() -> None:
    old = [package("openssl", "1-r0"), package("openssl", "0.10.1", "", Ecosystem.CARGO)]
    new = [package("openssl", "1-r0")]
    assert told(old, new) == [("openssl", "removed", "0.10.1", None)]


some_packages = st.lists(
    st.builds(
        package,
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["1", "1.0", "2", "2-r1", "10", "nonsense"]),
        st.sampled_from(["", "all", "amd64"]),
        st.sampled_from([Ecosystem.APK, Ecosystem.DPKG]),
    ),
    max_size=8,
)


@given(some_packages)
def test_a_list_does_not_differ_from_itself_in_another_order(packages: list[Package]) -> None:
    assert changes(packages, [*reversed(packages), *packages]) == ()


@given(some_packages, some_packages)
def test_the_changes_lead_from_the_old_list_to_the_new_one(old: list[Package], new: list[Package]) -> None:
    def versions(packages: list[Package]) -> set[tuple[Ecosystem, str, str, str]]:
        return {(one.ecosystem, one.name, one.version, one.architecture) for one in packages}

    def bare(version: str) -> str:
        return version.partition(" (")[0]

    gone, come = versions(old) - versions(new), versions(new) - versions(old)
    found = changes(old, new)
    assert sorted((one[0], one[1], one[2]) for one in gone) == sorted(
        (change.ecosystem, change.name, bare(change.old)) for change in found if change.old is not None
    )
    assert sorted((one[0], one[1], one[2]) for one in come) == sorted(
        (change.ecosystem, change.name, bare(change.new)) for change in found if change.new is not None
    )


@given(some_packages, some_packages)
def test_the_way_back_is_the_same_way(old: list[Package], new: list[Package]) -> None:
    back = {
        Move.ADDED: Move.REMOVED,
        Move.REMOVED: Move.ADDED,
        Move.UPGRADED: Move.DOWNGRADED,
        Move.DOWNGRADED: Move.UPGRADED,
        Move.CHANGED: Move.CHANGED,
    }
    there = [(one.name, back[one.move], one.new, one.old) for one in changes(old, new)]
    assert sorted(there, key=str) == sorted(
        ((one.name, one.move, one.old, one.new) for one in changes(new, old)), key=str
    )
