"""What is asked of a builder and what it answers."""

from dataclasses import dataclass
from pathlib import Path

from pinbot.errors import PinbotError
from pinbot.model.finding import Profile
from pinbot.model.reference import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTarget:
    """An image that a repository builds; paths are relative to the repository's root, with `/`.

    Attributes:
        platform: the only one that it is built for here; None is the builder's own.
        audit: what kind of image it is held to be; None leaves it to `audit.profile`.
        max_size: compressed bytes that it may have; None leaves it to `audit.max_size`.
    """

    dockerfile: str
    context: str
    stage: str | None = None
    platform: str | None = None
    args: tuple[tuple[str, str], ...] = ()
    audit: Profile | None = None
    max_size: int | None = None

    @property
    def name(self) -> str:
        """How it is called in tables: the Dockerfile, and the stage and platform where they are chosen."""
        chosen = ", ".join(filter(None, (self.stage, self.platform)))
        return f"{self.dockerfile} ({chosen})" if chosen else self.dockerfile


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """One build.

    Attributes:
        root: the folder with the target's files, which the builder only reads.
        image: a folder that does not exist yet, in one of the caller's own. A build that succeeds leaves the
            image there, as an OCI image layout (image-spec 1.1, image-layout.md) of that one image; any other
            leaves nothing.
    """

    target: BuildTarget
    root: Path
    image: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """An image that was built.

    Attributes:
        digest: of its manifest, the only one in the layout.
        size: compressed bytes of all layers, the sum of the manifest's `layers[].size`.
        layers: how many layers it has.
        seconds: how long the build took.
        builder: name and version of the builder, e.g. `buildah 1.28.2`.
    """

    digest: Digest
    size: int
    layers: int
    seconds: float
    builder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedBuild:
    """A build that ran and did not succeed.

    Attributes:
        step: the Dockerfile instruction that failed, as the builder printed it; empty if unknown.
        tail: the last lines of the log, control characters removed.
        seconds: how long it took to fail.
        builder: name and version of the builder.
        timed_out: whether it was stopped because it took too long.
    """

    step: str
    tail: tuple[str, ...]
    seconds: float
    builder: str
    timed_out: bool = False


BuildOutcome = BuiltImage | FailedBuild


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A target built before and after the update.

    `after` is a PinbotError where no build could even be tried, which says nothing about the update.
    `before` may be missing: nothing was built, or what was pinned is gone; `before_problem` then says why.
    """

    target: BuildTarget
    after: BuildOutcome | PinbotError
    before: BuiltImage | None = None
    before_problem: str | None = None

    @property
    def good(self) -> bool:
        """Whether the updated files were built."""
        return isinstance(self.after, BuiltImage)
