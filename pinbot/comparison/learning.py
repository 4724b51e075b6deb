"""What comparisons learn of layers and documents, each of which never changes."""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator

from pinbot.comparison import reading, records
from pinbot.comparison.notes import Notes
from pinbot.errors import ImageError
from pinbot.model.image import Taken
from pinbot.model.manifest import Descriptor, Index, Manifest
from pinbot.model.reference import Digest
from pinbot.ports.images import ImageSource
from pinbot.ports.machine import Cache

_STREAMS = 4
"""Layers that are read at a time: the memory that this takes is bounded, and a host is not overrun."""

_FOREIGN = re.compile(r"[./](?:foreign|nondistributable)[./]")


class Learner:
    """Reads layers for any number of comparisons at a time, each layer once.

    Args:
        cache: where notes are kept between runs.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._streams = asyncio.Semaphore(_STREAMS)
        self._notes: dict[Digest, Notes] = {}
        self._locks: dict[Digest, asyncio.Lock] = {}

    async def notes(self, source: ImageSource, layer: Descriptor, diff_id: Digest) -> Notes:
        """What is to be known of a layer.

        Raises:
            RegistryError, ImageError: it cannot be had, or read.
        """
        if _FOREIGN.search(layer.media_type):
            raise ImageError(
                f"layer {layer.digest.short}… is a foreign one, which registries do not keep",
                image=source.name,
            )
        async with self._locks.setdefault(layer.digest, asyncio.Lock()):
            if layer.digest not in self._notes:
                self._notes[layer.digest] = await self._learn(source, layer, diff_id)
            return self._notes[layer.digest]

    def remembering(self, source: ImageSource) -> ImageSource:
        """The same source, which asks for no document or config that is known."""
        return _Remembering(source, self._cache)

    async def _learn(self, source: ImageSource, layer: Descriptor, diff_id: Digest) -> Notes:
        name = f"layer/{records.FORMAT}/{layer.digest}"
        known = await self._cache.get(name)
        notes = None if known is None else records.read_notes(known)
        if notes is None:
            async with self._streams:
                notes = await reading.read(source, layer, diff_id)
            await self._cache.put(name, records.write_notes(notes))
        return notes


class _Remembering:
    """An `ImageSource` that keeps what is small and known by its digest."""

    def __init__(self, source: ImageSource, cache: Cache) -> None:
        self._source = source
        self._cache = cache

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def taken(self) -> Taken:
        return self._source.taken

    async def root(self) -> tuple[Descriptor, Manifest | Index]:
        return await self._source.root()

    async def document(self, descriptor: Descriptor) -> Manifest | Index:
        name = f"document/{records.FORMAT}/{descriptor.digest}"
        known = await self._cache.get(name)
        document = None if known is None else records.read_document(known)
        if document is None:
            document = await self._source.document(descriptor)
            await self._cache.put(name, records.write_document(document))
        return document

    async def blob(self, descriptor: Descriptor) -> bytes:
        name = f"blob/{descriptor.digest}"
        known = await self._cache.get(name)
        if known is not None and _is(descriptor, known):
            return known
        blob = await self._source.blob(descriptor)
        await self._cache.put(name, blob)
        return blob

    def stream(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        return self._source.stream(descriptor)


def _is(descriptor: Descriptor, content: bytes) -> bool:
    actual = hashlib.new(descriptor.digest.algorithm, content).hexdigest()
    return len(content) == descriptor.size and actual == descriptor.digest.hex
