"""What a program tells of the packages that it was built from."""

from pinbot.image import elf
from pinbot.image.elf_file import ElfFile
from pinbot.image.packages import cargo, go
from pinbot.model.image import Package


def read(content: bytes, place: str) -> tuple[Package, ...]:
    """The modules of Go and the crates of Rust in an ELF file; nothing in one that does not tell.

    Raises:
        ImageError: it is no ELF file, or it, or what it tells, is damaged or too large.
    """
    crates = elf.section(content, cargo.SECTION, limit=cargo.LIMIT)
    return (
        *go.read(ElfFile.open(content), place),
        *(cargo.parse(crates, place) if crates is not None else ()),
    )
