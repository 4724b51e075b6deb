"""What Go writes into each program: its own version, and the modules that went into it (debug/buildinfo)."""

import re
from collections.abc import Iterator

from elftools.elf.constants import P_FLAGS

from pinbot.errors import ImageError
from pinbot.image.elf_file import ElfFile, Header
from pinbot.image.packages.fields import word
from pinbot.model.image import Ecosystem, Package

STANDARD_LIBRARY = "stdlib"
"""How advisories call what comes with Go itself."""

NO_VERSION = "(devel)"
"""What Go writes for a module that was built from a folder."""

_MAGIC = b"\xff Go buildinf:"
_ALIGNMENT = 16
_HEADER_SIZE = 32
_BIG_ENDIAN, _INLINE = 1, 2
_MOST_BYTES = 8 << 20
_FRAME = 16
_TOOLCHAIN = re.compile(rb"go[0-9][!-~]*")


def read(file: ElfFile, place: str) -> tuple[Package, ...]:
    """The program's module, the modules in it and the standard library; nothing where Go did not build it.

    A module that was replaced by another one is told as that one, since its code is what is there.

    Raises:
        ImageError: what Go wrote is damaged.
    """
    information = _information(file)
    if information is None:
        return ()
    version, modules = _texts(file, information, place)
    if not version:
        return ()
    toolchain = _TOOLCHAIN.search(version)
    return (
        _package(STANDARD_LIBRARY.encode(), toolchain[0] if toolchain else b"", place),
        *_modules(modules, place),
    )


def _information(file: ElfFile) -> bytes | None:
    """What stands from the header on, in a section of its own or, without sections, in the data."""
    section = file.sections.get(".go.buildinfo")
    if section is not None and section["sh_type"] != "SHT_NOBITS":
        start, size = section["sh_offset"], section["sh_size"]
    else:
        segment = next(filter(_is_data, file.segments), None)
        if segment is None:
            return None
        start, size = segment["p_offset"], segment["p_filesz"]
    at = file.content.find(_MAGIC, start, start + size)
    while at >= 0 and at % _ALIGNMENT:
        at = file.content.find(_MAGIC, at + 1, start + size)
    return file.content[at : min(start + size, at + _MOST_BYTES)] if at >= 0 else None


def _is_data(segment: Header) -> bool:
    both = P_FLAGS.PF_X | P_FLAGS.PF_W
    return bool(segment["p_type"] == "PT_LOAD" and segment["p_flags"] & both == P_FLAGS.PF_W)


def _texts(file: ElfFile, information: bytes, place: str) -> tuple[bytes, bytes]:
    """Go's version and the modules: behind the header since Go 1.18, before that where the header points."""
    if len(information) < _HEADER_SIZE:
        raise _damaged(place)
    width, flags = information[14], information[15]
    if flags & _INLINE:
        version, rest = _counted(information[_HEADER_SIZE:], place)
        return version, _unframed(_counted(rest, place)[0])
    if width not in {4, 8}:
        raise _damaged(place)
    big = bool(flags & _BIG_ENDIAN)

    def text(pointer: bytes) -> bytes:
        """A text of Go is an address and a size, and a pointer tells at which address these two are."""
        if not any(pointer):
            return b""
        value = file.slice(file.offset(number(pointer)), 2 * width)
        size = number(value[width:])
        if size > _MOST_BYTES:
            raise _damaged(place)
        return file.slice(file.offset(number(value[:width])), size) if size else b""

    def number(word: bytes) -> int:
        return int.from_bytes(word, "big" if big else "little")

    return text(information[16 : 16 + width]), _unframed(text(information[16 + width : 16 + 2 * width]))


def _counted(data: bytes, place: str) -> tuple[bytes, bytes]:
    """A text behind its size, which is a varint of seven bits a byte; and what follows it."""
    size = 0
    for at, byte in enumerate(data[:10]):
        size |= (byte & 0x7F) << 7 * at
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follow
            end = at + 1 + size
            if end <= len(data):
                return data[at + 1 : end], data[end:]
            break
    raise _damaged(place)


def _unframed(modules: bytes) -> bytes:
    """Without the marks around it that Go itself finds it by; empty where the program knows no modules."""
    framed = len(modules) > 2 * _FRAME and modules[-_FRAME - 1 : -_FRAME] == b"\n"
    return modules[_FRAME:-_FRAME] if framed else b""


def _modules(text: bytes, place: str) -> Iterator[Package]:
    """Lines with tabs: `mod` is the program's module, `dep` one in it, `=>` replaces the one before."""
    last: tuple[bytes, bytes, bytes] | None = None
    for line in text.split(b"\n"):
        kind, *fields = line.split(b"\t")
        if kind not in {b"mod", b"dep", b"=>"}:
            continue
        if len(fields) not in {2, 3} or (kind == b"=>" and last is None):
            raise _damaged(place)
        path, version = fields[:2]
        if last is not None and kind == b"=>":
            kind, replaced, _ = last
            path = replaced if path.startswith((b"./", b"../", b"/")) else path
        elif last is not None:
            yield _module(last, place)
        last = kind, path, version
    if last is not None:
        yield _module(last, place)


def _module(told: tuple[bytes, bytes, bytes], place: str) -> Package:
    kind, path, version = told
    return _package(path, version, place, root=kind == b"mod")


def _package(path: bytes, version: bytes, place: str, *, root: bool = False) -> Package:
    return Package(
        ecosystem=Ecosystem.GO,
        name=word(path, "module", place),
        version=word(version or NO_VERSION.encode(), "version", place),
        place=place,
        root=root,
    )


def _damaged(place: str) -> ImageError:
    return ImageError(f"what Go wrote into {place} is damaged")
