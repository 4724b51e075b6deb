"""An image wherever it lies, and what starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

# What the signatures name is not needed to run, and would load half of the model.
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pinbot.model.image import ImageConfig, Taken
    from pinbot.model.manifest import Descriptor, Index, Manifest
    from pinbot.model.smoke import SmokeRun


class ImageSource(Protocol):
    """One image, or an index of several, that can be looked into wherever it lies."""

    @property
    def name(self) -> str:
        """As the user named it, e.g. `alpine:3.22` or `oci:build/app`."""
        ...

    async def root(self) -> tuple[Descriptor, Manifest | Index]:
        """What the name means: its descriptor, and the document that this describes.

        Raises:
            RegistryError: as for `Resolver.resolve`.
            ImageError: a local image cannot be read.
        """
        ...

    async def document(self, descriptor: Descriptor) -> Manifest | Index:
        """A manifest or index that the root, or an index in it, names; never unverified.

        Raises:
            RegistryError, ImageError: as for `root`.
        """
        ...

    async def blob(self, descriptor: Descriptor) -> bytes:
        """A small blob, e.g. a config, whole; its digest and size are those of the descriptor.

        Raises:
            RegistryError, ImageError: as for `root`; also where it has more than 4 MiB.
        """
        ...

    def stream(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        """A blob of any size, in pieces; see `BlobSource.stream`.

        Only an archive of `docker save` gives its layers as they lie in it: not compressed, and so with the
        digest that the config names.

        Raises:
            RegistryError, ImageError: as for `root`, from the iteration.
        """
        ...

    @property
    def taken(self) -> Taken:
        """How much was read so far."""
        ...


class Runner(Protocol):
    """Starts an image in a sandbox: its code is not trusted."""

    @property
    def version(self) -> str:
        """Name and version of the program, e.g. `podman 4.3.1`."""
        ...

    async def run(
        self, source: ImageSource, manifest: Manifest, config: ImageConfig, *, seconds: float
    ) -> SmokeRun:
        """Start one container, as the config says, and watch it for as long as this.

        It has no network, no privileges, a root that cannot be written, and little memory. Nothing of it is
        left afterwards.

        Raises:
            RegistryError, ImageError: a part of the image cannot be had.
            BuilderError: it cannot be run here, which says nothing about the image.
        """
        ...
