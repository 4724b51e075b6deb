"""Folders in pinbot's cache where buildah or podman keeps images and layers from one run to the next.

A store belongs to one build at a time: the lock says so, and goes with the process that holds it. A build
that finds the first one taken uses the next. So the host's own storage is never touched, a baseline costs
little when it was built before, and everything in a store can be cleared away without asking whose it is.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pinbot import storage
from pinbot.errors import BuilderError

# Digests move on, and what was pulled for old ones is not asked for again.
LONGEST_AGE_SECONDS = 14 * 24 * 3600
_MOST = 32


@dataclass(frozen=True, slots=True)
class Store:
    """A store that is ours until `claim` ends."""

    folder: Path

    @property
    def root(self) -> Path:
        """Where images and layers are kept."""
        return self.folder / "root"

    @property
    def work(self) -> Path:
        """An empty folder for one build, on the same disk; it goes when the claim ends."""
        return self.folder / "work"

    @property
    def stale(self) -> bool:
        """Whether it is time to begin anew."""
        return self._born.exists() and time.time() - self._born.stat().st_mtime > LONGEST_AGE_SECONDS

    def lend(self, scratch: Path) -> None:
        """Note a folder elsewhere that belongs to the claim: if this one is killed, the next removes it."""
        self._scratch.symlink_to(scratch)

    def clear(self) -> None:
        """Remove what is of one claim."""
        if self._scratch.is_symlink():
            remove(self._scratch.readlink())
            self._scratch.unlink()
        remove(self.work)

    def renew(self) -> None:
        """Note that nothing old is in it."""
        self._born.touch()

    @property
    def _scratch(self) -> Path:
        return self.folder / "scratch"

    @property
    def _born(self) -> Path:
        return self.folder / "born"


@contextmanager
def claim(cache: Path) -> Iterator[Store]:
    """Hold the first store of `cache` that nobody else holds, here or in another process.

    Raises:
        BuilderError: the cache cannot be written, or all stores are taken.
    """
    with ExitStack() as exits:
        try:
            folder, lock = _first_free(cache)
            exits.callback(os.close, lock)
            store = Store(folder)
            store.clear()  # whoever was killed in here could not
            store.work.mkdir(mode=0o700)
        except OSError as error:
            raise BuilderError(
                f"the cache for builds cannot be written: {error}",
                hint="name another folder in XDG_CACHE_HOME",
            ) from error
        exits.callback(store.clear)
        yield store


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there and can be."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _first_free(cache: Path) -> tuple[Path, int]:
    for number in range(_MOST):
        folder = cache / f"store-{number}"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return folder, lock
    raise BuilderError(f"all {_MOST} stores in {cache} are in use", hint="let the other builds end first")


def cache_folder(environ: Mapping[str, str], name: str) -> Path:
    """Where `name` has its cache; see `storage.cache_folder`.

    Raises:
        BuilderError: the user has no home.
    """
    try:
        return storage.cache_folder(environ, Path(environ.get("HOME", "~"))).expanduser() / name
    except RuntimeError as error:
        raise BuilderError("there is no home to cache builds in", hint="set XDG_CACHE_HOME") from error
