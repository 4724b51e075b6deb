"""Where references stand in files, and the edits to them. Offsets count bytes, columns characters."""

from dataclasses import dataclass
from enum import StrEnum

from pinbot.model.reference import ImageReference


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start` up to, not including, `end`; offsets into the whole file."""

    start: int
    end: int

    def of(self, data: bytes) -> bytes:
        """The bytes of `data` that the span covers."""
        return data[self.start : self.end]

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place for people: line and column, both from 1; columns count characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file as it was read: its path as the user would type it (with `/`), and all its bytes."""

    path: str
    data: bytes


class Kind(StrEnum):
    """In which construct a reference stands."""

    FROM = "from"
    COPY_FROM = "copy-from"
    MOUNT_FROM = "mount-from"
    SYNTAX = "syntax"
    IMAGE = "image"


class Status(StrEnum):
    """What pinbot may do with a reference."""

    UNPINNED = "unpinned"
    PINNED = "pinned"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPlace:
    """The bytes that hold the tail of a reference, where its digest belongs.

    Attributes:
        span: the text that gives the reference, or the end of it (an ARG default may be only `3.22`).
        position: where that text begins.
        digest: within or at the end of `span`: the bytes of `@sha256:…` that stand there now,
            or the empty span at which it would be written.
        tag: the bytes of the tag, straight before those; None where it is not written there as it is.
    """

    span: Span
    position: Position
    digest: Span
    tag: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One image reference in one file.

    Attributes:
        file: path of the file, as in `SourceFile.path`.
        position: where `raw` begins.
        span: the bytes of `raw`.
        kind: the construct it stands in.
        raw: exactly what is written there, e.g. `alpine:${VERSION}`.
        image: the whole reference after expansion; None where it cannot be known, which `reason` explains.
        stage: name of the build stage that the reference begins or belongs to, if it has one.
        platform: what `--platform` says after expansion, if anything.
        status: unpinned, pinned or skipped.
        reason: why it is skipped, in words for the user; None otherwise.
        place: where the digest is edited; None where it must not be.
    """

    file: str
    position: Position
    span: Span
    kind: Kind
    raw: str
    image: ImageReference | None
    stage: str | None = None
    platform: str | None = None
    status: Status
    reason: str | None = None
    place: EditPlace | None = None

    @property
    def edited_elsewhere(self) -> bool:
        """Whether the digest belongs outside of `raw`, e.g. into the default of an ARG."""
        return self.place is not None and not (
            self.span.start <= self.place.span.start and self.place.span.end <= self.span.end
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Replace the bytes `old` at `span` by `new`; `old` is there so that a stale edit is noticed."""

    span: Span
    old: bytes
    new: bytes
