"""Which images are under one name (image-spec 1.1, image-index.md)."""

from contextlib import aclosing
from dataclasses import dataclass

from pinbot import documents, indexes
from pinbot.errors import ImageError
from pinbot.model.manifest import INDEX_TYPES, MANIFEST_TYPES, Descriptor, Manifest
from pinbot.model.reference import Platform
from pinbot.ports.images import ImageSource

_USUAL = Platform("linux", "amd64")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformImage:
    """The manifest for one platform; None where neither index nor config tells which."""

    platform: Platform | None
    descriptor: Descriptor


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is under one name.

    Attributes:
        root: what the name means itself.
        images: those that can be run, each once, in the order of the index.
        others: what else is there, each once: attestations, signatures, artifacts.
    """

    root: Descriptor
    images: tuple[PlatformImage, ...]
    others: tuple[Descriptor, ...] = ()


async def images(source: ImageSource) -> Listing:
    """All images of a source: one request for each index, and one for the config of what is no index.

    Raises:
        RegistryError, ImageError: something cannot be had, or an index cannot be trusted.
    """
    root, document = await source.root()
    if isinstance(document, Manifest):
        config = documents.image_config(await source.blob(document.config))
        return Listing(root=root, images=(PlatformImage(platform=config.platform, descriptor=root),))
    found: dict[Descriptor, bool] = {}
    async with aclosing(indexes.walk(root.digest, document, source.document)) as children:
        async for child in children:
            if child.media_type not in INDEX_TYPES:
                found[child] = child.media_type in MANIFEST_TYPES and _can_run(child)
    return Listing(
        root=root,
        images=tuple(
            PlatformImage(platform=child.platform, descriptor=child) for child in found if found[child]
        ),
        others=tuple(child for child in found if not found[child]),
    )


async def pick(source: ImageSource, platform: Platform | None = None) -> tuple[Descriptor, Manifest]:
    """The one image for a platform; where none is named, the only one, or else that for linux/amd64.

    Raises:
        NotFound: there is none; the hint lists those that there are.
        RegistryError, ImageError: something cannot be had, or an index cannot be trusted.
    """
    root, document = await source.root()
    if isinstance(document, Manifest) and platform is None:
        return root, document
    there = (await images(source)).images
    fitting = [image.descriptor for image in there if platform is None or _fits(image, platform)]
    if platform is None and len(fitting) > 1:
        fitting = [image.descriptor for image in there if _fits(image, _USUAL)]
    if not fitting:
        platforms = tuple(dict.fromkeys(image.platform for image in there if image.platform is not None))
        error = indexes.absent(platform or _USUAL, platforms)
        error.image = source.name
        raise error
    found = document if fitting[0] == root else await source.document(fitting[0])
    if not isinstance(found, Manifest):
        raise ImageError(
            f"{fitting[0].digest.short}… is said to be an image and is an index",
            hint="tell whoever made the image",
            image=source.name,
        )
    return fitting[0], found


def _can_run(child: Descriptor) -> bool:
    """Whether it is an image: what names a platform that cannot be run, or is an artifact, is none."""
    return child.artifact_type is None and (child.platform is None or child.runs_on is not None)


def _fits(image: PlatformImage, platform: Platform) -> bool:
    return image.platform is not None and image.platform.normal == platform.normal
