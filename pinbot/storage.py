"""Files that appear whole or not at all, and where pinbot keeps its own of them on this machine."""

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path


def cache_folder(environ: Mapping[str, str], home: Path) -> Path:
    """For what can be found out again: in XDG_CACHE_HOME, else in `~/.cache`."""
    return _folder(environ.get("XDG_CACHE_HOME"), home / ".cache")


def state_folder(environ: Mapping[str, str], home: Path) -> Path:
    """For what would be lost: in XDG_STATE_HOME, else in `~/.local/state`."""
    return _folder(environ.get("XDG_STATE_HOME"), home / ".local" / "state")


def _folder(named: str | None, usual: Path) -> Path:
    """A relative path counts as none (XDG Base Directory Specification): it would lie in a repository."""
    base = Path(named or "")
    return (base if base.is_absolute() else usual) / "pinbot"


def is_private(status: os.stat_result) -> bool:
    """Whether nobody but this user can have written what has this status."""
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def replace(path: Path, data: bytes, *, lasting: bool = False) -> None:
    """Have a file hold this, for this user alone to read.

    Args:
        path: of the file; its folder is there.
        data: what it shall hold.
        lasting: whether it must be there after the machine has crashed, which takes time.

    Raises:
        OSError: it cannot be written; what was there is still there.
    """
    fresh = beside(path, data, lasting=lasting)
    try:
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def beside(path: Path, data: bytes, *, prefix: str = ".new-", lasting: bool = True) -> Path:
    """A new file in the same folder, under a name that nobody else has; see `replace`.

    Raises:
        OSError: it cannot be written, and is not there.
    """
    descriptor, name = tempfile.mkstemp(prefix=prefix, dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            if lasting:
                stream.flush()
                os.fsync(stream.fileno())
    except BaseException:
        fresh.unlink()
        raise
    return fresh
