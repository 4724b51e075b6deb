"""The ledger in a file of this machine, for runs without a forge."""

import asyncio
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pinbot import storage
from pinbot.errors import SourceError
from pinbot.model.ledger import Ledger, from_bytes, merged, to_bytes

_LARGEST = 64 * 1024 * 1024


def default_path(environ: Mapping[str, str], home: Path) -> Path:
    """Where the ledger is, if nobody says otherwise."""
    return storage.state_folder(environ, home) / "ledger.json"


class LedgerFile:
    """A `LedgerStore`; runs at the same time wait for each other."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> Ledger:
        """See `LedgerStore.read`.

        Raises:
            SourceError: the file cannot be read, or is no ledger.
        """
        return await asyncio.to_thread(self._read)

    async def add(self, ledger: Ledger) -> None:
        """See `LedgerStore.add`.

        Raises:
            SourceError: the file cannot be read or written.
        """
        await asyncio.to_thread(self._add, ledger)

    def _read(self) -> Ledger:
        try:
            with self._path.open("rb") as stream:
                data = stream.read(_LARGEST)
            return from_bytes(data)
        except FileNotFoundError:
            return Ledger()
        except OSError as error:
            raise self._out_of_reach(f"cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise SourceError(
                f"is no ledger of pinbot's: {error}",
                hint="mend or delete it; then digests count as seen for the first time in the next run",
                file=str(self._path),
            ) from error

    def _add(self, ledger: Ledger) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._locked():
                before = self._read()
                after = merged(before, ledger)
                if after != before:
                    storage.replace(self._path, to_bytes(after), lasting=True)
        except OSError as error:
            raise self._out_of_reach(f"cannot be written: {error.strerror}") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _out_of_reach(self, what: str) -> SourceError:
        hint = "let XDG_STATE_HOME name a folder that can be written and is there in the next run"
        return SourceError(what, hint=hint, file=str(self._path))
