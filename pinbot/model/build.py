"""What is asked of a builder and what it answers."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pinbot.errors import PinbotError
from pinbot.model.finding import Profile, Severity
from pinbot.model.inspection import Difference, Inspection
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
        reuse: whether an image may be taken that was built from the same files not long ago. Not where a tag
            may mean something else by now.
    """

    target: BuildTarget
    root: Path
    image: Path
    reuse: bool = False


class Limit(StrEnum):
    """What a build can have too much of."""

    TIME = "time"
    MEMORY = "memory"
    PROCESSES = "processes"
    DISK = "disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """An image that was built.

    Attributes:
        digest: of its manifest, the only one in the layout.
        size: compressed bytes of all layers, the sum of the manifest's `layers[].size`.
        layers: how many layers it has.
        seconds: how long the build took.
        builder: name and version of the builder, e.g. `buildah 1.28.2`.
        caveats: what the steps could not be held to, or kept from, and why.
        age: seconds since it was built, where it was built earlier.
    """

    digest: Digest
    size: int
    layers: int
    seconds: float
    builder: str
    caveats: tuple[str, ...] = ()
    age: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedBuild:
    """A build that ran and did not succeed.

    Attributes:
        step: the Dockerfile instruction that failed, as the builder printed it; empty if unknown.
        tail: the last lines of the log, control characters removed.
        seconds: how long it took to fail.
        builder: name and version of the builder.
        limit: what it took too much of, if that is why it failed.
        caveats: as for `BuiltImage`.
    """

    step: str
    tail: tuple[str, ...]
    seconds: float
    builder: str
    limit: Limit | None = None
    caveats: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """`failed`, or which limit it met, to be put in a sentence."""
        match self.limit:
            case None:
                return "failed"
            case Limit.TIME:
                return "timed out"
            case Limit.PROCESSES:
                return "started too many processes"
            case limit:
                return f"took too much {limit}"


BuildOutcome = BuiltImage | FailedBuild


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """What an update makes of a file: its path from the root, and digests of its content on both sides."""

    path: str
    before: Digest
    after: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A target built before and after the update.

    Attributes:
        after: what came of it; a PinbotError where no build could even be tried, which says nothing about
            the update.
        before: the same without the update. Missing where nothing was built, or what was pinned is gone;
            `before_problem` then says why.
        inspection: what the image is that was built; an error where it could not be looked into. None where
            nobody looked.
        difference: what the update did to the image, where both could be looked into.
        files: what was changed in the tree that was built, the Dockerfile among them; by this it can be told
            whether the verdict is about a change. Empty where nothing was.
        earlier: whether it is the word of another job, which built before this one began.
    """

    target: BuildTarget
    after: BuildOutcome | PinbotError
    before: BuiltImage | None = None
    before_problem: str | None = None
    inspection: Inspection | PinbotError | None = None
    difference: Difference | None = None
    files: tuple[ChangedFile, ...] = ()
    earlier: bool = False

    @property
    def caveats(self) -> tuple[str, ...]:
        """What the steps could not be held to, or kept from."""
        return () if isinstance(self.after, PinbotError) else self.after.caveats

    @property
    def built(self) -> bool:
        """Whether the updated files were built."""
        return isinstance(self.after, BuiltImage)

    @property
    def worse(self) -> bool:
        """Whether the update brings a finding that is an error."""
        new = () if self.difference is None else self.difference.findings.new
        return any(finding.severity is Severity.ERROR for finding in new)

    @property
    def good(self) -> bool:
        """Whether nothing speaks against the update: it builds, and brings no error of the audit's."""
        return self.built and not self.worse
