"""A tar archive as the place of an image; nothing of it is unpacked."""

import posixpath
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Self

from pinbot.errors import ImageError
from pinbot.image.layers import headers, names, tar
from pinbot.image.layers.inflate import Inflater
from pinbot.image.limits import DEFAULT, Limits
from pinbot.image.sources import disk
from pinbot.image.sources.stores import absent

_MOST_MEMBERS = 100_000
_MOST_LINKS = 40


class Archive:
    """A tar archive, plain or compressed. Once it is searched, each file is read where it lies.

    One that is compressed is read from its start each time.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._plain = True
        self._files: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        self.place = str(path)

    @classmethod
    async def open(cls, path: Path, limits: Limits = DEFAULT) -> Self:
        """Search an archive.

        Raises:
            ImageError: it cannot be read, or is none.
        """
        archive = cls(path, limits)
        await archive._search()
        return archive

    async def size(self, name: str) -> int | None:
        """See `Store`."""
        found = self._find(name)
        return None if found is None else found[1]

    async def stream(self, name: str) -> AsyncGenerator[bytes, None]:
        """See `Store`."""
        found = self._find(name)
        if found is None:
            raise absent(self, name)
        start, left = found
        async with aclosing(self._from(start) if self._plain else self._inflated(start)) as pieces:
            while left:
                piece = (await anext(pieces, b""))[:left]
                if not piece:
                    raise ImageError(f"{self.place} has become shorter while it was read", hint="try again")
                left -= len(piece)
                yield piece

    async def _search(self) -> None:
        parser = tar.Parser()
        inflater = Inflater(self._limits)
        async with disk.opened(self._path) as file:
            with self._about():
                position = 0
                while not parser.ended and (piece := await file.read()):
                    position += len(piece)
                    for step in inflater.feed(piece):
                        self._note(parser.feed(step))
                    if inflater.plain and parser.skippable <= file.size - position:
                        position += parser.skippable
                        parser.skip(parser.skippable)
                        file.seek(position)
                if not parser.ended:
                    self._note(parser.feed(inflater.close()))
                    parser.close()
        self._plain = inflater.plain

    def _from(self, start: int) -> AsyncGenerator[bytes, None]:
        return disk.pieces(self._path, start)

    async def _inflated(self, start: int) -> AsyncGenerator[bytes, None]:
        """What the compressed archive stands for, from that byte on."""
        inflater = Inflater(self._limits)
        async with aclosing(disk.pieces(self._path)) as pieces:
            async for piece in pieces:
                with self._about():
                    for step in inflater.feed(piece):
                        fresh = step[start:]
                        start -= min(start, len(step))
                        if fresh:
                            yield fresh

    def _note(self, events: Iterator[tar.Member | memoryview]) -> None:
        for event in events:
            if not isinstance(event, tar.Member):
                continue
            name = names.inside(event.name, self._limits.name)
            self._files.pop(name, None)
            self._links.pop(name, None)
            if event.sparse:
                raise ImageError(
                    f"holds {headers.shown(name)} as a sparse file", hint="make it without --sparse"
                )
            if event.kind is tar.Kind.FILE:
                self._files[name] = (event.offset, event.size)
            elif event.kind is tar.Kind.HARD_LINK:
                self._links[name] = names.inside(event.link, self._limits.name)
            elif event.kind is tar.Kind.SYMLINK:
                self._links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), event.link))
            if len(self._files) + len(self._links) > _MOST_MEMBERS:
                raise ImageError(f"holds more than {_MOST_MEMBERS} files", hint="name an image's archive")

    def _find(self, name: str) -> tuple[int, int] | None:
        """Where a file lies and how long it is; older archives have links to what comes again."""
        for _ in range(_MOST_LINKS):
            if name in self._files:
                return self._files[name]
            if name not in self._links:
                return None
            name = self._links[name]
        return None

    @contextmanager
    def _about(self) -> Iterator[None]:
        """Say of which archive an error tells, whose message goes on from there."""
        try:
            yield
        except ImageError as error:
            raise ImageError(f"{self.place} {error.message}", hint=error.hint) from error
