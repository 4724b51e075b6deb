"""What `init` is about to write, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from pinbot.errors import PinbotError
from pinbot.model.reference import ImageReference


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A file that is to be there.

    Attributes:
        path: from the root of the repository, with `/`.
        data: what it is to hold.
        instead: other files, any of which makes this one superfluous.
        advice: what to do by hand where it is not written.
    """

    path: str
    data: bytes
    instead: tuple[str, ...] = ()
    advice: str = ""


class DraftStatus(StrEnum):
    """What became of a draft."""

    WRITTEN = "written"
    PLANNED = "planned"
    KEPT = "kept"
    LEFT_OUT = "left-out"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOutcome:
    """A file, what became of it, and what the user should know of that."""

    path: str
    status: DraftStatus
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupReport:
    """What `init` did.

    Attributes:
        files: in the order in which they are written.
        pinned: images that have their digest in what was written, with it.
        unpinned: images that are left with their tag, each with the reason.
        action: how the workflow names the Action; None where a workflow is there already.
        unpinned_action: why that is not a commit; None where it is one.
        errors: files that could not be written.
    """

    files: tuple[DraftOutcome, ...]
    pinned: tuple[ImageReference, ...] = ()
    unpinned: tuple[PinbotError, ...] = ()
    action: str | None = None
    unpinned_action: str | None = None
    errors: tuple[PinbotError, ...] = ()

    def paths(self, status: DraftStatus) -> tuple[str, ...]:
        """The files of which this became."""
        return tuple(outcome.path for outcome in self.files if outcome.status is status)
