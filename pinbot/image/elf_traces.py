"""Whose C library and allocator a program was linked with, told by strings that only they have.

A stripped static program names neither. But each library brings texts that it needs, as C strings with a NUL
before and behind. A program that merely speaks of musl or jemalloc, or has a table of error texts in another
language, does not have them in this form. Sources: musl, `src/errno/__strerror.h`; glibc, `elf/dl-tunables.c`
and `sysdeps/gnu/errlist.h`; jemalloc, `src/malloc_io.c` and `src/stats.c`; mimalloc, `src/options.c`.
"""

import re
from collections.abc import Iterable

from pinbot.model.binary import Allocator, Libc

# All of a row must be there.
_LIBC = {
    Libc.MUSL: (b"\0Result not representable\0", b"\0No error information\0", b"\0Not a tty\0"),
    Libc.GLIBC: (b"\0GLIBC_TUNABLES\0", b"\0Numerical result out of range\0"),
}
_ALLOCATOR = {
    Allocator.JEMALLOC: (b"\0<jemalloc>: ", b"___ Begin jemalloc statistics ___"),
    Allocator.MIMALLOC: (b"\0mimalloc: error: \0", b"\0mimalloc: warning: \0"),
}
# Names of loaders and libraries.
_LIBC_NAMES = {
    Libc.MUSL: re.compile(r"ld-musl-.*|libc\.musl-.*|libc\.so"),
    Libc.GLIBC: re.compile(r"ld-linux.*|ld64\.so\..*|ld\.so\.1|libc\.so\.6"),
}
_ALLOCATOR_NAMES = {
    Allocator.JEMALLOC: re.compile(r"libjemalloc\..*"),
    Allocator.MIMALLOC: re.compile(r"libmimalloc.*"),
}


def libc_of(content: bytes, names: Iterable[str]) -> Libc | None:
    """Whose C library a program uses.

    Args:
        content: the file.
        names: of the loader and the libraries that it needs, without their folders; a program that needs
            any has no C library of its own.
    """
    named = tuple(names)
    if named:
        return next((libc for libc, pattern in _LIBC_NAMES.items() if _any(named, pattern)), None)
    return next((libc for libc, texts in _LIBC.items() if _has_all(content, texts)), None)


def allocator_of(content: bytes, names: Iterable[str], libc: Libc | None) -> Allocator | None:
    """Whose allocator a program uses: that of its C library where there are no traces of another one."""
    named = tuple(names)
    for allocator, pattern in _ALLOCATOR_NAMES.items():
        if _any(named, pattern) or _has_all(content, _ALLOCATOR[allocator]):
            return allocator
    return Allocator(libc) if libc else None


def _any(names: tuple[str, ...], pattern: re.Pattern[str]) -> bool:
    return any(pattern.fullmatch(name) for name in names)


def _has_all(content: bytes, texts: tuple[bytes, ...]) -> bool:
    return all(text in content for text in texts)
