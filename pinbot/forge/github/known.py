"""What GitHub answered before, with the tag by which it says that it would answer the same again.

Such an answer ("304 Not Modified") costs nothing of the quota. GitHub's tags depend on the token as well, so
that those of a token that ends with the run are of no use to the next one.
"""

import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import Any

from pinbot.forge.github.tokens import of_installation
from pinbot.ports.machine import Cache

_MOST_IN_MEMORY = 32  # a run over many repositories reads thousands
_LARGEST = 16 * 1024 * 1024  # bytes of JSON


@dataclass(frozen=True, slots=True)
class Known:
    """An answer, and its tag."""

    tag: str
    data: Any


class KnownAnswers:
    """The answers to one token, by what was asked: those of this run, and with a cache those of runs before.

    Args:
        cache: where they are kept between runs; None for none.
        host: of the API.
        token: whose answers they are; one that ends with the run has no use for the cache, and no token is
            in it.
    """

    def __init__(self, cache: Cache | None, *, host: str, token: str) -> None:
        self._cache = None if not token or of_installation(token) else cache
        self._whose = f"{host} {hashlib.sha256(token.encode()).hexdigest()}"
        self._recent: dict[str, Known] = {}

    async def get(self, place: str) -> Known | None:
        """What was answered there last; None where nobody knows."""
        if place in self._recent or self._cache is None:
            return self._recent.get(place)
        data = await self._cache.get(self._name(place))
        return None if data is None else _unpacked(data)

    async def put(self, place: str, known: Known) -> None:
        """Keep an answer."""
        self._recent.pop(place, None)
        self._recent[place] = known
        if len(self._recent) > _MOST_IN_MEMORY:
            del self._recent[next(iter(self._recent))]
        if self._cache is not None:
            text = json.dumps([known.tag, known.data], separators=(",", ":")).encode()
            if len(text) <= _LARGEST:
                await self._cache.put(self._name(place), zlib.compress(text))

    def _name(self, place: str) -> str:
        return f"github answer {self._whose} {place}"


def _unpacked(data: bytes) -> Known | None:
    try:
        tag, answer = json.loads(zlib.decompressobj().decompress(data, _LARGEST))
    except (zlib.error, ValueError, TypeError, RecursionError):
        return None
    return Known(tag, answer) if isinstance(tag, str) and tag and answer is not None else None
