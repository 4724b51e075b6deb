"""The headers of an ELF file that may be hostile (gABI 4.1), and safe ways from them to its bytes.

pyelftools knows what headers look like for each word size, byte order and machine. Where to go in the file is
decided here, with a bound on each table and each string: its own navigation goes wherever the file says.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from elftools.common.exceptions import ELFError
from elftools.common.utils import struct_parse
from elftools.elf.elffile import ELFFile

from pinbot.errors import ImageError

if TYPE_CHECKING:
    from elftools.construct import Construct

# Far more than linkers make, and little enough to look through.
_MOST_SEGMENTS = 256
_MOST_SECTIONS = 4096
_MOST_TAGS = 4096
_LONGEST_NAME = 4096

Header = Mapping[str, Any]
"""A header by the names of its fields; types and tags are names like `PT_LOAD`, or numbers if unknown."""


def unreadable(why: str) -> ImageError:
    """The error for a file that is no ELF file, or contradicts itself."""
    return ImageError(f"the binary cannot be read: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ElfFile:
    """What `open` found.

    Attributes:
        content: the whole file.
        header: of the file.
        bits: 32 or 64.
        segments: program headers, in order.
        sections: section headers by name, the first of each name; empty where the table was stripped off.
        dynamic: entries of the dynamic segment, without the last; empty where there is none.
    """

    content: bytes
    header: Header
    bits: int
    segments: tuple[Header, ...]
    sections: Mapping[str, Header]
    dynamic: tuple[Header, ...]

    @classmethod
    def open(cls, content: bytes) -> Self:
        """Read all headers. The file is not copied.

        Raises:
            ImageError: it is no ELF file, or a table in it is not where the headers say.
        """
        try:
            reader = _Reader(content)
            segments = reader.table("Elf_Phdr", "e_ph", _MOST_SEGMENTS)
            return cls(
                content=content,
                header=reader.elf.header,
                bits=reader.elf.elfclass,
                segments=segments,
                sections=reader.sections(),
                dynamic=reader.dynamic(segments),
            )
        except ELFError as error:
            raise unreadable(str(error)) from error

    def segment(self, kind: str) -> Header | None:
        """The first segment of a type."""
        return next((segment for segment in self.segments if segment["p_type"] == kind), None)

    def tag(self, name: str) -> int | None:
        """The value of the first entry of the dynamic segment with this tag."""
        return next((entry["d_val"] for entry in self.dynamic if entry["d_tag"] == name), None)

    def slice(self, start: int, size: int) -> bytes:
        """A copy of some bytes.

        Raises:
            ImageError: they are not all in the file.
        """
        return _slice(self.content, start, size)

    def string(self, start: int) -> str:
        """The text up to the next NUL, as file names are decoded (PEP 383).

        Raises:
            ImageError: there is no NUL within the length of a path.
        """
        return _string(self.content, start)

    def offset(self, address: int) -> int:
        """Where in the file the byte is that has this address in memory.

        Raises:
            ImageError: it is in no segment.
        """
        for segment in self.segments:
            start = segment["p_vaddr"]
            if segment["p_type"] == "PT_LOAD" and start <= address < start + segment["p_filesz"]:
                return int(address - start + segment["p_offset"])
        raise unreadable(f"nothing of it is at the address {address:#x}")


class _Reader:
    """Reads tables through pyelftools, whose errors it lets through."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.stream = io.BytesIO(content)
        self.elf = ELFFile(self.stream)

    def table(self, kind: str, prefix: str, most: int) -> tuple[Header, ...]:
        """The headers of a table that the file's header describes."""
        head = self.elf.header
        start, width, count = head[f"{prefix}off"], head[f"{prefix}entsize"], head[f"{prefix}num"]
        if start == 0:
            return ()
        if count > most:
            raise unreadable(f"it has {count} headers in one table")
        form: Construct = getattr(self.elf.structs, kind)
        if count and width < form.sizeof():
            raise unreadable(f"its headers have {width} bytes each")
        if start + count * width > len(self.content):
            raise unreadable("its headers lie outside of the file")
        return tuple(struct_parse(form, self.stream, start + number * width) for number in range(count))

    def sections(self) -> dict[str, Header]:
        """Section headers by their names."""
        headers = self.table("Elf_Shdr", "e_sh", _MOST_SECTIONS)
        index = self.elf.header["e_shstrndx"]
        if not headers or index == 0:
            return {}
        if index >= len(headers):
            raise unreadable("its sections have no names")
        names = headers[index]["sh_offset"]
        found: dict[str, Header] = {}
        for header in headers:
            found.setdefault(_string(self.content, names + header["sh_name"]), header)
        return found

    def dynamic(self, segments: tuple[Header, ...]) -> tuple[Header, ...]:
        """The entries before DT_NULL."""
        segment = next((one for one in segments if one["p_type"] == "PT_DYNAMIC"), None)
        if segment is None:
            return ()
        form: Construct = self.elf.structs.Elf_Dyn
        start, width = segment["p_offset"], form.sizeof()
        count = segment["p_filesz"] // width
        if start + count * width > len(self.content):
            raise unreadable("its dynamic segment lies outside of the file")
        entries: list[Header] = []
        for number in range(min(count, _MOST_TAGS)):
            entry = struct_parse(form, self.stream, start + number * width)
            if entry["d_tag"] == "DT_NULL":
                return tuple(entries)
            entries.append(entry)
        raise unreadable("its dynamic segment has no end")


def _slice(content: bytes, start: int, size: int) -> bytes:
    if start + size > len(content):
        raise unreadable("a part of it lies outside of the file")
    return content[start : start + size]


def _string(content: bytes, start: int) -> str:
    end = content.find(b"\0", start, start + _LONGEST_NAME)
    if end < 0:
        raise unreadable("a name in it has no end")
    return content[start:end].decode(errors="surrogateescape")
