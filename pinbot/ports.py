"""What the pipeline needs of the world outside, said without naming who provides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

# What the signatures name is not needed to run, and would load half of the model.
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pinbot.model.build import BuildOutcome, BuildRequest
    from pinbot.model.diagnosis import Access, Capability
    from pinbot.model.fleet import ListedFile, Listing, RepositoryFacts
    from pinbot.model.image import ImageConfig, Taken
    from pinbot.model.ledger import Ledger, Rejection
    from pinbot.model.manifest import Descriptor, Index, Manifest
    from pinbot.model.notice import Notice
    from pinbot.model.plan import PushDate, Resolution
    from pinbot.model.proposal import OwnPull, Proposal, PullRequest, Survey
    from pinbot.model.reference import Digest, ImageReference, Platform
    from pinbot.model.smoke import SmokeRun
    from pinbot.model.vulnerability import Exposures, Inventory, Vulnerability


class Resolver(Protocol):
    """Knows what a tag means now."""

    async def resolve(self, image: ImageReference) -> Resolution:
        """Ask for the digest of a tag (of `latest` where there is none), or that a digest exists.

        Safe to call many times at once: the resolver bounds its own concurrency per registry.

        Raises:
            RegistryError: absent, denied, could not be asked, or an answer that cannot be trusted.
        """
        ...


class BlobSource(Protocol):
    """Where the parts of images are: configs and layers, by the descriptors of their manifest."""

    async def blob(self, image: ImageReference, descriptor: Descriptor) -> bytes:
        """A small blob, e.g. a config, whole; its digest and size are those of the descriptor.

        Raises:
            RegistryError: as for `Resolver.resolve`; also where it has more than 4 MiB.
        """
        ...

    def stream(
        self, image: ImageReference, descriptor: Descriptor, start: int = 0
    ) -> AsyncGenerator[bytes, None]:
        """A blob of any size from the byte `start` on, in pieces that fit into memory.

        Read to the end from the start, it has the digest and size of the descriptor: the last piece comes
        only when that is known. From a later byte on, only the size is known to be right. Whoever may stop
        before the end uses `contextlib.aclosing`.

        Raises:
            RegistryError: as for `Resolver.resolve`, from the iteration.
            ValueError: `start` lies outside of the blob.
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


