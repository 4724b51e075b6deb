"""Reading files, piece by piece and without holding up anybody else."""

import asyncio
import errno
import io
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from pinbot.errors import ImageError

PIECE = 256 * 1024

T = TypeVar("T")


class Reader:
    """An open file."""

    def __init__(self, file: io.FileIO, size: int) -> None:
        self._file = file
        self.size = size

    async def read(self) -> bytes:
        """The next bytes, up to 256 KiB; none at the end."""
        return await in_thread(lambda: self._file.read(PIECE))

    def seek(self, position: int) -> None:
        """Go on at another byte."""
        self._file.seek(position)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Reader]:
    """Open a regular file.

    Raises:
        ImageError: it cannot be opened or, within the block, read.
    """
    try:
        file = await in_thread(lambda: _open(path))
        with file:
            yield Reader(file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise unreadable(path, error) from error


async def pieces(path: Path, start: int = 0) -> AsyncGenerator[bytes, None]:
    """The bytes of a regular file from `start` on, up to 256 KiB at a time.

    Raises:
        ImageError: it cannot be read.
    """
    async with opened(path) as file:
        file.seek(start)
        while piece := await file.read():
            yield piece


def unreadable(path: Path, error: OSError) -> ImageError:
    """The error for a file that the system does not give."""
    return ImageError(
        f"{path} cannot be read: {error.strerror or error}", hint="check the path and its permissions"
    )


async def in_thread(work: Callable[[], T]) -> T:
    """Do what may block elsewhere; who is cancelled meanwhile goes on only when it is done."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _open(path: Path) -> io.FileIO:
    # A FIFO would be waited for, were it not for O_NONBLOCK.
    file = io.FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no regular file")
    return file
