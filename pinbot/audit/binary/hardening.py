"""Binary rules about how a program was linked: B1 to B5."""

from collections.abc import Callable, Iterator

from pinbot.audit.binary.subject import BinarySubject
from pinbot.audit.check import Check, DoesNotApply, Problem, Remark
from pinbot.model.binary import Binary, Relro
from pinbot.model.finding import Profile, Rule, Severity

_MITIGATIONS = "https://doc.rust-lang.org/rustc/exploit-mitigations.html"
_SCRATCH = frozenset({Profile.SCRATCH})
_MEGABYTE = 1_000_000


def _about_programs(
    look: Callable[[Binary], Iterator[str]], *, go: str = ""
) -> Callable[[BinarySubject], Iterator[Remark]]:
    """Have a rule look at programs alone.

    Args:
        look: gives a message for each problem.
        go: what to do about it in Go, where that differs.
    """

    def looking(subject: BinarySubject) -> Iterator[Remark]:
        binary = subject.binary
        if not binary.program:
            yield DoesNotApply("it is a library")
            return
        for message in look(binary):
            yield Problem(message=message, path=subject.path, remedy=go if binary.go else "")

    return looking


def _dynamic(binary: Binary) -> Iterator[str]:
    if not binary.static:
        needs = (*filter(None, (binary.interpreter,)), *binary.needed)
        yield f"it is not static, but needs {', '.join(needs)}"


def _fixed(binary: Binary) -> Iterator[str]:
    if not binary.position_independent:
        yield "it is not position-independent, so its code lies at the same address in every process"


def _relro(binary: Binary) -> Iterator[str]:
    if binary.relro is Relro.NONE:
        yield "it has no RELRO: the tables of its relocations stay writable"
    elif binary.relro is Relro.PARTIAL:
        yield "its RELRO is partial: the table that calls of libraries go through stays writable"


def _executable_data(binary: Binary) -> Iterator[str]:
    if binary.executable_stack:
        yield "its stack is executable"
    if binary.writable_code:
        yield "it has a segment that is both writable and executable"


def _symbols(binary: Binary) -> Iterator[str]:
    if not binary.stripped:
        share, whole = (f"{size / _MEGABYTE:.2f} MB" for size in (binary.symbol_bytes, binary.size))
        yield f"it is not stripped: symbols and debugging information are {share} of its {whole}"


CHECKS: tuple[Check[BinarySubject], ...] = (
    Check(
        rule=Rule(
            id="B1",
            title="the binary is not static",
            severity=Severity.ERROR,
            why="An image from scratch has no loader and no libraries. Where they are copied in, they must "
            "fit the binary and be kept up to date, which nothing in the image does.",
            remedy="build for a musl target with -C target-feature=+crt-static, and give no -dev package a "
            "chance to link its shared library",
            source="https://doc.rust-lang.org/reference/linkage.html#static-and-dynamic-c-runtimes",
            wrong="RUN cargo build --release --target x86_64-unknown-linux-gnu",
            right="RUN cargo build --release --target x86_64-unknown-linux-musl",
            profiles=_SCRATCH,
        ),
        look=_about_programs(_dynamic, go="build with CGO_ENABLED=0"),
    ),
    Check(
        rule=Rule(
            id="B2",
            title="the binary is not position-independent",
            severity=Severity.WARNING,
            why="Address space layout randomisation cannot move it: an attacker knows where each piece of "
            "its code lies.",
            remedy="leave relocation-model at its default, pic, and give the linker no -no-pie",
            source=f"{_MITIGATIONS}#position-independent-executable",
            wrong='ENV RUSTFLAGS="-C relocation-model=static"',
            right='ENV RUSTFLAGS="-C target-feature=+crt-static"',
        ),
        look=_about_programs(_fixed, go="build with -buildmode=pie"),
    ),
    Check(
        rule=Rule(
            id="B3",
            title="the binary has no full RELRO",
            severity=Severity.WARNING,
            why="What stays writable of the linker's tables is where an overflow becomes a call of the "
            "attacker's choice. glibc and musl's loader honour the mark; musl does not yet do so in a static "
            "program.",
            remedy="link with -z relro -z now, as rustc does by default",
            source=f"{_MITIGATIONS}#read-only-relocations-and-immediate-binding",
            wrong='ENV RUSTFLAGS="-C relro-level=partial"',
            right='ENV RUSTFLAGS="-C relro-level=full"',
        ),
        look=_about_programs(
            _relro, go="build with -buildmode=pie, and with cgo add -ldflags=-extldflags=-Wl,-z,now"
        ),
    ),
    Check(
        rule=Rule(
            id="B4",
            title="the binary has memory that is writable and executable",
            severity=Severity.ERROR,
            why="Whoever can write there can run code of their own. Most often an assembler file without a "
            ".note.GNU-stack section is to blame, and nobody meant it.",
            remedy='end assembler files with .section .note.GNU-stack,"",%progbits, or link with '
            "-z noexecstack",
            source=f"{_MITIGATIONS}#non-executable-memory-regions",
            wrong='ENV RUSTFLAGS="-C link-arg=-Wl,-z,execstack"',
            right='ENV RUSTFLAGS="-C link-arg=-Wl,-z,noexecstack"',
        ),
        look=_about_programs(_executable_data),
    ),
    Check(
        rule=Rule(
            id="B5",
            title="the binary is not stripped",
            severity=Severity.WARNING,
            why="Symbols and debugging information are pulled by every node, are of no use to the program, "
            "and tell names and paths of the machine that built it.",
            remedy="set strip = true in the release profile of Cargo.toml, and keep what it takes away "
            "elsewhere",
            source="https://doc.rust-lang.org/cargo/reference/profiles.html#strip",
            wrong="[profile.release]\ndebug = true",
            right="[profile.release]\nstrip = true",
            profiles=_SCRATCH,
        ),
        look=_about_programs(_symbols, go="build with -ldflags='-s -w'"),
    ),
)
