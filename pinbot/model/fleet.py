"""Many repositories in one run: what a forge tells of each, and what came of it."""

from dataclasses import dataclass

from pinbot.errors import PinbotError
from pinbot.model.report import UpdateReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An organisation or person; `closed` says why nothing of theirs is worked on, None where it is."""

    name: str
    closed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryFacts:
    """A repository on a forge.

    Attributes:
        name: `owner/name`, as the forge writes it.
        default_branch: where pull requests go to when nothing else is said.
        clone_url: where git finds it.
        fork: whether it is the copy of another one.
        closed: why nothing in it can be changed, e.g. that it is archived; None where it can.
    """

    name: str
    default_branch: str
    clone_url: str
    fork: bool = False
    closed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """A file or link in a tree: git's mode, the name of its content, and how many bytes that has."""

    path: str
    mode: str
    sha: str
    size: int

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link, whose content is the path that it leads to."""
        return self.mode == "120000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All files of a branch, by path.

    Attributes:
        commit: what the branch points to.
        tree: what git calls the state that the files are in.
        complete: whether the files are all that there are.
    """

    commit: str
    tree: str
    files: dict[str, ListedFile]
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryReport:
    """What came of one repository.

    Attributes:
        name: `owner/name`.
        report: the run in it; None where there was none.
        skipped: why there was none, or nothing for it to do; None otherwise.
        errors: why it could not go on; what the run itself tells of is in `report`.
        notes: what of its configuration does not count, and why.
        seconds: from its first request to its last.
        calls: how many requests about it were sent to the forge.
    """

    name: str
    report: UpdateReport | None = None
    skipped: str | None = None
    errors: tuple[PinbotError, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    calls: int = 0

    @property
    def all_errors(self) -> tuple[PinbotError, ...]:
        """Those that ended it, and those that it survived."""
        return self.errors + (self.report.all_errors if self.report else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReport:
    """What came of all of them, in the order in which they were named or listed.

    Attributes:
        errors: what belongs to no repository.
        notes: accounts that were left out, and why.
        calls: how many requests were sent to the forge, lists and tokens included.
    """

    repositories: tuple[RepositoryReport, ...]
    errors: tuple[PinbotError, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    calls: int = 0
