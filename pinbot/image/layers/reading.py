"""Layers from where they lie to their changes.

    keep = lambda entry: 2**20 if entry.path == "lib/apk/db/installed" else 0
    async with aclosing(read(source, layer, keep=keep)) as changes:
        async for change in changes:
            ...

Nothing is stored but what `keep` asks for, and whoever leaves the loop stops the download.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from types import TracebackType
from typing import Self

from pinbot import documents
from pinbot.errors import ImageError
from pinbot.image.layers.changes import Change, Keep, Wanted, none, nothing
from pinbot.image.layers.layer import Layer
from pinbot.image.limits import Allowance
from pinbot.model.manifest import Descriptor
from pinbot.model.reference import Digest
from pinbot.ports.images import ImageSource

_LAYER = re.compile(r"[\w.+/-]*[./]tar(?:[.+](?:gzip|gz|zstd))?", re.ASCII)
_AT_ONCE = 4
_ROOM = 16 * 1024**2


async def read(
    source: ImageSource,
    descriptor: Descriptor,
    *,
    number: int = 0,
    diff_id: Digest | None = None,
    keep: Keep = nothing,
    hashed: Wanted = none,
    allowance: Allowance | None = None,
) -> AsyncGenerator[Change, None]:
    """The changes of one layer, in its order; see `Layer` for the arguments.

    Use it with `contextlib.aclosing`: leaving early then stops the download. Only who reads to the end knows
    that the layer is the one that the manifest and the config name.

    Raises:
        ImageError: the layer is damaged, or too large, or cannot be unpacked.
        RegistryError: it cannot be had.
    """
    layer = Layer(number=number, diff_id=diff_id, keep=keep, hashed=hashed, allowance=allowance)
    async with aclosing(pieces_of(source, descriptor)) as pieces:
        async for piece in pieces:
            with about(source, descriptor):
                for change in layer.feed(piece):
                    yield change
            # Inflating is long work: let others have their turn.
            await asyncio.sleep(0)
    with about(source, descriptor):
        layer.close()


async def read_all(
    source: ImageSource, layers: Sequence[tuple[Descriptor, Layer]], take: Callable[[Change, int], None]
) -> None:
    """Read layers to their end, one after the other, giving to `take` each change and the layer's number.

    Small layers are fetched while those before them are read.

    Raises:
        ImageError, RegistryError: as for `read`; what `take` raises is said to be of the layer.
    """
    async with _Ahead(source, [descriptor for descriptor, _ in layers]) as ahead:
        for number, (descriptor, layer) in enumerate(layers):
            async with aclosing(ahead.pieces(number)) as pieces:
                async for piece in pieces:
                    with about(source, descriptor):
                        for change in layer.feed(piece):
                            take(change, number)
                    await asyncio.sleep(0)
            with about(source, descriptor):
                layer.close()


def pieces_of(source: ImageSource, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
    """The bytes of a layer as it is stored.

    Raises:
        ImageError: it is no layer.
    """
    if not _LAYER.fullmatch(descriptor.media_type):
        kind = documents.clean(descriptor.media_type)
        raise ImageError(
            f"layer {descriptor.digest.short}… is {kind}, which holds no files",
            hint="name a container image",
            image=source.name,
        )
    return source.stream(descriptor)


class _Ahead:
    """Fetches small layers before their turn, a few at a time and no more than fit into the room for them.

    In the order of their turn, so that what is found, or goes wrong, does not depend on who is faster.
    """

    def __init__(self, source: ImageSource, layers: Sequence[Descriptor]) -> None:
        self._source = source
        self._layers = layers
        self._room = _ROOM
        self._next = 0
        self._fetched: dict[int, asyncio.Task[list[bytes]]] = {}

    async def pieces(self, number: int) -> AsyncGenerator[bytes, None]:
        """The bytes of a layer whose turn it is."""
        self._next = max(self._next, number + 1)
        self._fetch()
        task = self._fetched.pop(number, None)
        if task is None:
            async with aclosing(pieces_of(self._source, self._layers[number])) as pieces:
                async for piece in pieces:
                    yield piece
        else:
            for piece in await task:
                yield piece
            self._room += self._layers[number].size

    def _fetch(self) -> None:
        """Begin with those that come next, up to the first that there is no room for."""
        while self._next < len(self._layers) and len(self._fetched) < _AT_ONCE:
            layer = self._layers[self._next]
            if layer.size > self._room:
                # One that never fits is read when it is its turn; the others wait behind it.
                return
            self._room -= layer.size
            self._fetched[self._next] = asyncio.create_task(self._whole(layer))
            self._next += 1

    async def _whole(self, layer: Descriptor) -> list[bytes]:
        async with aclosing(pieces_of(self._source, layer)) as pieces:
            return [piece async for piece in pieces]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._fetched.values():
            task.cancel()
        await asyncio.gather(*self._fetched.values(), return_exceptions=True)


@contextmanager
def about(source: ImageSource, descriptor: Descriptor) -> Iterator[None]:
    """Say of which layer an error tells, whose message goes on from there, and of which image."""
    try:
        yield
    except ImageError as error:
        raise type(error)(
            f"layer {descriptor.digest.short}… {error.message}", hint=error.hint, image=source.name
        ) from error