class Registry(Witness, BlobSource, Protocol):
    """A resolver that also looks into what it resolves."""

    async def describe(self, image: ImageReference) -> Resolution:
        """As `resolve`, with the platforms that the image is for; this reads its manifest.

        Raises:
            RegistryError: as for `resolve`.
        """
        ...

    async def resolve_platform(self, image: ImageReference, platform: Platform) -> Resolution:
        """As `resolve`, but the digest is that of the one manifest for a platform.

        Raises:
            NotFound: also where the image is not there for that platform; the hint lists those that are.
            RegistryError: as for `resolve`.
        """
        ...

    async def manifest(self, image: ImageReference) -> Manifest | Index:
        """The manifest or index that the digest names, or the tag where there is no digest.

        Raises:
            RegistryError: as for `resolve`.
        """
        ...

    async def document(self, image: ImageReference) -> tuple[Descriptor, Manifest | Index]:
        """As `manifest`, with the descriptor of what is there: the digest and size of its bytes.

        Raises:
            RegistryError: as for `resolve`.
        """
        ...

    async def tags(self, image: ImageReference) -> tuple[str, ...]:
        """All tags of the image's repository, each once, in the registry's order.

        Raises:
            RegistryError: as for `resolve`.
        """
        ...

    async def referrers(
        self, image: ImageReference, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """Manifests that refer to this one, e.g. its signatures and SBOMs; of one artifact type if given.

        Raises:
            RegistryError: as for `resolve`; an image that nothing refers to is no error.
        """
        ...


class PushDates(Protocol):
    """Knows dates that registries give, for those who trust them."""

    async def pushed(self, image: ImageReference, digest: Digest) -> PushDate | None:
        """When a tag got this digest, by what its registry says; None where it says nothing about this one.

        It never fails: who gets no date waits as if there were none.
        """
        ...


class ImageSource(Protocol):
    """One image, or an index of several, that can be looked into wherever it lies."""

    @property
    def name(self) -> str:
        """As the user named it, e.g. `alpine:3.22` or `oci:build/app`."""
        ...

    async def root(self) -> tuple[Descriptor, Manifest | Index]:
        """What the name means: its descriptor, and the document that this describes.

        Raises:
            RegistryError: as for `Resolver.resolve`.
            ImageError: a local image cannot be read.
        """
        ...

    async def document(self, descriptor: Descriptor) -> Manifest | Index:
        """A manifest or index that the root, or an index in it, names; never unverified.

        Raises:
            RegistryError, ImageError: as for `root`.
        """
        ...

    async def blob(self, descriptor: Descriptor) -> bytes:
        """A small blob, e.g. a config, whole; its digest and size are those of the descriptor.

        Raises:
            RegistryError, ImageError: as for `root`; also where it has more than 4 MiB.
        """
        ...

    def stream(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        """A blob of any size, in pieces; see `BlobSource.stream`.

        Only an archive of `docker save` gives its layers as they lie in it: not compressed, and so with the
        digest that the config names.

        Raises:
            RegistryError, ImageError: as for `root`, from the iteration.
        """
        ...

    @property
    def taken(self) -> Taken:
        """How much was read so far."""
        ...


class Cache(Protocol):
    """Keeps what was found out about things that never change, between runs.

    It may forget at any time and never fails: what it cannot keep, or read any more, it does not have.
    """

    async def get(self, name: str) -> bytes | None:
        """What was put under a name, whole; None if it is not there."""
        ...

    async def put(self, name: str, data: bytes) -> None:
        """Keep something under a name that says all of what it depends on."""
        ...


class VulnerabilityDatabase(Protocol):
    """Where it is known which package versions are vulnerable."""

    async def affecting(self, inventory: Inventory) -> Exposures:
        """The vulnerabilities that the packages of an image are known to have.

        Raises:
            VulnerabilityError: the database does not answer, or not sensibly.
        """
        ...

    async def describe(self, ids: Collection[str]) -> tuple[Vulnerability, ...]:
        """What is known of each, in the same order; of one that is not described, its id alone.

        Raises:
            VulnerabilityError: as for `affecting`.
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

        A line of a step has its place in front, as far as the builder says it: `[files, step 2/5] `.

        Raises:
            BuilderError: the builder cannot do this build, which says nothing about the Dockerfile.
        """
        ...

    async def capabilities(self) -> tuple[Capability, ...]:
        """What it can do here; some of it is tried, which takes seconds."""
        ...


class Runner(Protocol):
    """Starts an image in a sandbox: its code is not trusted."""

    @property
    def version(self) -> str:
        """Name and version of the program, e.g. `podman 4.3.1`."""
        ...

    async def run(
        self, source: ImageSource, manifest: Manifest, config: ImageConfig, *, seconds: float
    ) -> SmokeRun:
        """Start one container, as the config says, and watch it for as long as this.

        It has no network, no privileges, a root that cannot be written, and little memory. Nothing of it is
        left afterwards.

        Raises:
            RegistryError, ImageError: a part of the image cannot be had.
            BuilderError: it cannot be run here, which says nothing about the image.
        """
        ...


class Forge(Protocol):
    """Where pull requests live."""

    @property
    def calls(self) -> int:
        """How many requests were sent to it so far, the ledger's among them."""
        ...

    async def survey(self, base: str | None) -> Survey:
        """See how things stand: the branch to merge into (None: the default one), and pinbot's pull requests.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def find(self, proposal: Proposal, survey: Survey) -> PullRequest | None:
        """The open pull request that needs nothing done, if so.

        It makes the changes of this proposal already, on the base as it is now; or people worked on it, and
        it is theirs, which is said there once. Title and body are not compared: they may tell what another
        run found out on the way.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def rejected(self, branch: str) -> tuple[Rejection, ...]:
        """What people turned down that came from a branch: pull requests that were closed without a merge.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def settle(self, branch: str, number: int) -> tuple[Rejection, ...] | None:
        """See to the end of a pull request that was open once, and is not any more.

        The branch of one that was merged, or closed by pinbot itself, is deleted where nothing came onto it
        since, and where that can be done. Gives what people turned down by closing it without a merge; None
        if it is open after all.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def notice(self, number: int) -> Notice | None:
        """The dashboard, whose number may be known; None where there is none.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def post(self, notice: Notice | None, body: str) -> Notice:
        """Have the dashboard say this; None: there is none yet.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def close(self, pull: OwnPull, why: str) -> PullRequest:
        """Close a pull request with a comment, and delete its branch; one that people worked on stays open.

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


class Repositories(Protocol):
    """All that a forge has, as one token sees them; read without a clone.

    Each method raises ForgeError where it cannot be done, or may not be.
    """

    async def named(self, name: str) -> RepositoryFacts:
        """The repository `owner/name`."""
        ...

    async def owned_by(self, owner: str) -> tuple[RepositoryFacts, ...]:
        """All repositories of an organisation or person that the token can see."""
        ...

    async def listing(self, repository: RepositoryFacts, branch: str) -> Listing | None:
        """The files of a branch; None where the repository is empty."""
        ...

    async def read(self, repository: RepositoryFacts, file: ListedFile) -> bytes:
        """The content of a file, or of a link the path that it leads to; never unverified."""
        ...

    async def check_out(self, repository: RepositoryFacts, branch: str, tree: str, folder: Path) -> None:
        """Put the files of a branch into a new folder, as they were listed; nothing in it is secret."""
        ...

    def calls(self, name: str | None = None) -> int:
        """How many requests were sent so far: about one repository, or at all."""
        ...


class WorkTree(Protocol):
    """The files of a repository, wherever they are."""

    def relative(self, path: str) -> str:
        """The path from the root, with `/`, of the file that `path` leads to.

        Raises:
            UsageError: it is outside of the tree.
        """
        ...

    def name(self, path: str) -> str:
        """The path from the root where there is one; the path itself for what is outside of the tree."""
        ...

    def has(self, path: str) -> bool:
        """Whether there is a file at a path from the root."""
        ...

    async def bring(self) -> None:
        """Have the files here, so that they can be copied.

        Raises:
            PinbotError: they cannot be had.
        """
        ...

    def copy_to(self, destination: Path, *, changes: Mapping[str, bytes]) -> None:
        """Copy what a fresh checkout would hold, with other bytes for the paths in `changes`.

        Raises:
            SourceError: a file cannot be copied.
        """
        ...


class LedgerStore(Protocol):
    """Where the ledger is kept from run to run."""

    async def read(self) -> Ledger:
        """What is known; an empty ledger where there is none yet.

        Raises:
            PinbotError: it cannot be read, which is not the same as empty.
        """
        ...

    async def add(self, ledger: Ledger) -> None:
        """Merge this into what is there by then; nothing is written where nothing is new.

        Raises:
            PinbotError: it cannot be written.
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
