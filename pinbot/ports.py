"""What the pipeline needs of the world outside, said without naming who provides it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from pinbot.model.build import BuildOutcome, BuildRequest
from pinbot.model.diagnosis import Access
from pinbot.model.plan import Resolution
from pinbot.model.proposal import Proposal, PullRequest
from pinbot.model.reference import ImageReference


class Resolver(Protocol):
    """Knows what a tag means now."""

    async def resolve(self, image: ImageReference) -> Resolution:
        """Ask for the digest of a tag (of `latest` where there is none), or that a digest exists.

        Safe to call many times at once: the resolver bounds its own concurrency per registry.

        Raises:
            RegistryError: absent, denied, could not be asked, or an answer that cannot be trusted.
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


class Registry(Witness, Protocol):
    """A resolver that also looks into what it resolves."""

    async def describe(self, image: ImageReference) -> Resolution:
        """As `resolve`, with the platforms that the image is for; this reads its manifest.

        Raises:
            RegistryError: as for `resolve`.
        """
        ...


class Builder(Protocol):
    """Turns a Dockerfile into an image, without changing anything but its own storage."""

    @property
    def name(self) -> str:
        """Of the driver, e.g. `buildah`."""
        ...

    @property
    def version(self) -> str:
        """Name and version of the program, e.g. `buildah 1.28.2`."""
        ...

    async def build(self, request: BuildRequest, *, on_line: Callable[[str], None]) -> BuildOutcome:
        """Build, calling `on_line` with each line of the log as it comes.

        Raises:
            BuilderError: the builder cannot do this build, which says nothing about the Dockerfile.
        """
        ...


class Forge(Protocol):
    """Where pull requests live."""

    async def find(self, proposal: Proposal) -> PullRequest | None:
        """The open pull request that makes the changes of this proposal already, on the base as it is now.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def propose(self, proposal: Proposal) -> PullRequest:
        """Make one pull request hold exactly this proposal: open it, update it, or find it as it should be.

        Raises:
            ForgeError: it could not be done; the message names a missing permission.
        """
        ...


class Clock(Protocol):
    """Time, so that tests can own it."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Progress(Protocol):
    """Where long work says how far it is. It talks to people, on standard error, and decides nothing."""

    def step(self, title: str, total: int | None = None) -> AbstractContextManager[Callable[[str], None]]:
        """Begin a piece of work of `total` parts (None: unknown); call the result when a part is done."""
        ...

    def note(self, text: str) -> None:
        """Say one line, e.g. of a builder's log."""
        ...
