"""A folder as the place of an image."""

import stat
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from pinbot.documents import clean
from pinbot.errors import ImageError
from pinbot.image.sources import disk
from pinbot.image.sources.stores import absent


class Folder:
    """A folder. No link is followed out of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = str(path)

    async def size(self, name: str) -> int | None:
        """See `Store`."""
        path = await self._inside(name)
        if path is None:
            return None
        try:
            found = await disk.in_thread(path.stat)
        except OSError as error:
            raise disk.unreadable(path, error) from error
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    async def stream(self, name: str) -> AsyncGenerator[bytes, None]:
        """See `Store`."""
        path = await self._inside(name)
        if path is None:
            raise absent(self, name)
        async with aclosing(disk.pieces(path)) as pieces:
            async for piece in pieces:
                yield piece

    async def _inside(self, name: str) -> Path | None:
        try:
            folder = await disk.in_thread(lambda: self._path.resolve(strict=True))
            path = await disk.in_thread(lambda: (folder / name).resolve(strict=True))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, RuntimeError) as error:
            # RuntimeError is what links in a circle give.
            raise ImageError(
                f"{clean(name)} in {self.place} cannot be read: {error}", hint="check the file"
            ) from error
        if not path.is_relative_to(folder):
            raise ImageError(
                f"{clean(name)} in {self.place} is a link that leads out of that folder",
                hint="put the file itself there",
            )
        return path
