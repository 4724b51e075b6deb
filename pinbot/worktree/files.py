"""Reading files, and replacing what is in them so that nothing is ever half-written."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from pinbot.errors import SourceError, StaleEdit
from pinbot.model.occurrence import SourceFile

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file that is read: no file that people write comes near it."""


def read(path: Path, *, shown: str) -> SourceFile:
    """Read a regular file whole; `shown` is its path as the user would type it.

    Raises:
        SourceError: missing, unreadable, not a regular file, or too large.
    """
    try:
        # Without O_NONBLOCK a named pipe, which has no writer, would hold the run for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SourceError("not a regular file", hint="name a file or a folder", file=shown)
            if status.st_size > LARGEST:
                raise SourceError(
                    f"{status.st_size} bytes are more than the {LARGEST} that are read",
                    hint="leave the file out",
                    file=shown,
                )
            return SourceFile(path=shown, data=stream.read())
    except OSError as error:
        raise SourceError(
            f"cannot be read: {error.strerror}", hint="mend the path or its permissions", file=shown
        ) from error


def replace(path: Path, *, expected: bytes, new: bytes, shown: str) -> None:
    """Replace the content `expected` by `new`, all of it or nothing.

    A symbolic link stays one: the file that it leads to is replaced. Mode and owner are kept, and a
    file of several hard links keeps them all (it is then written in place, beside a saved copy).

    Raises:
        StaleEdit: the file holds something else by now.
        SourceError: it cannot be written; the old content is still there.
    """
    target = path.resolve()
    if read(target, shown=shown).data != expected:
        raise StaleEdit(
            "changed while pinbot was at work; nothing was written", hint="run pinbot again", file=shown
        )
    try:
        status = target.stat()
        if not os.access(target, os.W_OK) or not status.st_mode & 0o222:
            raise SourceError("is read-only", hint="make it writable and run pinbot again", file=shown)
        if status.st_nlink > 1:
            _write_in_place(target, expected, new)
        else:
            _write_beside_and_rename(target, new, status)
    except OSError as error:
        raise SourceError(
            f"cannot be written: {error.strerror}",
            hint="the old content is untouched; mend the permissions of the file and its folder",
            file=shown,
        ) from error


def _write_beside_and_rename(target: Path, new: bytes, status: os.stat_result) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(new)
            stream.flush()
            with suppress(PermissionError):  # only root may give a file to somebody else
                os.fchown(stream.fileno(), status.st_uid, status.st_gid)
            os.fchmod(stream.fileno(), stat.S_IMODE(status.st_mode))
            os.fsync(stream.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _write_in_place(target: Path, old: bytes, new: bytes) -> None:
    """Write through to every hard link; a crash between leaves the saved copy beside the file."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.saved.", dir=target.parent)
    saved = Path(name)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(old)
        stream.flush()
        os.fsync(stream.fileno())
    with target.open("r+b") as stream:
        try:
            _overwrite(stream.fileno(), new)
        except OSError:
            _overwrite(stream.fileno(), old)
            raise
    saved.unlink()


def _overwrite(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    offset = 0
    while offset < len(view):
        offset += os.pwrite(descriptor, view[offset:], offset)
    os.ftruncate(descriptor, len(data))
    os.fsync(descriptor)
