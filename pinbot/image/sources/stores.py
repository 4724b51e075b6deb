"""Where local images keep their files: in a folder, or in a tar archive of which nothing is unpacked."""

import hashlib
import posixpath
import stat
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Protocol

from pinbot.errors import ImageError, Mismatch
from pinbot.image.layers import names, tar
from pinbot.image.layers.inflate import Inflater
from pinbot.image.limits import DEFAULT, Limits
from pinbot.image.sources import disk
from pinbot.model.manifest import Descriptor

SMALL = 4 * 1024 * 1024
"""Bytes that a manifest, a config or a list may have."""

_MOST_MEMBERS = 100_000
_MOST_LINKS = 40


class Store(Protocol):
    """Files by their names, e.g. `blobs/sha256/…`."""

    @property
    def place(self) -> str:
        """What it is, for messages: its path."""
        ...

    async def size(self, name: str) -> int | None:
        """Bytes of a file; None where there is no such file.

        Raises:
            ImageError: it cannot be asked for.
        """
        ...

    def stream(self, name: str) -> AsyncGenerator[bytes, None]:
        """The bytes of a file that is there.

        Raises:
            ImageError: it cannot be read.
        """
        ...


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
            raise ImageError(f"{name} in {self.place} cannot be read: {error}") from error
        if not path.is_relative_to(folder):
            raise ImageError(
                f"{name} in {self.place} is a link that leads out of that folder",
                hint="put the file itself there",
            )
        return path


class Archive:
    """A tar archive, plain or compressed. It is searched once; then each file is read where it lies.

    One that is compressed is read from its start each time.
    """

    def __init__(self, path: Path, limits: Limits = DEFAULT) -> None:
        self._path = path
        self._limits = limits
        self._plain = True
        self._files: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        self.place = str(path)

    async def search(self) -> None:
        """Find out what lies where; to be done once, before anything else.

        Raises:
            ImageError: the archive cannot be read, or is none.
        """
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
                    for step in inflater.close():
                        self._note(parser.feed(step))
                    parser.close()
        self._plain = inflater.plain

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
                raise ImageError(f"holds {tar.shown(name)} as a sparse file", hint="make it without --sparse")
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


async def read(store: Store, name: str) -> bytes:
    """A small file, whole.

    Raises:
        ImageError: it is not there, or has more than 4 MiB.
    """
    size = await store.size(name)
    if size is None:
        raise absent(store, name)
    if size > SMALL:
        raise ImageError(
            f"{name} in {store.place} has {size} bytes, more than the {SMALL} that are read of such a file",
            hint="no image that other tools would read has so large a part",
        )
    async with aclosing(store.stream(name)) as pieces:
        return b"".join([piece async for piece in pieces])


async def verified(store: Store, name: str, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
    """The bytes of a blob; the last come when all are known to be those of the descriptor.

    Raises:
        ImageError: it is not there.
        Mismatch: it is another one.
    """
    size = await store.size(name)
    if size is None:
        raise absent(store, name)
    if size != descriptor.size:
        raise Mismatch(
            f"{name} in {store.place} has {size} bytes, where the manifest says {descriptor.size}",
            hint="make the image anew",
        )
    whole = hashlib.new(descriptor.digest.algorithm)
    last = b""
    async with aclosing(store.stream(name)) as pieces:
        async for piece in pieces:
            whole.update(piece)
            if last:
                yield last
            last = piece
    if whole.hexdigest() != descriptor.digest.hex:
        raise Mismatch(
            f"{name} in {store.place} has the digest {descriptor.digest.algorithm}:{whole.hexdigest()}, "
            "which is not that of its name",
            hint="the file is damaged: make the image anew",
        )
    if last:
        yield last


def absent(store: Store, name: str) -> ImageError:
    """The error for a file that is not in a store."""
    return ImageError(f"there is no file {name} in {store.place}", hint="make the image anew")
