"""What `cargo auditable` writes into a program: the crates in it (PARSING.md of cargo-auditable)."""

import json
import zlib
from typing import Any

from pinbot.errors import ImageError
from pinbot.image.packages.fields import word
from pinbot.model.image import Ecosystem, Package

SECTION = ".dep-v0"

LIMIT = 8 << 20
"""Bytes of the list, compressed or not: as many as the format's own readers take."""

_CRATES_IO = "crates.io"


def parse(section: bytes, place: str) -> tuple[Package, ...]:
    """The program's crate and those in it, in the order of the list; those that only build it are left out.

    Raises:
        ImageError: the list is damaged or too large.
    """
    listed = _document(section, place).get("packages")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise _damaged(place, "it lists no packages")
    return tuple(_package(one, place) for one in listed if one.get("kind", "runtime") != "build")


def _document(section: bytes, place: str) -> dict[str, Any]:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(section, LIMIT)
        if unpacker.unconsumed_tail:
            raise _damaged(place, f"it has more than {LIMIT:,} bytes")
        document = json.loads(text)
    except (zlib.error, ValueError, RecursionError) as error:
        raise _damaged(place, str(error)[:200]) from error
    if not unpacker.eof or not isinstance(document, dict):
        raise _damaged(place, "it is cut off, or no list")
    return document


def _package(told: dict[str, Any], place: str) -> Package:
    name, version, source = (told.get(field) for field in ("name", "version", "source"))
    if not (isinstance(name, str) and isinstance(version, str) and isinstance(source, str)):
        raise _damaged(place, "a crate in it lacks name, version or source")
    return Package(
        ecosystem=Ecosystem.CARGO,
        name=word(name.encode("utf-8", "surrogatepass"), "crate", place),
        version=word(version.encode("utf-8", "surrogatepass"), "version", place),
        source="" if source == _CRATES_IO else word(source.encode("utf-8", "surrogatepass"), "source", place),
        place=place,
        root=told.get("root") is True,
    )


def _damaged(place: str, why: str) -> ImageError:
    return ImageError(f"the list of crates in {place} cannot be read: {why}")
