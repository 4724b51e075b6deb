"""rpm's database in SQLite: a table of headers, each a package (rpm's manual, "V4 Package format").

The database is opened in memory and read with limits, since whoever made the image may have made it up.
"""

import sqlite3
import struct
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Final

from pinbot.errors import ImageError
from pinbot.image.packages import wal
from pinbot.image.packages.fields import word
from pinbot.model.image import Ecosystem, Package

LIMIT = 256 << 20
"""Bytes of a database that are read; that of a desktop with three thousand packages has some 150 MB."""

LOG = "-wal"
"""What the name of the write-ahead log has behind that of its database."""

_LARGEST_HEADER = 32 << 20
_STEPS_AT_ONCE, _MOST_TURNS = 1000, 20_000
"""How long SQLite may work on a query: that many of its instructions, and times that many."""

_INDEX: Final = struct.Struct(">II")
_ENTRY: Final = struct.Struct(">IIII")
_MOST_ENTRIES = 0xFFFF
_INT32, _STRING = 4, 6
_NAME, _VERSION, _RELEASE, _EPOCH, _ARCH, _SOURCE_RPM = 1000, 1001, 1002, 1003, 1022, 1044
_TYPES = {
    **dict.fromkeys((_NAME, _VERSION, _RELEASE, _ARCH, _SOURCE_RPM), _STRING),
    _EPOCH: _INT32,
}


def read(files: Mapping[str, bytes], place: str) -> tuple[Package, ...]:
    """The packages in the order of their installation, from the database and the log beside it.

    Raises:
        ImageError: it is damaged, or no database that rpm would have made.
    """
    if not files.get(place):
        return ()
    headers = _headers(files[place], files.get(place + LOG, b""), place)
    return tuple(_package(header, place) for header in headers)


def _headers(database: bytes, log: bytes, place: str) -> list[bytes]:
    merged = wal.merge(database, log, place)
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(merged)
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_HEADER)
            connection.set_progress_handler(_patience(), _STEPS_AT_ONCE)
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            return _rows(connection, len(merged), place)
    except (sqlite3.Error, UnicodeError, MemoryError) as error:
        raise ImageError(f"{place} cannot be read: {str(error)[:200]}") from error


def _patience() -> Callable[[], bool]:
    """Tells SQLite to give up once it has been asked too often."""
    turns = iter(range(_MOST_TURNS))
    return lambda: next(turns, None) is None


def _rows(connection: sqlite3.Connection, size: int, place: str) -> list[bytes]:
    """All headers. Views, virtual tables and generated columns would run what they were made of."""
    kinds = connection.execute("SELECT type, rootpage > 0 FROM main.sqlite_master WHERE name = 'Packages'")
    columns = connection.execute("SELECT name, hidden FROM pragma_table_xinfo('Packages')")
    if kinds.fetchall() != [("table", 1)] or columns.fetchall() != [("hnum", 0), ("blob", 0)]:
        raise ImageError(f"{place} has no table of packages as rpm makes it")
    headers: list[bytes] = []
    for (header,) in connection.execute("SELECT blob FROM main.Packages ORDER BY hnum"):
        if not isinstance(header, bytes) or (size := size - len(header)) < 0:
            raise ImageError(f"{place} holds packages that cannot be in it")
        headers.append(header)
    return headers


def _package(header: bytes, place: str) -> Package:
    fields = _fields(header, place)

    def text(tag: int) -> str:
        return word(fields[tag], "value", f"a package in {place}") if tag in fields else ""

    name, version, release = map(text, (_NAME, _VERSION, _RELEASE))
    if not (name and version and release):
        raise ImageError(f"{place} holds a package without name, version or release")
    version = f"{version}-{release}"
    source, source_version = _source(text(_SOURCE_RPM))
    return Package(
        ecosystem=Ecosystem.RPM,
        name=name,
        version=f"{int.from_bytes(fields[_EPOCH], 'big')}:{version}" if _EPOCH in fields else version,
        architecture=text(_ARCH),
        source=source,
        source_version=source_version if source_version != version else "",
        place=place,
    )


def _source(file: str) -> tuple[str, str]:
    """Name and version, without epoch, by the name of a source package: `bash-5.2.15-1.el9.src.rpm`."""
    name, _, rest = file.removesuffix(".rpm").rpartition(".")[0].rpartition("-")
    name, _, version = name.rpartition("-")
    return (name, f"{version}-{rest}") if name and version else ("", "")


def _fields(header: bytes, place: str) -> dict[int, bytes]:
    """The wanted tags of a header: how many entries and bytes, the entries, then the bytes they mean."""
    damaged = ImageError(f"{place} holds a package whose header is damaged")
    if len(header) < _INDEX.size:
        raise damaged
    entries, size = _INDEX.unpack_from(header)
    start = _INDEX.size + entries * _ENTRY.size
    if entries > _MOST_ENTRIES or start + size != len(header):
        raise damaged
    fields: dict[int, bytes] = {}
    for tag, kind, offset, count in _ENTRY.iter_unpack(header[_INDEX.size : start]):
        if tag not in _TYPES:
            continue
        begin = start + offset
        end = begin + 4 if kind == _INT32 else header.find(b"\0", begin)
        if kind != _TYPES[tag] or count != 1 or tag in fields or not begin <= end <= len(header):
            raise damaged
        fields[tag] = header[begin:end]
    return fields
