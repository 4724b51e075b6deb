"""What of two images is compared with what: images for the same platform, of the platforms in use."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from pinbot import indexes
from pinbot.image import platforms
from pinbot.image.platforms import Listing
from pinbot.model.comparison import Pair, Subject
from pinbot.model.manifest import Descriptor, Index, Manifest
from pinbot.model.reference import Digest, Platform
from pinbot.ports.images import ImageSource

USUAL = Platform("linux", "amd64")
"""What is compared where there are images for several platforms and none was asked for."""

Images = Mapping[Platform | None, tuple[Descriptor, ...]]
"""The manifests for each platform, by the one way to write it; None where an image does not say.

There is one for each, but for Windows, where there is one for each version of it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What to compare.

    Attributes:
        platforms: those in use; where none is named, the only one there is, or that for linux/amd64.
        every: all platforms are in use.
        thorough, system: read more layers, see `contents.compare`.
    """

    platforms: tuple[Platform, ...] = ()
    every: bool = False
    thorough: bool = False
    system: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two images: all that is under its name."""

    source: ImageSource
    document: Manifest | Index
    listing: Listing

    @classmethod
    async def open(cls, source: ImageSource) -> Self:
        """Read what there is, but for the images themselves.

        Raises:
            RegistryError, ImageError: it cannot be had.
        """
        _, document = await source.root()
        return cls(source=source, document=document, listing=await platforms.images(source))

    @property
    def digest(self) -> Digest:
        """What the name means."""
        return self.listing.root.digest

    @property
    def subject(self) -> Subject:
        """Which image it is."""
        return Subject(name=self.source.name, digest=self.digest, media_type=self.document.media_type)

    @property
    def images(self) -> Images:
        """All that can be run."""
        found: dict[Platform | None, tuple[Descriptor, ...]] = {}
        for image in self.listing.images:
            platform = image.platform and image.platform.normal
            found[platform] = (*found.get(platform, ()), image.descriptor)
        return found

    def attestations_of(self, image: Descriptor) -> tuple[Descriptor, ...]:
        """What the index has about one of its images, as BuildKit writes it (attestation-storage.md)."""
        wanted = {
            ("vnd.docker.reference.type", "attestation-manifest"),
            ("vnd.docker.reference.digest", str(image.digest)),
        }
        return tuple(one for one in self.listing.others if wanted <= {*one.annotations})

    @property
    def others(self) -> frozenset[Digest]:
        """What is there beside images."""
        return frozenset(one.digest for one in self.listing.others)


async def open_both(sources: Pair[ImageSource]) -> Pair[Side]:
    """Both at the same time.

    Raises:
        RegistryError, ImageError: one of them cannot be had.
    """
    old, new = await asyncio.gather(Side.open(sources.old), Side.open(sources.new))
    return Pair(old=old, new=new)


def images(sides: Pair[Side], scope: Scope) -> Pair[Images]:
    """The images of both by platform."""
    old, new = sides.old.images, sides.new.images
    single = isinstance(sides.old.document, Manifest) and isinstance(sides.new.document, Manifest)
    if single and not scope.platforms:
        # There is nothing to choose from: if the platform changed, that is told.
        return Pair(old=dict(zip(new, old.values(), strict=True)), new=new)
    return Pair(old=old, new=new)


def in_use(there: Pair[Images], scope: Scope, *, name: str) -> tuple[Platform | None, ...]:
    """The platforms to compare, in the order of the new image.

    Raises:
        NotFound: one that was asked for is in neither image, of which the new one has this name.
    """
    known = dict.fromkeys((*there.new, *there.old))
    if scope.every:
        return tuple(known)
    if scope.platforms:
        wanted = dict.fromkeys(platform.normal for platform in scope.platforms)
        for platform in wanted:
            if platform not in known:
                error = indexes.absent(platform, named(known))
                error.image = name
                raise error
        return tuple(wanted)
    if USUAL in known:
        return (USUAL,)
    common = [platform for platform in known if platform in there.old and platform in there.new]
    return tuple(common[:1] or known)


def elsewhere(there: Pair[Images], used: Iterable[Platform | None]) -> tuple[Platform, ...]:
    """The platforms that are not in use, are in both images and are not the same."""

    def digests(images: tuple[Descriptor, ...]) -> list[Digest]:
        return [image.digest for image in images]

    return named(
        platform
        for platform in there.new
        if platform in there.old
        and platform not in {*used}
        and digests(there.old[platform]) != digests(there.new[platform])
    )


def named(found: Iterable[Platform | None]) -> tuple[Platform, ...]:
    """Those that have a name."""
    return tuple(platform for platform in found if platform is not None)
