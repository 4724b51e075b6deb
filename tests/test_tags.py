"""Which tag comes after another one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from pinbot.model.treatment import Reach
from pinbot.tags import VERSIONS, is_version, newest

ALPINE = ("3", "3.20", "3.21", "3.22", "3.22.1", "3.23_rc1", "4.0", "20250108", "edge", "latest")
RUST = (
    "1",
    "1.90",
    "1.90-alpine",
    "1.90-alpine3.20",
    "1.90-alpine3.21",
    "1.91-alpine3.21",
    "1.91-alpine3.22",
    "1.92-alpine3.19",
    "1.91-slim-bookworm",
    "1.92-rc-alpine3.22",
    "2.0-alpine3.22",
    "alpine",
    "nightly-alpine",
)


@pytest.mark.parametrize(
    ("tag", "among", "reach", "expected"),
    [
        ("3.20", ALPINE, Reach.MINOR, "3.22"),
        ("3.20", ALPINE, Reach.MAJOR, "4.0"),
        ("3.20", ALPINE, Reach.PATCH, None),
        ("3.20", ALPINE, Reach.KEEP, None),
        ("3.22", ALPINE, Reach.MINOR, None),
        ("3", ALPINE, Reach.MAJOR, None),
        ("1.90-alpine3.20", RUST, Reach.MINOR, "1.91-alpine3.22"),
        ("1.90-alpine3.20", RUST, Reach.MAJOR, "2.0-alpine3.22"),
        ("1.90-alpine3.20", RUST, Reach.PATCH, None),
        ("1.90", RUST, Reach.MAJOR, None),
        ("1.2.3", ("1.2.4", "1.2.10", "1.3.0", "v1.2.99", "1.2"), Reach.PATCH, "1.2.10"),
        ("1.2.3", ("1.2.4", "1.2.10", "1.3.0", "v1.2.99", "1.2"), Reach.MINOR, "1.3.0"),
        ("v1.2", ("1.9", "v1.3", "V1.4"), Reach.MINOR, "v1.3"),
        ("22.04", ("22.10", "24.04", "9.04"), Reach.MAJOR, "24.04"),
        ("22.04", ("22.4", "22.04"), Reach.MAJOR, None),
        ("21.0.3_9-jre-alpine", ("21.0.4_7-jre-alpine", "21.0.4_7-jdk"), Reach.PATCH, "21.0.4_7-jre-alpine"),
        (
            "jammy-20240627",
            ("jammy-20240808", "noble-20250101", "jammy-20230101"),
            Reach.PATCH,
            "jammy-20240808",
        ),
        ("20240627", ("20250108", "201901010000", "21000000000"), Reach.PATCH, "20250108"),
        ("1234567", ("2345678", "12345678"), Reach.PATCH, "12345678"),
        ("20", ("2022", "20250108", "24"), Reach.MAJOR, "24"),
        ("2019-latest", ("2022-latest", "2022"), Reach.MAJOR, "2022-latest"),
        (
            "RELEASE.2024-06-13T22-53-53Z",
            (
                "RELEASE.2024-07-04T14-25-45Z",
                "RELEASE.2024-05-30T01-00-00Z",
                "RELEASE.2024-07-05T01-00-00Z.fips",
            ),
            Reach.PATCH,
            "RELEASE.2024-07-04T14-25-45Z",
        ),
        ("2024-06-13", ("24-07-01", "2024-06-12", "2024-6-14"), Reach.MAJOR, None),
        (
            "16.4.0-debian-12-r12",
            ("16.4.0-debian-12-r13", "16.6.0-debian-12-r3"),
            Reach.PATCH,
            "16.4.0-debian-12-r13",
        ),
        (
            "16.4.0-debian-12-r12",
            ("16.4.0-debian-12-r13", "16.6.0-debian-12-r3"),
            Reach.MINOR,
            "16.6.0-debian-12-r3",
        ),
        ("16.4.0-debian-12-r12", ("16.4.0-debian-12-r3", "16.6.0-debian-13-r1"), Reach.MINOR, None),
        ("1.2-r5", ("1.2-r4", "1.1-r9"), Reach.MAJOR, None),
        ("r32.7.1", ("r36.2.0", "r32.7.2"), Reach.PATCH, "r32.7.2"),
        ("2.1-r36.2.0", ("2.2-r35.1.0",), Reach.MAJOR, None),
        ("8.0-jammy-arm32v7", ("8.1-jammy-arm32v7", "9.0-jammy-arm64v8"), Reach.MAJOR, "8.1-jammy-arm32v7"),
        ("1.2-armv6", ("1.2-armv7", "1.3-armv7"), Reach.MAJOR, None),
        ("1.2-i386", ("1.2-i686", "1.3-i386"), Reach.MAJOR, "1.3-i386"),
        ("latest", ALPINE, Reach.MAJOR, None),
        ("alpine", RUST, Reach.MAJOR, None),
        ("a1b2c3d", ("a4b5c6d",), Reach.MAJOR, None),
        ("main-1a2b3c4", ("main-5a6b7c8",), Reach.MAJOR, None),
        ("main-1234567", ("main-5a6b7c8", "main-9876543"), Reach.MAJOR, None),
        ("v1.2-1234567", ("v1.3-5a6b7c8", "v1.3-9876543"), Reach.MAJOR, None),
        ("v1.2.3-14-g2414721", ("v1.2.3-15-g9414722",), Reach.MAJOR, None),
        ("1." * 60 + "1", ("1." * 60 + "2",), Reach.MAJOR, None),
        ("sha-1234567", ("sha-2345678",), Reach.MAJOR, None),
    ],
)
def test_what_comes_after_a_tag(tag: str, among: tuple[str, ...], reach: Reach, expected: str | None) -> None:
    assert newest(tag, among, reach=reach) == expected


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ("", "4.0"),
        ("<4", "3.22"),
        ("<4,!=3.22", "3.21"),
        (">=5", None),
        ("==3.21", "3.21"),
        ("~=3.21", "3.22"),
    ],
)
def test_limits_leave_out_what_does_not_fit(versions: str, expected: str | None) -> None:
    assert newest("3.20", ALPINE, reach=Reach.MAJOR, versions=versions) == expected


@pytest.mark.parametrize("tag", ["latest", "alpine", "a1b2c3d4", "git-12345678", ""])
def test_what_has_no_version_is_not_followed(tag: str) -> None:
    assert not is_version(tag)


NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}", fullmatch=True)
SMALL = st.integers(0, 9)
FAMILIES = st.one_of(
    st.builds("{}.{}".format, SMALL, SMALL),
    st.builds("v{}.{}.{}".format, SMALL, SMALL, SMALL),
    st.builds("{}.{}-alpine3.{}".format, SMALL, SMALL, SMALL),
    st.builds("{}.{}-debian-{}-r{}".format, SMALL, SMALL, SMALL, SMALL),
    st.builds("202{}-0{}-1{}".format, SMALL, st.integers(1, 9), SMALL),
    st.builds("{}-arm32v{}".format, SMALL, st.integers(5, 8)),
)


@given(st.one_of(NAMES, FAMILIES), st.lists(st.one_of(NAMES, FAMILIES), max_size=12), st.sampled_from(Reach))
def test_what_is_chosen_is_there_is_final_and_leads_nowhere_back(
    tag: str, among: list[str], reach: Reach
) -> None:
    chosen = newest(tag, among, reach=reach)
    if chosen is None:
        return
    assert chosen in among
    assert chosen != tag
    assert newest(chosen, [tag], reach=Reach.MAJOR) is None
    assert newest(chosen, among, reach=reach) is None
    assert newest(tag, among, reach=Reach.MAJOR) is not None


@given(st.from_regex(VERSIONS, fullmatch=True))
def test_every_limit_that_may_be_written_can_be_read(text: str) -> None:
    assert SpecifierSet(text) is not None
