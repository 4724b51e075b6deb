"""Tag to digest, with one HEAD; and the manifests behind it (OCI distribution-spec 1.1)."""

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import httpx

from pinbot import __version__
from pinbot.config import RegistrySettings
from pinbot.errors import RegistryError, Unreachable
from pinbot.model.diagnosis import Access
from pinbot.model.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Index, Manifest
from pinbot.model.plan import Resolution
from pinbot.model.reference import Digest, ImageReference, Platform
from pinbot.ports import Clock
from pinbot.registry import answers, documents
from pinbot.registry.answers import Target
from pinbot.registry.credentials import Anonymous, CredentialStore
from pinbot.registry.endpoint import Endpoint
from pinbot.registry.hosts import Patience
from pinbot.registry.once import Once
from pinbot.registry.session import Session
from pinbot.registry.transport import Observer, Timing, Transport
from pinbot.registry.web import Web

ACCEPT = f"{OCI_INDEX}, {OCI_MANIFEST}, {DOCKER_LIST}, {DOCKER_MANIFEST}"
# Lets a registry show what it has instead, where it has none of the four.
_ACCEPT_ANY = f"{ACCEPT}, */*"
_MANIFEST_LIMIT = 4 * 1024 * 1024
_NO_HEAD = frozenset({405, 501})


class RegistryClient:
    """Reads from any number of registries; the `Resolver` of the pipeline. Close it, or use `async with`.

    What was resolved once is not asked again by the same client, and who asks for the same image at the same
    time shares one request.

    Args:
        settings: how to reach an image, by its name (`docker.io/library/alpine`), e.g. `Config.registry`.
        clock: time for pauses and for the life of tokens.
        credentials: whose name to ask in; nobody's by default.
        observer: is told of every exchange.
        timing: limits of one exchange.
        patience: when to try again, and how many requests a host gets at once.
        jitter: a random number from 0 up to 1, for pauses.
    """

    def __init__(
        self,
        settings: Callable[[str], RegistrySettings],
        *,
        clock: Clock,
        credentials: CredentialStore | None = None,
        observer: Observer | None = None,
        timing: Timing | None = None,
        patience: Patience | None = None,
        jitter: Callable[[], float] = random.random,
        user_agent: str = f"pinbot/{__version__}",
    ) -> None:
        self._settings = settings
        self._store = credentials or Anonymous()
        self._clock = clock
        self._transport = Transport(user_agent=user_agent, timing=timing or Timing(), observer=observer)
        self._web = Web(self._transport, patience=patience or Patience(), clock=self._clock, jitter=jitter)
        self._sessions: dict[RegistrySettings, Session] = {}
        self._digests = Once[Target, tuple[Digest, str]]()
        self._documents = Once[Target, tuple[Digest, Manifest | Index]]()

    async def resolve(self, image: ImageReference) -> Resolution:
        """What the tag means now (`latest` where none is written); without a tag, that the digest exists.

        One HEAD, unless the answer to it leaves something open; then one GET settles it.

        Raises:
            NotFound: the registry says that there is no such image.
            AccessDenied: the registry says that these credentials may not see it.
            Unreachable: the registry could not be asked.
            Untrustworthy: its answer is malformed or contradicts itself.
            Unsupported: what is there is no image that builders could pull.
        """
        target = Target.by_tag(image)
        with _about(image):
            digest, media_type = await self._digests.get(target, lambda: self._resolve(target))
        return Resolution(image=image, digest=digest, media_type=media_type)

    async def describe(self, image: ImageReference) -> Resolution:
        """As `resolve`, with the platforms: one GET, and one more for the config of what is no index.

        Raises:
            RegistryError: see `resolve`.
        """
        target = Target.by_tag(image)
        with _about(image):
            digest, document = await self._document(target)
            platforms = (
                document.platforms
                if isinstance(document, Index)
                else await self._platform_of(target, document)
            )
        return Resolution(image=image, digest=digest, media_type=document.media_type, platforms=platforms)

    async def manifest(self, image: ImageReference) -> Manifest | Index:
        """The manifest or index that the digest names, or the tag where there is no digest; never unverified.

        Raises:
            RegistryError: see `resolve`.
        """
        with _about(image):
            _, document = await self._document(Target.by_digest(image))
        return document

    def access(self, image: ImageReference) -> Access:
        """How the registry of an image is reached, by its answers so far; asks for nothing.

        Raises:
            Unreachable: it is blocked, or its address is none.
        """
        session, _ = self._route(Target.by_tag(image))
        return session.access

    async def aclose(self) -> None:
        """Stop what is under way and close all connections."""
        await self._digests.aclose()
        await self._documents.aclose()
        for session in self._sessions.values():
            await session.aclose()
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _route(self, target: Target) -> tuple[Session, str]:
        """Whom to ask for an image, and for which repository."""
        name = f"{target.registry}/{target.repository}"
        settings = self._settings(name)
        session = self._sessions.get(settings)
        if session is None:
            session = Session(Endpoint.of(settings), web=self._web, store=self._store, clock=self._clock)
            self._sessions[settings] = session
        repository = settings.path_of(name)
        if not repository:
            raise Unreachable(
                f"{settings.location} is a host and no repository, which should stand for {name}",
                hint=f"mend the location in {settings.source or 'the configuration'}",
            )
        return session, repository

    async def _resolve(self, target: Target) -> tuple[Digest, str]:
        session, repository = self._route(target)
        if not session.head_refused:
            answer = await session.ask("HEAD", repository, target.path, accept=ACCEPT, limit=_MANIFEST_LIMIT)
            found = answers.of_head(answer, target)
            if found is not None:
                return found
            session.head_refused = answer.status in _NO_HEAD
        digest, document = await self._document(target)
        return digest, document.media_type

    async def _document(self, target: Target) -> tuple[Digest, Manifest | Index]:
        return await self._documents.get(target, lambda: self._get(target))

    async def _get(self, target: Target) -> tuple[Digest, Manifest | Index]:
        session, repository = self._route(target)
        answer = await session.ask("GET", repository, target.path, accept=_ACCEPT_ANY, limit=_MANIFEST_LIMIT)
        return answers.of_get(answer, target)

    async def _platform_of(self, target: Target, manifest: Manifest) -> tuple[Platform, ...]:
        """The platform of a single image, which only its config tells."""
        session, repository = self._route(target)
        digest = manifest.config.digest
        answer = await session.ask("GET", repository, f"blobs/{digest}", accept="*/*", limit=_MANIFEST_LIMIT)
        if answer.status != httpx.codes.OK:
            raise answers.failure(answer, target)
        actual = answers.hash_of(answer.body, digest.algorithm)
        if actual != digest:
            raise answers.wrong_bytes(digest, actual)
        platform = documents.platform_of_config(answer.body)
        return () if platform is None else (platform,)


@contextmanager
def _about(image: ImageReference) -> Iterator[None]:
    """Name the image in the error that its work ends with."""
    try:
        yield
    except RegistryError as error:
        # One failure, e.g. of a token server, can be that of many images: each gets its own.
        named = copy.copy(error)
        named.image = str(image)
        raise named from error
