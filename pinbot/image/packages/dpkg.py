"""dpkg's database: stanzas (deb822(5)) in one file (dpkg(1)) or, in distroless images, in a file each."""

import re
from collections.abc import Iterator

from pinbot.errors import ImageError
from pinbot.image.packages.fields import lines, word
from pinbot.model.image import Ecosystem, Package

LIMIT = 32 << 20
"""Bytes of a database that are read; one with three thousand packages has some 4 MB."""

_STATES = {
    b"not-installed": False,
    b"config-files": False,  # removed; what is left are settings
    b"half-installed": False,  # begun, and never unpacked whole
    b"unpacked": True,
    b"half-configured": True,
    b"triggers-awaited": True,
    b"triggers-pending": True,
    b"installed": True,
}
"""Third word of `Status`, and whether the package's files are there; the first word is what is wanted."""

_WANTED = frozenset({b"package", b"status", b"version", b"architecture", b"source"})
_SOURCE = re.compile(rb"([^\s()]+)(?:\s*\(([^\s()]+)\))?")

_Stanza = tuple[str, dict[bytes, bytes]]


def parse_status(data: bytes, place: str) -> tuple[Package, ...]:
    """The packages of `status` whose files are there, in its order.

    A later stanza takes the place of an earlier one for the same package and architecture, as in dpkg.

    Raises:
        ImageError: it is cut off, or nothing that dpkg would read.
    """
    packages: dict[tuple[str, str], Package] = {}
    for where, stanza in _stanzas(data, place):
        name = word(stanza.get(b"package", b""), "package", where)
        slot = name, stanza.get(b"architecture", b"").decode("ascii", "replace")
        packages.pop(slot, None)
        if _is_there(stanza.get(b"status"), where):
            packages[slot] = _package(stanza, where, place)
    return tuple(packages.values())


def parse_part(data: bytes, place: str) -> tuple[Package, ...]:
    """The package of a file in `status.d`, which holds its control file and so may lack `Status`.

    Raises:
        ImageError: as for `parse_status`.
    """
    return tuple(
        _package(stanza, where, place)
        for where, stanza in _stanzas(data, place)
        if b"status" not in stanza or _is_there(stanza[b"status"], where)
    )


def _stanzas(data: bytes, place: str) -> Iterator[_Stanza]:
    """The wanted fields of each stanza, names in lower case, and where it stands."""
    fields: dict[bytes, bytes] = {}
    where, field = "", b""
    for number, line in lines(data, place):
        if not line:
            if where:
                yield where, fields
            fields, where, field = {}, "", b""
        elif line[:1].isspace():
            if not field:
                raise ImageError(f"{place}, line {number}, goes on with a field that never began")
        else:
            field, colon, value = line.partition(b":")
            field = field.rstrip().lower()
            if not colon or not field or b" " in field:
                raise ImageError(f"{place}, line {number}, is no field: {line[:80]!r}")
            if field in fields:
                raise ImageError(f"{place}, line {number}, gives a field a second time: {field[:80]!r}")
            where = where or f"{place}, the stanza in line {number},"
            if field in _WANTED:
                fields[field] = value.strip()
    if where:
        yield where, fields


def _is_there(status: bytes | None, where: str) -> bool:
    """Whether the files of the package are in the image; a stanza without `Status` is only wanted."""
    if status is None:
        return False
    words = status.split()
    state = _STATES.get(words[2].lower()) if len(words) == 3 else None  # noqa: PLR2004 - want, flag, status
    if state is None:
        raise ImageError(f"{where} has a status that dpkg does not know: {status[:80]!r}")
    return state


def _package(stanza: dict[bytes, bytes], where: str, place: str) -> Package:
    name = word(stanza.get(b"package", b""), "package", where)
    source = _SOURCE.fullmatch(stanza.get(b"source") or name.encode())
    if source is None:
        raise ImageError(f"{where} has a source that is none: {stanza[b'source'][:80]!r}")
    architecture = stanza.get(b"architecture")
    return Package(
        ecosystem=Ecosystem.DPKG,
        name=name,
        version=word(stanza.get(b"version", b""), "version", where),
        architecture=word(architecture, "architecture", where) if architecture else "",
        source=word(source[1], "source", where),
        source_version=word(source[2], "source version", where) if source[2] else "",
        place=place,
    )
