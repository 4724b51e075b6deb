"""Binary rules about what a program runs on: its C library, its loader, its allocator; B6 to B8."""

from collections.abc import Iterator

from pinbot.audit.binary.subject import BinarySubject
from pinbot.audit.check import Check, DoesNotApply, Problem, Remark
from pinbot.image.files import Files
from pinbot.model.binary import Allocator, Libc
from pinbot.model.finding import Profile, Rule, Severity

_SCRATCH = frozenset({Profile.SCRATCH})
# Names that musl's loader takes for itself, whatever comes behind the dot (ldso/dynlink.c).
_PART_OF_MUSL = frozenset({"libc", "libpthread", "librt", "libm", "libdl", "libutil", "libxnet"})


def _static_glibc(subject: BinarySubject) -> Iterator[Remark]:
    binary = subject.binary
    if not (binary.program and binary.static):
        yield DoesNotApply("it is not a static program")
    elif binary.libc is Libc.GLIBC:
        yield Problem(message="glibc is linked into it statically", path=subject.path)


def _missing(subject: BinarySubject) -> Iterator[Remark]:
    binary = subject.binary
    if binary.static:
        yield DoesNotApply("it is static")
        return
    loader = binary.interpreter
    if loader and subject.files.resolve(loader) is None:
        yield Problem(
            message=f"its loader {loader} is not in the image, so that it does not start: "
            "no such file or directory",
            path=subject.path,
        )
        return
    for name in binary.needed:
        if binary.libc is Libc.MUSL and name.partition(".")[0] in _PART_OF_MUSL:
            continue
        if not _is_there(subject.files, name):
            yield Problem(message=f"the library {name} that it needs is not in the image", path=subject.path)


def _is_there(files: Files, library: str) -> bool:
    """Whether the image has such a library, wherever: loaders search in too many ways to know better."""
    if "/" in library:
        return files.resolve(library) is not None
    return any(
        entry.path.rpartition("/")[2] == library and files.resolve(entry.path) is not None for entry in files
    )


def _slow_allocator(subject: BinarySubject) -> Iterator[Remark]:
    binary = subject.binary
    if binary.libc is not Libc.MUSL:
        yield DoesNotApply("it does not use musl")
    elif binary.allocator is Allocator.MUSL:
        yield Problem(
            message="it seems to use musl's own allocator: no other one left a trace", path=subject.path
        )


CHECKS: tuple[Check[BinarySubject], ...] = (
    Check(
        rule=Rule(
            id="B6",
            title="glibc is linked statically",
            severity=Severity.WARNING,
            why="Even then glibc loads shared libraries of its very version at run time, for host names and "
            "users (NSS) and for character sets (iconv), and reads locales. Nothing of this is in the image.",
            remedy="build for a musl target",
            source="https://sourceware.org/glibc/wiki/FAQ",
            wrong='FROM rust\nENV RUSTFLAGS="-C target-feature=+crt-static"',
            right="FROM rust:alpine",
            profiles=_SCRATCH,
        ),
        look=_static_glibc,
    ),
    Check(
        rule=Rule(
            id="B7",
            title="the image lacks what the binary loads",
            severity=Severity.ERROR,
            why="The kernel starts the loader that a dynamic binary names, and that loads the libraries. "
            "Where one is missing the container dies at once, often with a message that blames the binary "
            "itself. A binary for glibc in an image with musl is the usual case.",
            remedy="link it statically, or build it on the base image that it runs on",
            source="https://man7.org/linux/man-pages/man8/ld.so.8.html",
            wrong="FROM rust AS build\nFROM alpine\nCOPY --from=build /src/target/release/app /app",
            right="FROM rust:alpine AS build\nFROM alpine\nCOPY --from=build /src/target/release/app /app",
        ),
        look=_missing,
    ),
    Check(
        rule=Rule(
            id="B8",
            title="the binary uses musl's own allocator",
            severity=Severity.WARNING,
            why="It has one lock for all threads. Programs that allocate in several at once wait for each "
            "other, and run many times slower than with an allocator that has a heap for each.",
            remedy="make tikv-jemallocator or mimalloc the #[global_allocator]",
            source="https://nickb.dev/blog/default-musl-allocator-considered-harmful-to-performance",
            wrong="// main.rs names no #[global_allocator]",
            right="#[global_allocator]\nstatic ALLOCATOR: Jemalloc = Jemalloc;  // of tikv_jemallocator",
            profiles=_SCRATCH,
        ),
        look=_slow_allocator,
    ),
)
