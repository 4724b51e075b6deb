import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import ImageError
from pinbot.image.packages import apk
from pinbot.model.image import Ecosystem, Package

MUSL = b"""C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
P:musl
V:1.2.5-r0
A:x86_64
S:407278
I:667648
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT
o:musl
m:Timo Ter\xc3\xa4s <timo.teras@iki.fi>
t:1710439541
c:cb6b39e5d8d5cc5e1a1fa0a4c3b1d4b2c2a5e4d6
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1Kja2+POZKxEkUOZqwSjC6kmaED4=

"""
UTILS = b"P:musl-utils\nV:1.2.5-r0\nA:x86_64\no:musl\nF:sbin\nM:0:0:755\nR:ldconfig\n\n"
PLACE = "lib/apk/db/installed"


def package(name: str, version: str, architecture: str = "x86_64", source: str = "") -> Package:
    return Package(
        ecosystem=Ecosystem.APK,
        name=name,
        version=version,
        architecture=architecture,
        source=source,
        place=PLACE,
    )


def test_every_package_is_told_with_its_origin_in_the_order_of_the_database() -> None:
    assert apk.parse(MUSL + UTILS, PLACE) == (
        package("musl", "1.2.5-r0", source="musl"),
        package("musl-utils", "1.2.5-r0", source="musl"),
    )


def test_fields_of_files_are_not_taken_for_those_of_packages() -> None:
    listed = MUSL.replace(b"F:lib\n", b"F:lib\nM:0:0:755\nF:P:\nR:V:9\na:0:0:644\n")
    assert apk.parse(listed, PLACE) == apk.parse(MUSL, PLACE)


@pytest.mark.parametrize("data", [b"", b"\n\n\n"])
def test_an_empty_database_holds_no_package(data: bytes) -> None:
    assert apk.parse(data, PLACE) == ()


def test_a_database_without_an_empty_line_at_its_end_is_whole() -> None:
    assert apk.parse(MUSL.rstrip() + b"\n", PLACE) == apk.parse(MUSL, PLACE)


def test_a_package_needs_neither_origin_nor_architecture() -> None:
    assert apk.parse(b"P:.deps\nV:0\nA:\n\n", PLACE) == (package(".deps", "0", architecture=""),)


def test_an_entry_that_comes_twice_is_one_package_and_another_version_is_another() -> None:
    newer = UTILS.replace(b"-r0", b"-r1")
    assert [one.version for one in apk.parse(UTILS + newer + UTILS, PLACE)] == ["1.2.5-r0", "1.2.5-r1"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (MUSL + b"P:zlib\nV:1.3", "cut off in line 20"),
        (b"P:zlib\n\n", "the entry in line 1, names no version"),
        (b"\n\nV:1\n\n", "the entry in line 3, names no package"),
        (b"P:\nV:1\n\n", "names no package"),
        (b"P:a\nP:b\nV:1\n\n", "line 2, gives a second name"),
        (b"P:a b\nV:1\n\n", "cannot be one: b'a b'"),
        (b"P:a\x1b[2J\nV:1\n\n", "cannot be one"),
        (b"P:a\nV:\xff\n\n", "cannot be one"),
        (b"P:" + b"a" * 1000 + b"\nV:1\n\n", "1,000 characters"),
        (b"SQLite format 3\x00\n", "line 1, is no field of an apk database"),
        (b"<html>\n" + b"x" * 10_000 + b"\n", "is no field"),
    ],
)
def test_what_apk_would_not_read_is_refused_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(ImageError) as caught:
        apk.parse(data, PLACE)
    assert said in str(caught.value)
    assert PLACE in str(caught.value)
    assert len(str(caught.value)) < 400


@given(st.binary() | st.lists(st.sampled_from(MUSL.splitlines(keepends=True))).map(b"".join))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        packages = apk.parse(data, PLACE)
    except ImageError:
        return
    assert all(one.name.isprintable() and one.version.isprintable() for one in packages)


@given(st.integers(min_value=0, max_value=len(MUSL + UTILS)))
def test_a_database_that_is_cut_off_never_gives_another_version(length: int) -> None:
    whole = apk.parse(MUSL + UTILS, PLACE)
    try:
        packages = apk.parse((MUSL + UTILS)[:length], PLACE)
    except ImageError:
        return
    assert {(one.name, one.version) for one in packages} <= {(one.name, one.version) for one in whole}
