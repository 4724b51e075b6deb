"""One platform's manifest in an index, which may hold further indexes (image-spec 1.1, image-index.md)."""

from collections.abc import Awaitable, Callable

from pinbot.errors import NotFound, Unsupported, Untrustworthy
from pinbot.model.manifest import INDEX_TYPES, MANIFEST_TYPES, Descriptor, Index, Manifest
from pinbot.model.reference import Digest, Platform

_DEEPEST = 4
_MOST_INDEXES = 32

Read = Callable[[Digest], Awaitable[Manifest | Index]]


class Search:
    """Looks for the manifest of one platform, level by level, in the order of the index.

    Args:
        wanted: the platform.
        read: gives the document of a digest; is asked for indexes only.
    """

    def __init__(self, wanted: Platform, read: Read) -> None:
        self._wanted = wanted
        self._read = read
        self._indexes = 0
        self._others: dict[Platform, None] = {}

    async def find(self, digest: Digest, index: Index) -> Descriptor:
        """The first manifest for the platform; one that stands in the index itself before any further down.

        Raises:
            NotFound: there is none; the hint lists the platforms that there are.
            Untrustworthy: an index holds itself.
            Unsupported: indexes are nested deeper than four levels, or too many.
            RegistryError: `read` fails.
        """
        found = await self._find(index, (digest,))
        if found is None:
            raise absent(self._wanted, tuple(self._others))
        return found

    async def _find(self, index: Index, path: tuple[Digest, ...]) -> Descriptor | None:
        self._others.update(dict.fromkeys(index.platforms))
        for child in index.manifests:
            if child.media_type in MANIFEST_TYPES and self._fits(child):
                return child
        for child in index.manifests:
            if child.media_type in INDEX_TYPES and (child.platform is None or self._fits(child)):
                found = await self._find(await self._open(child.digest, path), (*path, child.digest))
                if found is not None:
                    return found
        return None

    async def _open(self, digest: Digest, path: tuple[Digest, ...]) -> Index:
        self._indexes += 1
        if digest in path:
            raise Untrustworthy(f"index {digest.short}… holds itself", hint="tell whoever made the image")
        if len(path) == _DEEPEST or self._indexes > _MOST_INDEXES:
            raise Unsupported(
                f"its index holds more than {_MOST_INDEXES} others, or more than {_DEEPEST} levels of them",
                hint="ask whoever made the image for a flat one",
            )
        document = await self._read(digest)
        if not isinstance(document, Index):
            raise Untrustworthy(
                f"{digest.short}… is said to be an index and is none", hint="tell whoever made the image"
            )
        return document

    def _fits(self, child: Descriptor) -> bool:
        return child.platform is not None and child.platform.normal == self._wanted.normal


def absent(wanted: Platform, others: tuple[Platform, ...]) -> NotFound:
    """The error for an image that is not there for a platform, but for others."""
    names = ", ".join(map(str, others))
    return NotFound(
        f"there is no image for {wanted}",
        hint=f"there are images for {names}" if names else "it names no platform at all",
    )
