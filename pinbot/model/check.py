"""What there is to say of the image references of a repository, without a change of any."""

from dataclasses import dataclass
from enum import StrEnum

from pinbot.errors import PinbotError
from pinbot.model.finding import Finding, Severity
from pinbot.model.plan import Skip


class PinRule(StrEnum):
    """What can be wrong with a reference, or is worth knowing of it; docs/check.md has them all."""

    GONE = "gone"
    INCOMPLETE = "incomplete"
    UNPINNED = "unpinned"
    OUTDATED = "outdated"
    ONE_PLATFORM = "one-platform"
    NEWER_TAG = "newer-tag"
    UNTAGGED = "untagged"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class PinFinding:
    """A reference that is not as it should be.

    Attributes:
        finding: what is wrong there, and what to do.
        image: the reference, whole.
        fix: what should stand there instead, as people write it; None where nobody can tell.
    """

    finding: Finding
    image: str
    fix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a check of a repository came to.

    Attributes:
        findings: in the order of files and lines.
        skips: references that were left alone, each with the reason.
        errors: images and files that could not be looked at, which is not the same as right.
        current: how many references are pinned to what their tags mean now.
    """

    findings: tuple[PinFinding, ...] = ()
    skips: tuple[Skip, ...] = ()
    errors: tuple[PinbotError, ...] = ()
    current: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether no image reference was found at all, and nothing went wrong."""
        return not (self.findings or self.skips or self.errors or self.current)

    @property
    def wants_change(self) -> bool:
        """Whether something in it should be mended; what is only worth knowing does not count."""
        return any(one.finding.severity is not Severity.NOTE for one in self.findings)
