import random
import sqlite3
import struct
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import ImageError
from pinbot.image.packages import rpm
from pinbot.image.packages.databases import database_of
from pinbot.model.image import Ecosystem, Package
from tests.support.rpm import RpmDatabase

PLACE = "var/lib/rpm/rpmdb.sqlite"

SPEC = """
Name: tiny
Epoch: 1
Version: 1.0~rc1
Release: 2.el9
Summary: s
License: MIT
%description
%package libs
Epoch: 0
Version: 2.5^git1
Summary: s
%description libs
%package -n other-name
Version: 7
Summary: s
%description -n other-name
%files
%files libs
%files -n other-name
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> RpmDatabase:
    made = RpmDatabase(tmp_path_factory.mktemp("rpm"))
    made.install(SPEC)
    made.install(SPEC.replace("2.el9", "3.el9").replace("Name: tiny", "Name: second"))
    made.erase("other-name-7-2.el9")
    return made


def told(packages: Iterable[Package]) -> set[tuple[str, ...]]:
    return {(one.name, one.version, one.architecture) for one in packages}


@pytest.mark.needs("rpm")
def test_rpm_itself_tells_the_same_packages(database: RpmDatabase) -> None:
    packages = rpm.read(database.files(PLACE), PLACE)
    assert told(packages) == {line[:3] for line in database.list()}
    assert len(packages) == 5
    assert {one.name: (one.source, one.source_version) for one in packages} == {
        "tiny": ("tiny", ""),
        "tiny-libs": ("tiny", "1.0~rc1-2.el9"),
        "second": ("second", ""),
        "second-libs": ("second", "1.0~rc1-3.el9"),
        "other-name": ("second", "1.0~rc1-3.el9"),
    }


@pytest.mark.needs("rpm")
def test_the_database_is_found_where_rpm_keeps_it_with_its_log(database: RpmDatabase) -> None:
    for place in (PLACE, "usr/lib/sysimage/rpm/rpmdb.sqlite"):
        found = database_of(place)
        assert found is not None
        assert found is database_of(f"{place}-wal")
        assert database_of(f"{place}-shm") is None
        assert told(found.read(database.files(place))) == told(rpm.read(database.files(place), place))


@pytest.mark.parametrize("name", ["Packages", "Packages.db"])
def test_older_formats_are_known_and_refused_with_the_reason(name: str) -> None:
    found = database_of(f"var/lib/rpm/{name}")
    assert found is not None
    with pytest.raises(ImageError, match=f"^var/lib/rpm/{name} is not read: .*"):
        found.read({found.path: b"whatever"})
    assert found.unread


@pytest.mark.parametrize("files", [{}, {PLACE: b""}, {f"{PLACE}-wal": b"orphan"}])
def test_an_empty_database_holds_no_package(files: dict[str, bytes]) -> None:
    assert rpm.read(files, PLACE) == ()


def header(**changed: object) -> bytes:
    """A header with the tags that are read, as rpm lays it out."""
    tags: dict[int, tuple[int, int, bytes]] = {
        63: (7, 16, bytes(16)),
        1000: (6, 1, b"bash\0"),
        1001: (6, 1, b"5.2\0"),
        1002: (6, 1, b"1\0"),
        1003: (4, 1, b"\0\0\0\2"),
        1022: (6, 1, b"x86_64\0"),
        1044: (6, 1, b"bash-5.2-1.src.rpm\0"),
    }
    names = {"name": 1000, "version": 1001, "release": 1002, "epoch": 1003, "arch": 1022, "source": 1044}
    for name, value in changed.items():
        tags.pop(names[name]) if value is None else tags.update({names[name]: value})
    index = data = b""
    for tag, (kind, count, value) in tags.items():
        index += struct.pack(">4I", tag, kind, len(data), count)
        data += value
    return struct.pack(">2I", len(tags), len(data)) + index + data


def made(
    *headers: object, schema: str = "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)"
) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.executescript(schema)
    connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(one,) for one in headers])
    connection.commit()
    return connection.serialize()


def test_a_header_is_read_by_its_tags() -> None:
    assert rpm.read({PLACE: made(header())}, PLACE) == (
        Package(
            ecosystem=Ecosystem.RPM,
            name="bash",
            version="2:5.2-1",
            architecture="x86_64",
            source="bash",
            place=PLACE,
        ),
    )
    key = rpm.read({PLACE: made(header(epoch=None, arch=None, source=None))}, PLACE)
    assert [(one.version, one.architecture, one.source) for one in key] == [("5.2-1", "", "")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"a-b-1-2.nosrc.rpm\0", ("a-b", "1-2")),
        (b"a.rpm\0", ("", "")),
        (b"(none)\0", ("", "")),
        (b"--.src.rpm\0", ("", "")),
    ],
)
def test_the_source_is_told_by_the_name_of_its_package(source: bytes, expected: tuple[str, str]) -> None:
    (package,) = rpm.read({PLACE: made(header(source=(6, 1, source)))}, PLACE)
    assert (package.source, package.source_version) == expected


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"", "header is damaged"),
        (b"\xff" * 8, "header is damaged"),
        (struct.pack(">2I", 0, 0), "without name, version or release"),
        (struct.pack(">2I", 0xFFFF, 1 << 30), "header is damaged"),
        (header()[:-1], "header is damaged"),
        (header() + b"\0", "header is damaged"),
        (header(version=None), "without name, version or release"),
        (header(name=(4, 1, b"bash")), "header is damaged"),
        (header(name=(6, 2, b"bash\0")), "header is damaged"),
        (header(epoch=(4, 1, b""), arch=None, source=None), "header is damaged"),
        (header(source=(6, 1, b"never ends")), "header is damaged"),
        (header(name=(6, 1, b"ba\nsh\0")), "cannot be one"),
        (header(name=(6, 1, b"\xff\0")), "cannot be one"),
        ("text", "cannot be in it"),
        (None, "cannot be in it"),
        (7, "cannot be in it"),
    ],
)
def test_a_damaged_package_is_refused_with_the_reason(header: object, said: str) -> None:
    with pytest.raises(ImageError) as caught:
        rpm.read({PLACE: made(header)}, PLACE)
    assert said in str(caught.value)
    assert PLACE in str(caught.value)


ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS hnum, x'00' AS blob FROM n"
)


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE Other (hnum INTEGER PRIMARY KEY, blob BLOB)",
        f"CREATE VIEW Packages AS {ENDLESS}",
        "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB AS (zeroblob(hnum)) VIRTUAL)",
        "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB, more BLOB)",
        "CREATE TABLE Packages (blob BLOB)",
    ],
)
def test_a_database_that_would_run_code_of_its_own_is_refused(schema: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(schema)
    with pytest.raises(ImageError, match="no table of packages as rpm makes it"):
        rpm.read({PLACE: connection.serialize()}, PLACE)


PAGE = 4096


def test_packages_that_claim_more_bytes_than_the_database_has_are_refused() -> None:
    kept, rest = (
        489,
        20 * (PAGE - 4),
    )  # of such rows a page keeps the beginning; twenty others hold what is left
    data = bytearray(made(*(bytes([row]) * (kept + rest) for row in range(1, 8))))
    for row in range(2, 8):
        pointer = data.index(bytes([row]) * kept) + kept
        data[pointer : pointer + 4] = (3).to_bytes(4, "big")  # where the first row goes on
    del data[22 * PAGE :]
    data[28:32] = (22).to_bytes(4, "big")
    with pytest.raises(ImageError, match="packages that cannot be in it"):
        rpm.read({PLACE: bytes(data)}, PLACE)


def test_a_tree_that_never_ends_is_given_up() -> None:
    """Each page has three hundred children, which are all the same; the last one has an empty row."""
    data = bytearray(made(b""))
    leaf = bytes(data[PAGE : 2 * PAGE])
    count = 300
    for depth in range(10):
        child = (depth + 3).to_bytes(4, "big")
        start = PAGE - 5 * count
        page = b"\x05\0\0" + struct.pack(">HHB", count, start, 0) + child
        page += b"".join(struct.pack(">H", start + 5 * number) for number in range(count))
        page = page.ljust(start, b"\0") + (child + b"\1") * count
        data[(depth + 1) * PAGE : (depth + 2) * PAGE] = page
    data += leaf
    data[28:32] = (len(data) // PAGE).to_bytes(4, "big")
    with pytest.raises(ImageError, match="interrupted"):
        rpm.read({PLACE: bytes(data)}, PLACE)


def test_a_database_in_any_state_is_read_or_refused() -> None:
    whole = made(*[header()] * 40)
    source = random.Random(0)

    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(source.randint(1, 8)):
            damaged[source.randrange(len(damaged))] = source.randrange(256)
        if source.random() < 0.3:
            del damaged[source.randrange(len(damaged)) :]
        try:
            packages = rpm.read({PLACE: bytes(damaged)}, PLACE)
        except ImageError:
            continue
        assert all(one.name.isprintable() for one in packages)


@given(st.binary(), st.binary())
def test_any_bytes_are_read_or_refused(database: bytes, log: bytes) -> None:
    for data in (database, b"SQLite format 3\0" + database):
        try:
            rpm.read({PLACE: data, f"{PLACE}-wal": log}, PLACE)
        except ImageError:
            continue
