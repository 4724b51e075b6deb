"""The facts of a program or library in ELF (gABI 4.1; binutils' extensions), told from its bytes alone."""

import hashlib
import re
from collections.abc import Iterator

from elftools.elf.constants import P_FLAGS
from elftools.elf.enums import ENUM_DT_FLAGS as _DF
from elftools.elf.enums import ENUM_DT_FLAGS_1 as _DF_1

from pinbot.image import elf_machine, elf_traces
from pinbot.image.elf_file import ElfFile, unreadable
from pinbot.model.binary import Binary, Relro
from pinbot.model.reference import Digest

_MOST_NAMES = 256
_MOST_COMMENTS = 32
_LONGEST_COMMENT = 200
_COMMENT_BYTES = 64 * 1024
_DEBUGGING = (".debug_", ".zdebug_", ".stab")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# Where Linux gives an executable stack to programs without PT_GNU_STACK (`elf_read_implies_exec` of each).
_STACK_EXECUTABLE_UNLESS_TOLD = frozenset({"386", "arm", "mips", "mipsle", "mips64", "mips64le", "ppc64"})
# What the linker reserves in .got.plt for the loader: three words.
_RESERVED_WORDS = 3


def is_elf(content: bytes) -> bool:
    """Whether a file begins as ELF does."""
    return content.startswith(b"\x7fELF")


def read(content: bytes) -> Binary:
    """The facts of a program or library. The file is not copied.

    Raises:
        ImageError: it is no ELF file, neither program nor library, or contradicts itself.
    """
    file = ElfFile.open(content)
    kind = file.header["e_type"]
    if kind not in ("ET_EXEC", "ET_DYN"):
        raise unreadable("it is neither a program nor a library")
    interpreter = _interpreter(file)
    needed = tuple(_named(file, "DT_NEEDED"))
    names = tuple(name.rpartition("/")[2] for name in (interpreter, *needed) if name)
    program = kind == "ET_EXEC" or bool(interpreter) or _flagged(file, "DT_FLAGS_1", _DF_1["DF_1_PIE"])
    libc = elf_traces.libc_of(content, names)
    return Binary(
        digest=Digest("sha256", hashlib.sha256(content).hexdigest()),
        size=len(content),
        architecture=elf_machine.architecture(content) or "",
        program=program,
        interpreter=interpreter,
        needed=needed,
        run_path=tuple(_run_path(file)),
        position_independent=kind == "ET_DYN",
        relro=_relro(file),
        executable_stack=_executable_stack(file),
        writable_code=_writable_code(file),
        symbol_bytes=_symbol_bytes(file),
        libc=libc,
        allocator=elf_traces.allocator_of(content, names, libc) if program else None,
        comments=tuple(_comments(file)),
        go=".go.buildinfo" in file.sections,
    )


def section(content: bytes, name: str, *, limit: int) -> bytes | None:
    """What stands in a section, as it lies in the file; None where there is none of that name.

    Raises:
        ImageError: the file is no ELF file or contradicts itself, or the section has more than `limit` bytes.
    """
    return _section(ElfFile.open(content), name, limit)


def _section(file: ElfFile, name: str, limit: int) -> bytes | None:
    header = file.sections.get(name)
    if header is None or header["sh_type"] == "SHT_NOBITS":
        return None
    if header["sh_size"] > limit:
        raise unreadable(f"its section {name} has {header['sh_size']} bytes")
    return file.slice(header["sh_offset"], header["sh_size"])


def _interpreter(file: ElfFile) -> str:
    segment = file.segment("PT_INTERP")
    return "" if segment is None else file.string(segment["p_offset"])


def _named(file: ElfFile, tag: str) -> Iterator[str]:
    """The strings of the entries with this tag."""
    offsets = [entry["d_val"] for entry in file.dynamic if entry["d_tag"] == tag]
    if not offsets:
        return
    address = file.tag("DT_STRTAB")
    if address is None or len(offsets) > _MOST_NAMES:
        raise unreadable("its dynamic segment names nothing, or too much")
    strings = file.offset(address)
    for offset in offsets:
        yield file.string(strings + offset)


def _run_path(file: ElfFile) -> Iterator[str]:
    for tag in ("DT_RUNPATH", "DT_RPATH"):
        for folders in _named(file, tag):
            yield from filter(None, folders.split(":"))


def _flagged(file: ElfFile, tag: str, flag: int) -> bool:
    return bool((file.tag(tag) or 0) & flag)


def _relro(file: ElfFile) -> Relro:
    """Full where no table that calls go through stays writable.

    Lazy binding needs one that does. A program that binds at once, or has nothing to bind, as a static one
    without indirect functions, needs no BIND_NOW to be safe.
    """
    protected = file.segment("PT_GNU_RELRO")
    if protected is None:
        return Relro.NONE
    at_once = (
        file.tag("DT_BIND_NOW") is not None
        or _flagged(file, "DT_FLAGS", _DF["DF_BIND_NOW"])
        or _flagged(file, "DT_FLAGS_1", _DF_1["DF_1_NOW"])
    )
    table = file.sections.get(".got.plt")
    outside = (
        table is not None
        and table["sh_size"] > _RESERVED_WORDS * file.bits // 8
        and table["sh_addr"] + table["sh_size"] > protected["p_vaddr"] + protected["p_memsz"]
    )
    if at_once or not (outside or (file.tag("DT_PLTRELSZ") or 0) > 0):
        return Relro.FULL
    return Relro.PARTIAL


def _executable_stack(file: ElfFile) -> bool:
    segment = file.segment("PT_GNU_STACK")
    if segment is None:
        return elf_machine.architecture(file.content) in _STACK_EXECUTABLE_UNLESS_TOLD
    return bool(segment["p_flags"] & P_FLAGS.PF_X)


def _writable_code(file: ElfFile) -> bool:
    both = P_FLAGS.PF_W | P_FLAGS.PF_X
    return any(
        segment["p_type"] == "PT_LOAD" and segment["p_flags"] & both == both for segment in file.segments
    )


def _symbol_bytes(file: ElfFile) -> int:
    symbols = (".symtab", ".strtab")
    claimed: int = sum(
        header["sh_size"]
        for name, header in file.sections.items()
        if name in symbols or name.startswith(_DEBUGGING)
    )
    return min(claimed, len(file.content))


def _comments(file: ElfFile) -> Iterator[str]:
    """What stands in `.comment`, each once, fit to be shown."""
    lines = (_section(file, ".comment", _COMMENT_BYTES) or b"").split(b"\0")
    for line in list(dict.fromkeys(filter(None, lines)))[:_MOST_COMMENTS]:
        yield _UNPRINTABLE.sub("", line[:_LONGEST_COMMENT].decode(errors="replace"))
