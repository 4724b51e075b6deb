"""The manifests of all registries: the digest of each by one HEAD, its document by one GET.

A document that was read by its digest is kept. From then on a HEAD is enough: it tells that the registry has
it still and shows it to these credentials, and what it is does not change.
"""

from pinbot.model.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Index,
    Manifest,
)
from pinbot.model.reference import Digest
from pinbot.registry.distribution import answers
from pinbot.registry.distribution.answers import Target
from pinbot.registry.distribution.copies import Copies
from pinbot.registry.distribution.places import Place, Places, first
from pinbot.registry.once import Once

LIMIT = 4 * 1024 * 1024
"""Bytes that a manifest or a config may have."""

_ACCEPT = f"{OCI_INDEX}, {OCI_MANIFEST}, {DOCKER_LIST}, {DOCKER_MANIFEST}"
# Lets a registry show what it has instead, where it has none of the four.
_ACCEPT_ANY = f"{_ACCEPT}, */*"
_NO_HEAD = frozenset({405, 501})


class Manifests:
    """Asks for each manifest once, however many want it at the same time or later.

    Args:
        places: whom to ask.
        copies: the documents that were read before.
    """

    def __init__(self, places: Places, copies: Copies) -> None:
        self._places = places
        self._copies = copies
        self._told_by: dict[tuple[Place, Digest], str] = {}  # with the media type that was told
        self._digests = Once[Target, tuple[Digest, str]]()
        self._documents = Once[tuple[Place, Target], tuple[Descriptor, Manifest | Index]]()

    async def digest(self, target: Target) -> tuple[Digest, str]:
        """Digest and media type, by one HEAD unless the answer to it leaves something open.

        Raises:
            RegistryError: see `RegistryClient.resolve`.
        """
        return await self._digests.get(target, lambda: self._told(target))

    async def document(self, target: Target) -> tuple[Descriptor, Manifest | Index]:
        """The document and its descriptor, which is that of its bytes.

        Raises:
            RegistryError: see `RegistryClient.resolve`.
        """
        places = self._places.telling if target.digest is None else self._places.holding
        return await first(places(target), lambda place: self._document_at(place, target))

    async def aclose(self) -> None:
        """Stop what is under way."""
        await self._digests.aclose()
        await self._documents.aclose()

    async def _told(self, target: Target) -> tuple[Digest, str]:
        return await first(self._places.telling(target), lambda place: self._digest_at(place, target))

    async def _digest_at(self, place: Place, target: Target) -> tuple[Digest, str]:
        found = await self._by_head(place, target)
        if found is not None:
            return found
        described, _ = await self._documents.get((place, target), lambda: self._by_get(place, target))
        return described.digest, described.media_type

    async def _by_head(self, place: Place, target: Target) -> tuple[Digest, str] | None:
        """What a HEAD tells beyond doubt; None where a GET has to settle it."""
        if place.session.head_refused:
            return None
        answer = await place.session.ask("HEAD", place.repository, target.path, accept=_ACCEPT, limit=LIMIT)
        found = answers.of_head(answer, target)
        if found is None:
            place.session.head_refused = answer.status in _NO_HEAD
        else:
            digest, kind = found
            self._told_by[place, digest] = kind
        return found

    async def _document_at(self, place: Place, target: Target) -> tuple[Descriptor, Manifest | Index]:
        return await self._documents.get((place, target), lambda: self._read(place, target))

    async def _read(self, place: Place, target: Target) -> tuple[Descriptor, Manifest | Index]:
        if target.digest is not None:
            body = await self._copies.get(target.digest)
            if body is not None and (kind := await self._kind_at(place, target, target.digest)):
                return answers.read(body, target.digest, kind)
        return await self._by_get(place, target)

    async def _kind_at(self, place: Place, target: Target, digest: Digest) -> str | None:
        """The media type of a digest, where the registry says in this run that it has it for this user."""
        if (place, digest) not in self._told_by:
            await self._by_head(place, target)
        return self._told_by.get((place, digest))

    async def _by_get(self, place: Place, target: Target) -> tuple[Descriptor, Manifest | Index]:
        answer = await place.session.ask(
            "GET", place.repository, target.path, accept=_ACCEPT_ANY, limit=LIMIT
        )
        found = answers.of_get(answer, target)
        if target.digest is not None:
            await self._copies.put(target.digest, answer.body)
        return found
