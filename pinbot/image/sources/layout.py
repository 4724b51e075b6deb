"""An image in an OCI layout, be it a folder or an archive of one (image-spec 1.1, image-layout.md)."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from pinbot import documents
from pinbot.errors import ImageError, RegistryError
from pinbot.image.sources import stores
from pinbot.image.sources.meter import Meter
from pinbot.image.sources.stores import Store
from pinbot.model.image import Taken
from pinbot.model.manifest import OCI_INDEX, Descriptor, Index, Manifest

_REF_NAME = "org.opencontainers.image.ref.name"
# The whole reference, by docker and containerd.
_IMAGE_NAME = "io.containerd.image.name"


class Layout:
    """Looks into the image of a layout; an `ImageSource`. Every part is compared with its digest and size.

    Args:
        reference: which image, by a name or digest that is in the layout; may be left out if there is one.
    """

    def __init__(self, store: Store, *, name: str, reference: str | None = None) -> None:
        self.name = name
        self._store = store
        self._reference = reference
        self._meter = Meter()
        self._root: tuple[Descriptor, Manifest | Index] | None = None

    @property
    def taken(self) -> Taken:
        """See `ImageSource`."""
        return self._meter.taken

    async def root(self) -> tuple[Descriptor, Manifest | Index]:
        """See `ImageSource`.

        Raises:
            ImageError: also where there are several images and none of them is named.
        """
        if self._root is None:
            chosen = self._choose(await self._index())
            self._root = chosen, await self.document(chosen)
        return self._root

    async def document(self, descriptor: Descriptor) -> Manifest | Index:
        """See `ImageSource`."""
        return self._parsed(await self.blob(descriptor), descriptor.media_type)

    async def blob(self, descriptor: Descriptor) -> bytes:
        """See `ImageSource`."""
        if descriptor.size > stores.SMALL:
            raise ImageError(
                f"blob {descriptor.digest.short}… has {descriptor.size} bytes, more than the {stores.SMALL} "
                "that are read of a manifest or config",
                hint="no image that other tools would read has so large a part",
                image=self.name,
            )
        async with aclosing(self.stream(descriptor)) as pieces:
            return b"".join([piece async for piece in pieces])

    async def stream(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        """See `ImageSource`."""
        self._meter.begin()
        name = f"blobs/{descriptor.digest.algorithm}/{descriptor.digest.hex}"
        async with aclosing(stores.verified(self._store, name, descriptor)) as pieces:
            async for piece in pieces:
                self._meter.add(len(piece))
                yield piece

    async def _index(self) -> Index:
        place = self._store.place
        if await self._store.size("index.json") is None:
            raise ImageError(
                f"{place} is no OCI layout: there is no index.json in it",
                hint="name the folder or archive that a builder wrote with type=oci, or with oci:",
            )
        document = self._parsed(await stores.read(self._store, "index.json"), OCI_INDEX)
        if not isinstance(document, Index):
            raise ImageError(f"index.json in {place} is no index", hint="make the image anew")
        return document

    def _parsed(self, body: bytes, media_type: str) -> Manifest | Index:
        try:
            return documents.parse(body, media_type)
        except RegistryError as error:
            raise ImageError(error.message, hint=error.hint, image=self.name) from error

    def _choose(self, index: Index) -> Descriptor:
        """The image that is meant. One may stand there several times, under several names."""
        known = [child for child in index.manifests if documents.is_known(child.media_type)]
        wanted = self._reference
        fitting = {
            child.digest: child
            for child in known
            if wanted is None or wanted in _names(child) or wanted == str(child.digest)
        }
        if len(fitting) == 1:
            return next(iter(fitting.values()))
        there = dict.fromkeys(name for child in known for name in _names(child) or (str(child.digest),))
        raise stores.ambiguous(self.name, self._store, wanted, len(fitting), tuple(there))


def _names(descriptor: Descriptor) -> tuple[str, ...]:
    """What an image in a layout can be called."""
    return tuple(value for key, value in descriptor.annotations if key in {_REF_NAME, _IMAGE_NAME})
