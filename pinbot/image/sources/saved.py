"""An image in an archive that `docker save` wrote."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from pinbot import documents, saved
from pinbot.errors import ImageError, Mismatch, PinbotError
from pinbot.image.sources import disk, stores
from pinbot.image.sources.meter import Meter
from pinbot.image.sources.stores import Store
from pinbot.model.image import Taken
from pinbot.model.manifest import OCI_MANIFEST, Descriptor, Index, Manifest
from pinbot.model.reference import Digest, ImageReference
from pinbot.saved import SavedImage


class Saved:
    """Looks into an image of an archive; an `ImageSource`.

    The archive holds no manifest. It is made up here: for that each layer is read once and packed as a push
    would do it, which takes its time.

    Args:
        reference: which image, by a tag that it was saved with; may be left out if there is one.
    """

    def __init__(self, store: Store, *, name: str, reference: str | None = None) -> None:
        self.name = name
        self._store = store
        self._reference = reference
        self._meter = Meter()
        self._lock = asyncio.Lock()
        self._root: tuple[Descriptor, Manifest] | None = None
        self._names: dict[Digest, str] = {}

    @property
    def taken(self) -> Taken:
        """See `ImageSource`."""
        return self._meter.taken

    async def root(self) -> tuple[Descriptor, Manifest | Index]:
        """See `ImageSource`.

        Raises:
            ImageError: also where there are several images and none of them is named.
        """
        async with self._lock:
            if self._root is None:
                self._root = await self._make_up()
            return self._root

    async def document(self, descriptor: Descriptor) -> Manifest | Index:
        """See `ImageSource`; the root is the only one."""
        root, document = await self.root()
        if descriptor.digest != root.digest:
            raise ImageError(
                f"there is no manifest {descriptor.digest} in {self._store.place}", image=self.name
            )
        return document

    async def blob(self, descriptor: Descriptor) -> bytes:
        """See `ImageSource`."""
        self._meter.begin()
        body = await stores.read(self._store, self._named(descriptor))
        self._meter.add(len(body))
        if saved.digest_of(body) != descriptor.digest:
            raise ImageError(f"{self._store.place} has changed while it was read", hint="try again")
        return body

    async def stream(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        """See `ImageSource`; layers come as they lie in the archive, and count as if they were packed."""
        self._meter.begin()
        name = self._named(descriptor)
        stored = await self._store.size(name) or 1
        read = counted = 0
        async with aclosing(self._store.stream(name)) as pieces:
            async for piece in pieces:
                read += len(piece)
                fresh = read * descriptor.size // stored - counted
                counted += fresh
                self._meter.add(fresh)
                yield piece

    async def _make_up(self) -> tuple[Descriptor, Manifest]:
        image = self._choose(await self._listing())
        config = await stores.read(self._store, image.config)
        described = saved.digest_of(config)
        stem = image.config.rpartition("/")[2].removesuffix(".json")
        if len(stem) == len(described.hex) and stem != described.hex:
            raise Mismatch(
                f"{image.config} in {self._store.place} is not what its name says, but {described}",
                hint="the file is damaged: save the image anew",
                image=self.name,
            )
        self._names[described] = image.config
        layers = [await self._pack(name) for name in image.layers]
        body = saved.manifest(config, layers)
        document = documents.parse(body, OCI_MANIFEST)
        assert isinstance(document, Manifest)  # noqa: S101  it was made so in the line before
        return Descriptor(media_type=OCI_MANIFEST, digest=saved.digest_of(body), size=len(body)), document

    async def _pack(self, name: str) -> Descriptor:
        packer = saved.Packer()
        async with aclosing(self._store.stream(name)) as pieces:
            async for piece in pieces:
                await disk.in_thread(partial(packer.feed, piece))
        packer.finish()
        self._names[packer.descriptor.digest] = name
        return packer.descriptor

    async def _listing(self) -> tuple[SavedImage, ...]:
        place = self._store.place
        if await self._store.size(saved.LISTING) is None:
            raise ImageError(
                f"{place} is no archive of docker save: there is no {saved.LISTING} in it",
                hint="for an archive of an OCI layout write oci-archive:",
                image=self.name,
            )
        try:
            return saved.listing(await stores.read(self._store, saved.LISTING))
        except (ValueError, RecursionError) as error:
            raise ImageError(
                f"{saved.LISTING} in {place} is not what docker writes: {error}",
                hint="save the image anew",
                image=self.name,
            ) from error

    def _choose(self, images: tuple[SavedImage, ...]) -> SavedImage:
        wanted = self._reference
        fitting = [image for image in images if wanted is None or _is_called(image, wanted)]
        if len(fitting) == 1:
            return fitting[0]
        there = tuple(tag for image in images for tag in image.tags or (image.config,))
        raise stores.ambiguous(self.name, self._store, wanted, len(fitting), there)

    def _named(self, descriptor: Descriptor) -> str:
        name = self._names.get(descriptor.digest)
        if name is None:
            raise ImageError(f"there is no blob {descriptor.digest} in {self._store.place}", image=self.name)
        return name


def _is_called(image: SavedImage, wanted: str) -> bool:
    """Docker saves the short form of a tag; the long one, or its config's name, means the same image."""
    return wanted == image.config or any(_whole(tag) == _whole(wanted) for tag in image.tags)


def _whole(text: str) -> str:
    try:
        return str(ImageReference.parse(text))
    except PinbotError:
        return text
