"""Everything that pinbot reads from registries (OCI distribution-spec 1.1)."""

import copy
import random
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from types import TracebackType
from typing import Self

from pinbot import __version__, documents, indexes
from pinbot.config import RegistrySettings
from pinbot.errors import RegistryError
from pinbot.model.diagnosis import Access
from pinbot.model.manifest import Descriptor, Index, Manifest
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference, Platform
from pinbot.ports.machine import Cache, Clock
from pinbot.registry.asking.hosts import Patience
from pinbot.registry.asking.web import Web
from pinbot.registry.auth.authenticator import Authenticator
from pinbot.registry.auth.credentials import Anonymous, CredentialStore
from pinbot.registry.auth.memory import Memory, NoMemory
from pinbot.registry.distribution import blobs, referrers, tags
from pinbot.registry.distribution.answers import Target
from pinbot.registry.distribution.copies import Copies
from pinbot.registry.distribution.manifests import Manifests
from pinbot.registry.distribution.places import Places
from pinbot.registry.distribution.session import Session
from pinbot.registry.servers.endpoint import Endpoint
from pinbot.registry.servers.proxies import Proxies
from pinbot.registry.wire.transport import Observer, Transport
from pinbot.registry.wire.troubles import Timing


class RegistryClient:
    """Reads from any number of registries; the `Registry` of the pipeline. Close it, or use `async with`.

    What was resolved once is not asked again by the same client, and who asks for the same image at the same
    time shares one request.

    Args:
        settings: how to reach an image, by its name (`docker.io/library/alpine`), e.g. `Config.registry`.
        clock: time for pauses and for the life of tokens.
        credentials: whose name to ask in; nobody's by default.
        observer: is told of every exchange.
        timing: limits of one exchange.
        patience: when to try again, and how many requests a host gets at once.
        proxies: whom to ask instead; nobody by default.
        memory: how registries want to be asked, kept between runs; nothing by default.
        cache: where manifests are kept between runs; nowhere by default.
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
        proxies: Proxies | None = None,
        memory: Memory | None = None,
        cache: Cache | None = None,
        jitter: Callable[[], float] = random.random,
        user_agent: str = f"pinbot/{__version__}",
    ) -> None:
        self._store = credentials or Anonymous()
        self._clock = clock
        self._memory = memory or NoMemory()
        self._transport = Transport(
            user_agent=user_agent,
            timing=timing or Timing(),
            proxies=proxies or Proxies({}),
            observer=observer,
        )
        self._web = Web(self._transport, patience=patience or Patience(), clock=self._clock, jitter=jitter)
        self._sessions: dict[tuple[RegistrySettings, bool], Session] = {}
        self._places = Places(settings, self._session)
        self._manifests = Manifests(self._places, Copies(cache))

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
            digest, media_type = await self._manifests.digest(target)
        return Resolution(image=image, digest=digest, media_type=media_type)

    async def describe(self, image: ImageReference) -> Resolution:
        """As `resolve`, with the platforms.

        One GET, and one more for each index in the index, or for the config of what is no index.

        Raises:
            RegistryError: see `resolve`.
        """
        target = Target.by_tag(image)
        with _about(image):
            described, document = await self._manifests.document(target)
            there = await self._platforms(image, described, document)
        return Resolution(
            image=image, digest=described.digest, media_type=described.media_type, platforms=there
        )

    async def resolve_platform(self, image: ImageReference, platform: Platform) -> Resolution:
        """As `resolve`, but the digest of the one manifest for a platform, which an index names.

        One GET, and one more for each index in the index, or for the config of what is no index. Whether the
        manifest that an index names is there is not asked.

        Raises:
            NotFound: also where the image is not there for that platform; the hint lists those that are.
            RegistryError: see `resolve`.
        """
        target = Target.by_tag(image)
        with _about(image):
            described, document = await self._manifests.document(target)
            if isinstance(document, Index):
                found = await indexes.for_platform(platform, described.digest, document, self._reader(image))
                return Resolution(image=image, digest=found.digest, media_type=found.media_type)
            there = await self._platforms(image, described, document)
            if platform.normal not in {one.normal for one in there}:
                raise indexes.absent(platform, there)
        return Resolution(image=image, digest=described.digest, media_type=described.media_type)

    async def manifest(self, image: ImageReference) -> Manifest | Index:
        """The manifest or index that the digest names, or the tag where there is no digest; never unverified.

        One GET. By a digest that was read before it is one HEAD, or none where this digest was resolved.

        Raises:
            RegistryError: see `resolve`.
        """
        _, document = await self.document(image)
        return document

    async def document(self, image: ImageReference) -> tuple[Descriptor, Manifest | Index]:
        """As `manifest`, with the descriptor of what is there: the digest and size of its bytes.

        Raises:
            RegistryError: see `resolve`.
        """
        with _about(image):
            return await self._manifests.document(Target.by_digest(image))

    async def tags(self, image: ImageReference) -> tuple[str, ...]:
        """All tags of the image's repository, each once, in the registry's order.

        One GET for each thousand, or as many as the registry gives at once.

        Raises:
            RegistryError: see `resolve`; also where there are too many to be read.
        """
        with _about(image.name):
            return await tags.names(self._places.registry(Target.by_tag(image)))

    async def blob(self, image: ImageReference, descriptor: Descriptor) -> bytes:
        """A small blob of the image's repository, e.g. a config, whole; never unverified.

        Raises:
            Unsupported: it has more than 4 MiB.
            RegistryError: see `resolve`.
        """
        with _about(image):
            return await blobs.read(self._places.holding(Target.by_tag(image)), descriptor)

    async def stream(
        self, image: ImageReference, descriptor: Descriptor, start: int = 0
    ) -> AsyncGenerator[bytes, None]:
        """A blob of the image's repository from the byte `start` on, up to 64 KiB at a time.

        See `BlobSource.stream`. It holds one connection beyond those that a host gets at once: how many are
        read at a time is up to the caller. What breaks off goes on where it broke.

        Raises:
            RegistryError: see `resolve`.
            ValueError: `start` lies outside of the blob.
        """
        with _about(image):
            download = blobs.Download(self._places.holding(Target.by_tag(image)), descriptor, start)
            async with aclosing(download.pieces()) as pieces:
                async for piece in pieces:
                    yield piece

    async def referrers(
        self, image: ImageReference, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """Manifests that refer to the digest, or to what the tag means now where there is no digest.

        One GET, and one more where the registry does not know that API: for the tag that stands in for it.

        Raises:
            RegistryError: see `resolve`; an image that nothing refers to is no error.
        """
        with _about(image):
            subject = image.digest or (await self._manifests.digest(Target.by_tag(image)))[0]
            return await referrers.of(
                image,
                subject,
                place=self._places.registry(Target.by_tag(image)),
                manifests=self._manifests,
                artifact_type=artifact_type,
            )

    def access(self, image: ImageReference) -> Access:
        """How the registry of an image, or a mirror that tells its tags, is reached, by the answers so far.

        Raises:
            Unreachable: it is blocked, or its address is none.
        """
        *mirrors, registry = (place.session.access for place in self._places.telling(Target.by_tag(image)))
        return next((mirror for mirror in mirrors if mirror.version), registry)

    async def aclose(self) -> None:
        """Stop what is under way and close all connections."""
        await self._manifests.aclose()
        for session in self._sessions.values():
            await session.aclose()
        await self._transport.aclose()
        self._memory.save()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _session(self, settings: RegistrySettings, mirror: bool) -> Session:  # noqa: FBT001 - see `places.Open`
        session = self._sessions.get((settings, mirror))
        if session is None:
            endpoint, tries = Endpoint.of(settings), 1 if mirror else None
            auth = Authenticator(
                endpoint,
                web=self._web,
                store=self._store,
                clock=self._clock,
                memory=self._memory,
                tries=tries,
            )
            session = self._sessions[settings, mirror] = Session(
                endpoint, web=self._web, auth=auth, tries=tries
            )
        return session

    def _reader(self, image: ImageReference) -> indexes.Read:
        async def read(child: Descriptor) -> Manifest | Index:
            _, document = await self._manifests.document(Target.by_digest(image.with_digest(child.digest)))
            return document

        return read

    async def _platforms(
        self, image: ImageReference, described: Descriptor, document: Manifest | Index
    ) -> tuple[Platform, ...]:
        """The platforms of an index; that of a single image, which only its config tells."""
        if isinstance(document, Index):
            return await indexes.platforms(described.digest, document, self._reader(image))
        config = await blobs.read(self._places.holding(Target.by_tag(image)), document.config)
        platform = documents.platform_of_config(config)
        return () if platform is None else (platform,)


@contextmanager
def _about(image: ImageReference | str) -> Iterator[None]:
    """Name the image, or repository, in the error that its work ends with."""
    try:
        yield
    except RegistryError as error:
        # One failure, e.g. of a token server, can be that of many images: each gets its own.
        named = copy.copy(error)
        named.image = str(image)
        raise named from error
