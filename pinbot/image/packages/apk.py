"""apk's database of what is installed: one letter a field, an empty line after each package.

apk-tools 3 keeps this format of version 2 (apk-package(5) has the letters, `database.c` how they are read).
"""

from pinbot.errors import ImageError
from pinbot.image.packages.fields import lines, word
from pinbot.model.image import Ecosystem, Package

LIMIT = 32 << 20
"""Bytes of a database that are read; one with a thousand packages has some 15 MB, as it lists their files."""

_SHORTEST_FIELD = 2
_WANTED = {b"P": "name", b"V": "version", b"A": "architecture", b"o": "source"}


def parse(data: bytes, place: str) -> tuple[Package, ...]:
    """The packages in the database's order, each once.

    Raises:
        ImageError: it is cut off, or nothing that apk would read.
    """
    packages: dict[Package, None] = {}
    fields: dict[str, bytes] = {}
    start = 0
    for number, line in lines(data, place):
        if len(line) < _SHORTEST_FIELD:
            if fields:
                packages[_package(fields, place, start)] = None
            fields, start = {}, 0
        elif line[1:2] != b":":
            raise ImageError(f"{place}, line {number}, is no field of an apk database: {line[:80]!r}")
        else:
            start = start or number
            if name := _WANTED.get(line[:1]):
                if name in fields:
                    raise ImageError(f"{place}, line {number}, gives a second {name} to one package")
                fields[name] = line[2:]
    if fields:
        packages[_package(fields, place, start)] = None
    return tuple(packages)


def _package(fields: dict[str, bytes], place: str, line: int) -> Package:
    where = f"{place}, the entry in line {line},"
    return Package(
        ecosystem=Ecosystem.APK,
        name=word(fields.get("name", b""), "package", where),
        version=word(fields.get("version", b""), "version", where),
        architecture=_optional(fields, "architecture", where),
        source=_optional(fields, "source", where),
        place=place,
    )


def _optional(fields: dict[str, bytes], name: str, where: str) -> str:
    return word(fields[name], name, where) if fields.get(name) else ""
