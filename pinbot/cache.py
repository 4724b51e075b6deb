"""What was found out about things that never change, in the user's cache folder (XDG Base Directory).

Any number of runs may share the folder. Each entry is a file that appears whole, or not at all, and carries a
checksum; what was damaged, or left by another release, is as good as not there.
"""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from pinbot import storage

LIMIT = 64 * 1024**2
"""Bytes that are kept on disk; the entries that were not used for longest make room."""

_MAGIC = b"pinbot-cache 1\n"
_CHECKSUM = 64
_LARGEST_SHARE = 4
_EVICTED_TO = 0.8


class DiskCache:
    """The `Cache` of wiring.

    Args:
        folder: is made when there is something to keep; one that others may write to is not used.
        limit: bytes that may be kept.
    """

    def __init__(self, folder: Path, *, limit: int = LIMIT) -> None:
        self._folder = folder
        self._limit = limit
        self._size: int | None = None

    async def get(self, name: str) -> bytes | None:
        """See `Cache`."""
        return await asyncio.to_thread(self._get, name)

    async def put(self, name: str, data: bytes) -> None:
        """See `Cache`."""
        await asyncio.to_thread(self._put, name, data)

    def _get(self, name: str) -> bytes | None:
        path = self._path(name)
        try:
            if not self._is_ours():
                return None
            content = path.read_bytes()
            data = _unpacked(name, content)
            if data is None:
                path.unlink()
            else:
                os.utime(path)
        except OSError:
            return None
        return data

    def _put(self, name: str, data: bytes) -> None:
        if len(data) > self._limit // _LARGEST_SHARE:
            return
        path = self._path(name)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_ours():
                return
            path.parent.mkdir(mode=0o700, exist_ok=True)
            storage.replace(path, _packed(name, data))
            self._make_room(len(data))
        except OSError:
            return

    def _path(self, name: str) -> Path:
        key = hashlib.sha256(name.encode()).hexdigest()
        return self._folder / key[:2] / key[2:]

    def _is_ours(self) -> bool:
        """Whether nobody else can have put anything into the folder."""
        return storage.is_private(self._folder.stat())

    def _make_room(self, added: int) -> None:
        """Count what came; when it is too much, look at all there is and remove what is oldest."""
        if self._size is not None:
            self._size += added
        if self._size is not None and self._size <= self._limit:
            return
        entries = sorted(self._entries())
        size = sum(entry[1] for entry in entries)
        if size > self._limit:
            for _, length, path in entries:
                if size <= self._limit * _EVICTED_TO:
                    break
                path.unlink(missing_ok=True)
                size -= length
        self._size = size

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        """When each was last used, its size and its place; another run may remove some meanwhile."""
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(OSError):
                found = path.stat()
                yield found.st_mtime, found.st_size, path


def _packed(name: str, data: bytes) -> bytes:
    body = name.encode() + b"\n" + data
    return _MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def _unpacked(name: str, content: bytes) -> bytes | None:
    head = len(_MAGIC) + _CHECKSUM + 1
    body = content[head:]
    title = name.encode() + b"\n"
    expected = _MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n"
    return body[len(title) :] if content[:head] == expected and body.startswith(title) else None
