"""What is asked about images over the network: registries, and those who know more about what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

# What the signatures name is not needed to run, and would load half of the model.
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection

    from pinbot.model.diagnosis import Access
    from pinbot.model.manifest import Descriptor, Index, Manifest
    from pinbot.model.plan import PushDate, Resolution
    from pinbot.model.reference import Digest, ImageReference, Platform
    from pinbot.model.vulnerability import Exposures, Inventory, Vulnerability


class Resolver(Protocol):
    """Knows what a tag means now."""

    async def resolve(self, image: ImageReference) -> Resolution:
        """Ask for the digest of a tag (of `latest` where there is none), or that a digest exists.

        Safe to call many times at once: the resolver bounds its own concurrency per registry.

        Raises:
            RegistryError: absent, denied, could not be asked, or an answer that cannot be trusted.
        """
        ...


class BlobSource(Protocol):
    """Where the parts of images are: configs and layers, by the descriptors of their manifest."""

    async def blob(self, image: ImageReference, descriptor: Descriptor) -> bytes:
        """A small blob, e.g. a config, whole; its digest and size are those of the descriptor.

        Raises:
            RegistryError: as for `Resolver.resolve`; also where it has more than 4 MiB.
        """
        ...

    def stream(
        self, image: ImageReference, descriptor: Descriptor, start: int = 0
    ) -> AsyncGenerator[bytes, None]:
        """A blob of any size from the byte `start` on, in pieces that fit into memory.

        Read to the end from the start, it has the digest and size of the descriptor: the last piece comes
        only when that is known. From a later byte on, only the size is known to be right. Whoever may stop
        before the end uses `contextlib.aclosing`.

        Raises:
            RegistryError: as for `Resolver.resolve`, from the iteration.
            ValueError: `start` lies outside of the blob.
        """
        ...


class Witness(Resolver, Protocol):
    """A resolver that remembers how registries answered."""

    def access(self, image: ImageReference) -> Access:
        """How the registry of an image is reached, as far as its answers have shown; asks for nothing.

        Raises:
            RegistryError: it is never asked: the configuration forbids it, or gives no address.
        """
        ...


class Registry(Witness, BlobSource, Protocol):
    """A resolver that also looks into what it resolves."""

    async def describe(self, image: ImageReference) -> Resolution:
        """As `resolve`, with the platforms that the image is for; this reads its manifest.

        Raises:
            RegistryError: as for `resolve`.
        """
        ...

    async def resolve_platform(self, image: ImageReference, platform: Platform) -> Resolution:
        """As `resolve`, but the digest is that of the one manifest for a platform.

        Raises:
            NotFound: also where the image is not there for that platform; the hint lists those that are.
            RegistryError: as for `resolve`.
        """
        ...

    async def manifest(self, image: ImageReference) -> Manifest | Index:
        """The manifest or index that the digest names, or the tag where there is no digest.

        Raises:
            RegistryError: as for `resolve`.
        """
        ...

    async def document(self, image: ImageReference) -> tuple[Descriptor, Manifest | Index]:
        """As `manifest`, with the descriptor of what is there: the digest and size of its bytes.

        Raises:
            RegistryError: as for `resolve`.
        """
        ...

    async def tags(self, image: ImageReference) -> tuple[str, ...]:
        """All tags of the image's repository, each once, in the registry's order.

        Raises:
            RegistryError: as for `resolve`.
        """
        ...

    async def referrers(
        self, image: ImageReference, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """Manifests that refer to this one, e.g. its signatures and SBOMs; of one artifact type if given.

        Raises:
            RegistryError: as for `resolve`; an image that nothing refers to is no error.
        """
        ...


class PushDates(Protocol):
    """Knows dates that registries give, for those who trust them."""

    async def pushed(self, image: ImageReference, digest: Digest) -> PushDate | None:
        """When a tag got this digest, by what its registry says; None where it says nothing about this one.

        It never fails: who gets no date waits as if there were none.
        """
        ...


class VulnerabilityDatabase(Protocol):
    """Where it is known which package versions are vulnerable."""

    async def affecting(self, inventory: Inventory) -> Exposures:
        """The vulnerabilities that the packages of an image are known to have.

        Raises:
            VulnerabilityError: the database does not answer, or not sensibly.
        """
        ...

    async def describe(self, ids: Collection[str]) -> tuple[Vulnerability, ...]:
        """What is known of each, in the same order; of one that is not described, its id alone.

        Raises:
            VulnerabilityError: as for `affecting`.
        """
        ...
