"""What is to change, and why the rest is not."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from pinbot.errors import PinbotError
from pinbot.model.occurrence import Edit, Occurrence, SourceFile
from pinbot.model.reference import Digest, ImageReference, Platform
from pinbot.model.treatment import Treatment


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a registry says a tag means now.

    `platforms` is None where only the digest was asked for (one HEAD tells no more).
    """

    image: ImageReference
    digest: Digest
    media_type: str
    platforms: tuple[Platform, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagList:
    """All tags of a repository, which is named with its registry."""

    repository: str
    tags: tuple[str, ...]


class UpdateKind(StrEnum):
    """Why a reference changes."""

    PIN = "pin"
    DIGEST = "digest"
    TAG = "tag"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What an image is fixed to: a tag, a digest, or both."""

    tag: str | None
    digest: Digest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushDate:
    """When a tag got its digest, as somebody says: `source` is who, for people, like `Docker Hub`."""

    when: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One image that moves, with every place where it is written.

    Attributes:
        image: the tagged reference that was asked for.
        old, new: what all its places are fixed to, and what they shall be.
        treatment: what the rules say of it, the same at all its places.
        seen: when pinbot first saw the new digest under this tag; None where that is not kept.
        pushed: since when the tag has had it by what somebody else says; None where that was not asked.
        ripe: when it will have been seen for long enough, if that is still to come and only a warning.
    """

    image: ImageReference
    kind: UpdateKind
    old: Version
    new: Version
    occurrences: tuple[Occurrence, ...]
    treatment: Treatment = field(default_factory=Treatment)
    seen: datetime | None = None
    pushed: PushDate | None = None
    ripe: datetime | None = None

    @property
    def followed(self) -> ImageReference:
        """The tagged reference whose digest it is to have: another than `image` where the tag moves."""
        return replace(self.image, tag=self.new_tag) if self.new_tag else self.image

    @property
    def new_tag(self) -> str:
        """The tag that it is to have, if that is another one; else empty."""
        return (self.new.tag or "") if self.new.tag != self.old.tag else ""

    @property
    def held_names(self) -> tuple[str, ...]:
        """The whole tagged names that have moved with it: the interval between two moves holds for each."""
        if not self.treatment.interval:
            return ()
        return tuple(dict.fromkeys((str(self.image), str(self.followed))))

    @property
    def since(self) -> datetime | None:
        """Since when the tag has had the new digest for certain, or by what somebody says who is trusted."""
        said = None if self.pushed is None else self.pushed.when
        return min((when for when in (self.seen, said) if when is not None), default=None)

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that it touches, each once, in order."""
        return tuple(dict.fromkeys(occurrence.file for occurrence in self.occurrences))


def updates_within(updates: Iterable[Update], files: Container[str]) -> tuple[Update, ...]:
    """The updates without their places in other files; those that have no other places are left out."""
    kept = (
        replace(update, occurrences=tuple(place for place in update.occurrences if place.file in files))
        for update in updates
    )
    return tuple(update for update in kept if update.occurrences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A reference that was found and is left alone, with the reason for the user."""

    image: str
    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """An update that could be made and is not yet, with the reason for the user.

    `until` is when it will be made if nothing changes; None where that is not a question of time.
    """

    update: Update
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A file before, and the edits that make it the file after."""

    source: SourceFile
    edits: tuple[Edit, ...]
    after: bytes

    @property
    def path(self) -> str:
        """Path of the file, as in `SourceFile.path`."""
        return self.source.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The outcome of looking at everything: what moves, what is left, what went wrong.

    Attributes:
        updates: images that move, ordered by name.
        waits: images that could move, and do not yet.
        skips: references that were found and left alone.
        changes: the files that the updates touch, with their new content.
        sources: all files that were looked at.
        errors: images and files that could not be handled; never counted as up to date.
        current: how many references are right as they are: asked about, or with a digest that may not move.
    """

    updates: tuple[Update, ...] = ()
    waits: tuple[Wait, ...] = ()
    skips: tuple[Skip, ...] = ()
    changes: tuple[FileChange, ...] = ()
    sources: tuple[SourceFile, ...] = field(default=(), repr=False)
    errors: tuple[PinbotError, ...] = ()
    current: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether no image reference was found at all, and nothing went wrong."""
        return not (self.updates or self.waits or self.skips or self.errors or self.current)
