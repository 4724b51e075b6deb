"""Walking indexes, which may hold further indexes (image-spec 1.1, image-index.md).

It asks nobody itself: who walks an index brings a way to read what it names.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from pinbot.errors import NotFound, Unsupported, Untrustworthy
from pinbot.model.manifest import INDEX_TYPES, MANIFEST_TYPES, Descriptor, Index, Manifest
from pinbot.model.reference import Digest, Platform

_DEEPEST = 4
_MOST_INDEXES = 32

Read = Callable[[Descriptor], Awaitable[Manifest | Index]]
"""Gives the document that a descriptor names; is asked for indexes only."""


async def walk(
    digest: Digest, index: Index, read: Read, *, into: Callable[[Descriptor], bool] = lambda _: True
) -> AsyncGenerator[Descriptor, None]:
    """All that an index names: first what stands in it, then, one after the other, what its indexes name.

    An inner index is read once everything before it was taken; who may stop early uses
    `contextlib.aclosing`.

    Args:
        digest: that of `index`.
        index: where to begin.
        read: gives the documents of inner indexes.
        into: whether an inner index is to be read; it is named in any case.

    Raises:
        Untrustworthy: an index holds itself, or what is said to be an index is none.
        Unsupported: indexes are nested deeper than four levels, or too many.
        RegistryError, ImageError: `read` fails.
    """
    path: tuple[Digest, ...] = (digest,)
    waiting: list[tuple[Descriptor, tuple[Digest, ...]]] = []
    opened = 0
    while True:
        for child in index.manifests:
            yield child
        inner = (child for child in index.manifests if child.media_type in INDEX_TYPES and into(child))
        waiting[:0] = [(child, path) for child in inner]
        if not waiting:
            return
        child, above = waiting.pop(0)
        opened += 1
        if child.digest in above:
            raise Untrustworthy(
                f"index {child.digest.short}… holds itself", hint="tell whoever made the image"
            )
        if len(above) == _DEEPEST or opened > _MOST_INDEXES:
            raise Unsupported(
                f"its index holds more than {_MOST_INDEXES} others, or more than {_DEEPEST} levels of them",
                hint="ask whoever made the image for a flat one",
            )
        document = await read(child)
        if not isinstance(document, Index):
            raise Untrustworthy(
                f"{child.digest.short}… is said to be an index and is none",
                hint="tell whoever made the image",
            )
        index, path = document, (*above, child.digest)


async def platforms(digest: Digest, index: Index, read: Read) -> tuple[Platform, ...]:
    """The platforms that can be run, each once, also those of indexes in the index.

    Raises:
        RegistryError, ImageError: see `walk`.
    """
    async with aclosing(walk(digest, index, read)) as children:
        found = [child.runs_on async for child in children]
    return tuple(dict.fromkeys(platform for platform in found if platform is not None))


async def for_platform(wanted: Platform, digest: Digest, index: Index, read: Read) -> Descriptor:
    """The first manifest for a platform; one that stands in the index itself before any further down.

    Raises:
        NotFound: there is none; the hint lists the platforms that there are.
        RegistryError, ImageError: see `walk`.
    """

    def fits(child: Descriptor) -> bool:
        return child.platform is not None and child.platform.normal == wanted.normal

    others: dict[Platform, None] = {}
    children = walk(digest, index, read, into=lambda child: child.platform is None or fits(child))
    async with aclosing(children):
        async for child in children:
            if child.media_type in MANIFEST_TYPES and fits(child):
                return child
            if child.runs_on is not None:
                others[child.runs_on] = None
    raise absent(wanted, tuple(others))


def absent(wanted: Platform, others: tuple[Platform, ...]) -> NotFound:
    """The error for an image that is not there for a platform, but for others."""
    names = ", ".join(map(str, others))
    return NotFound(
        f"there is no image for {wanted}",
        hint=f"there are images for {names}" if names else "it names no platform at all",
    )
