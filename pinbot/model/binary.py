"""What a program or library in ELF says of itself: how it was linked, hardened and made (gABI 4.1; psABI)."""

import re
from dataclasses import dataclass
from enum import StrEnum

from pinbot.model.reference import Digest

_RUSTC = re.compile(r"rustc version (?P<version>[\w.+-]+)")
_GCC = re.compile(r"GCC: \((?P<vendor>[^()]*)\) (?P<version>[\d.]+)")
_LINKER = re.compile(r"(?:Linker: )?(?:\w+ )?(?P<name>LLD|mold|Wild)(?: version)? (?P<version>\d[\w.]*)")


class Relro(StrEnum):
    """What of the linker's tables is to be read-only once the program runs."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


class Libc(StrEnum):
    """Whose C library it is."""

    MUSL = "musl"
    GLIBC = "glibc"


class Allocator(StrEnum):
    """Who hands out memory."""

    JEMALLOC = "jemalloc"
    MIMALLOC = "mimalloc"
    MUSL = "musl"
    GLIBC = "glibc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """One entry of a row about a binary; `good` is None where the value is a fact and no judgement."""

    name: str
    value: str
    good: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """The facts of one ELF file.

    Attributes:
        digest: sha256 of the file.
        size: its bytes.
        architecture: what it runs on, in the words of image configs (`amd64`); the number of a machine where
            those have none.
        program: whether it is meant to be started; otherwise it is a library.
        interpreter: path of the loader that the kernel starts instead; empty where none is needed.
        needed: names of the libraries that the loader looks for.
        run_path: folders in which it looks first; may begin with `$ORIGIN`.
        position_independent: whether it can lie anywhere in memory.
        relro: what its headers want; whether that is done at start-up is the C library's affair.
        executable_stack: whether the kernel gives it a stack that can be executed.
        writable_code: whether a segment can be both written and executed.
        symbol_bytes: size of symbol tables and debugging information: what stripping would take away.
        libc: None where no traces of one were found.
        allocator: None where no traces of one were found.
        comments: what compilers and linkers wrote into `.comment`, each once.
        go: whether Go's linker made it.
    """

    digest: Digest
    size: int
    architecture: str
    program: bool
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    run_path: tuple[str, ...] = ()
    position_independent: bool
    relro: Relro
    executable_stack: bool
    writable_code: bool
    symbol_bytes: int = 0
    libc: Libc | None = None
    allocator: Allocator | None = None
    comments: tuple[str, ...] = ()
    go: bool = False

    @property
    def static(self) -> bool:
        """Whether it runs without a loader and without libraries."""
        return not self.interpreter and not self.needed

    @property
    def stripped(self) -> bool:
        """Whether there is nothing for a debugger in it."""
        return self.symbol_bytes == 0

    @property
    def rustc(self) -> str:
        """Version of the Rust compiler; empty where it names none."""
        return next((match["version"] for match in map(_RUSTC.match, self.comments) if match), "")

    @property
    def gcc(self) -> str:
        """Version of gcc with its distributor, which also stands for gcc's start files; empty if none."""
        found = (match for match in map(_GCC.match, self.comments) if match)
        return ", ".join(f"{match['version']} ({match['vendor']})" for match in found)

    @property
    def linker(self) -> str:
        """Name and version of the linker, where it signs its work; GNU ld does not."""
        found = (match for match in map(_LINKER.match, self.comments) if match)
        return next((f"{match['name']} {match['version']}" for match in found), "")

    @property
    def traits(self) -> tuple[Trait, ...]:
        """The row that tells at one glance how it was made; always the same names in the same order."""
        return (
            _judged("static", self.static),
            _judged("PIE", self.position_independent),
            Trait(name="RELRO", value=self.relro, good=self.relro is Relro.FULL),
            _judged("NX", not (self.executable_stack or self.writable_code)),
            _judged("stripped", self.stripped),
            Trait(name="libc", value=self.libc or "none found"),
            Trait(name="allocator", value=self.allocator or "none found"),
            Trait(name="rustc", value=self.rustc or "none named"),
            Trait(name="linker", value=self.linker or "none named"),
        )


def _judged(name: str, good: bool) -> Trait:  # noqa: FBT001  a name and its truth
    return Trait(name=name, value="yes" if good else "no", good=good)
