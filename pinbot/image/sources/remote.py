"""An image in a registry."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

from pinbot.errors import NotFound, Untrustworthy
from pinbot.image.sources.meter import Meter
from pinbot.model.image import Taken
from pinbot.model.manifest import Descriptor, Index, Manifest
from pinbot.model.reference import Digest, ImageReference
from pinbot.ports.registries import Registry

_FOREIGN = re.compile(r"\.(?:foreign|nondistributable)\.")


class Remote:
    """Looks into an image through a registry's client; an `ImageSource`.

    Its name is asked for once: by the digest if there is one, else by the tag.
    """

    def __init__(self, registry: Registry, image: ImageReference, *, name: str | None = None) -> None:
        self.name = name or image.familiar
        self._registry = registry
        self._image = image
        self._meter = Meter()
        # The config of what is no index is asked for twice: for its platform, and for the rest.
        self._last: tuple[Digest | None, bytes] = (None, b"")

    @property
    def taken(self) -> Taken:
        """See `ImageSource`."""
        return self._meter.taken

    async def root(self) -> tuple[Descriptor, Manifest | Index]:
        """See `ImageSource`; one GET, or what the registry's client does instead."""
        described, document = await self._registry.document(self._image)
        self._meter.once("", described.size)
        return described, document

    async def document(self, descriptor: Descriptor) -> Manifest | Index:
        """See `ImageSource`; one GET, or what the registry's client does instead."""
        described, document = await self._registry.document(self._image.with_digest(descriptor.digest))
        self._meter.once(str(descriptor.digest), described.size)
        if described.size != descriptor.size:
            raise Untrustworthy(
                f"manifest {descriptor.digest.short}… has {described.size} bytes, where its index says "
                f"{descriptor.size}",
                hint="push the image anew",
                image=self.name,
            )
        return document

    async def blob(self, descriptor: Descriptor) -> bytes:
        """See `ImageSource`; one GET, unless it was the last one that was asked for."""
        known, body = self._last
        if known != descriptor.digest:
            self._meter.begin()
            body = await self._registry.blob(self._image, descriptor)
            self._meter.add(len(body))
            self._last = descriptor.digest, body
        return body

    async def stream(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        """See `ImageSource`; one GET, unless the answer breaks off."""
        self._meter.begin()
        try:
            async with aclosing(self._registry.stream(self._image, descriptor)) as pieces:
                async for piece in pieces:
                    self._meter.add(len(piece))
                    yield piece
        except NotFound as error:
            if _FOREIGN.search(descriptor.media_type):
                error.hint = "it is a foreign layer, which registries need not keep"
            raise
