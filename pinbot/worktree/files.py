"""Reading files, and replacing what is in them so that nothing is ever half-written."""

import os
import shutil
import stat
from pathlib import Path

from pinbot import storage
from pinbot.errors import SourceError, StaleEdit, UsageError
from pinbot.model.occurrence import SourceFile

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file that is read: no file that people write comes near it."""


def read(path: Path, *, shown: str) -> SourceFile:
    """Read a regular file whole; `shown` is its path as the user would type it.

    Raises:
        SourceError: missing, unreadable, not a regular file, or too large.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as stream:
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


def is_folder(path: Path) -> bool:
    """Whether the path leads to a folder; not where that cannot be found out, unlike `Path.is_dir`."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


def real(path: Path) -> Path:
    """The path without links; a loop of links stays as it is, where `Path.resolve` gives up.

    Raises:
        UsageError: the path is relative to a current folder that was deleted.
    """
    try:
        return Path(os.path.realpath(path))
    except FileNotFoundError as error:
        raise UsageError(
            "the current folder does not exist any more", hint="change to one that does"
        ) from error


def replace(path: Path, *, expected: bytes, new: bytes, shown: str) -> None:
    """Replace the content `expected` by `new`, all of it or nothing.

    A symbolic link stays one: the file that it leads to is replaced. Mode, owner and extended attributes
    are kept. A file of several hard links, or of another user, is written in place: replacing it would cut
    the links or change its owner. A file that holds `new` already is left alone, so that every name of it
    can be asked for.

    Raises:
        StaleEdit: the file holds something else by now.
        SourceError: it cannot be written. The old content is still there, or the message says where it is.
    """
    target = real(path)
    found = read(target, shown=shown).data
    if found == new:
        return
    if found != expected:
        raise StaleEdit(
            "changed while pinbot was at work; nothing was written", hint="run pinbot again", file=shown
        )
    try:
        status = target.stat()
        if not os.access(target, os.W_OK) or not status.st_mode & 0o222:
            raise SourceError("is read-only", hint="make it writable and run pinbot again", file=shown)
        if status.st_nlink > 1 or not _may_own_like(status):
            _write_in_place(target, expected, new, shown=shown)
        else:
            _write_beside_and_rename(target, new, status)
    except OSError as error:
        raise SourceError(
            f"cannot be written: {error.strerror}",
            hint="the old content is untouched; mend the permissions of the file and its folder",
            file=shown,
        ) from error


def create(path: Path, data: bytes, *, within: Path, shown: str) -> bool:
    """Write a file that is not there yet, whole or not at all; False where anything of that name is there.

    Args:
        path: of the file; the folders above it are made.
        data: what it is to hold.
        within: the folder that it must be in, when links are followed.
        shown: its path as the user would type it.

    Raises:
        SourceError: it cannot be written, or a link leads out of the folder.
    """
    if not real(path.parent).is_relative_to(real(within)):
        raise SourceError(
            f"a link leads out of {within}", hint="write it by hand if that is meant", file=shown
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = _write_beside(path, data)
        try:
            beside.chmod(_usual_mode())
            os.link(beside, path, follow_symlinks=False)  # unlike a rename it replaces nothing
        except FileExistsError:
            return False
        finally:
            beside.unlink()
    except OSError as error:
        raise SourceError(
            f"cannot be written: {error.strerror}", hint="mend the permissions of its folder", file=shown
        ) from error
    return True


def _usual_mode() -> int:
    """The mode of a file that is made without saying one."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _without_waiting(path: str, flags: int) -> int:
    """Open without waiting for anybody: a named pipe that nobody writes to would hold the run for ever."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _may_own_like(status: os.stat_result) -> bool:
    """Whether a new file of ours can have this owner and group."""
    if os.geteuid() == 0:
        return True
    return status.st_uid == os.geteuid() and status.st_gid in {os.getegid(), *os.getgroups()}


def _write_beside_and_rename(target: Path, new: bytes, status: os.stat_result) -> None:
    beside = _write_beside(target, new)
    try:
        os.chown(beside, status.st_uid, status.st_gid)
        shutil.copystat(target, beside)  # after the owner, since a change of owner takes mode bits away
        os.utime(beside)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _write_in_place(target: Path, old: bytes, new: bytes, *, shown: str) -> None:
    """Write through to every hard link; a crash between leaves the saved copy beside the file."""
    with target.open("r+b") as stream:
        saved = _write_beside(target, old)
        try:
            _overwrite(stream.fileno(), new)
        except OSError as error:
            try:
                _overwrite(stream.fileno(), old)
            except OSError:
                raise SourceError(
                    f"is half-written: {error.strerror}", hint=f"the old content is in {saved}", file=shown
                ) from error
            saved.unlink()
            raise
    saved.unlink()


def _write_beside(target: Path, data: bytes) -> Path:
    """A new file in the same folder, safely on disk."""
    return storage.beside(target, data, prefix=".pinbot-")


def _overwrite(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    offset = 0
    while offset < len(view):
        offset += os.pwrite(descriptor, view[offset:], offset)
    os.ftruncate(descriptor, len(data))
    os.fsync(descriptor)
