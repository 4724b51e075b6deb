"""Copies of manifests, which a digest names for ever: they are read from a registry once."""

from pinbot.model.reference import Digest
from pinbot.ports.machine import Cache
from pinbot.registry.distribution.answers import hash_of


class Copies:
    """Has what was read by its digest. That a copy is here says nothing about what a registry has.

    Args:
        cache: where copies are; None where none are kept.
    """

    def __init__(self, cache: Cache | None) -> None:
        self._cache = cache

    async def get(self, digest: Digest) -> bytes | None:
        """The bytes with this digest, if there is a copy of them."""
        if self._cache is None:
            return None
        body = await self._cache.get(_name(digest))
        return body if body is not None and hash_of(body, digest.algorithm) == digest else None

    async def put(self, digest: Digest, body: bytes) -> None:
        """Keep bytes that are known to have this digest."""
        if self._cache is not None:
            await self._cache.put(_name(digest), body)


def _name(digest: Digest) -> str:
    return f"manifest/{digest}"
