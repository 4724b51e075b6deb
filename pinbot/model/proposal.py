"""What is proposed to a forge, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pinbot.model.proposing import MergeMethod
from pinbot.model.reference import Digest

PREFIX = "pinbot/"
"""Of every branch that pinbot makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedFile:
    """A file of the repository: its path from the root, what the plan was made on, what it shall be."""

    path: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Subject:
    """What a pull request is about: an image by its whole tagged name, and what it shall have.

    Attributes:
        image: with the tag that it has now.
        digest: the one that it shall have.
        tag: the one that it shall have, if that is another one; else empty.
    """

    image: str
    digest: Digest
    tag: str = ""

    @property
    def followed(self) -> str:
        """The whole tagged name whose digest it shall have."""
        return f"{self.image.rpartition(':')[0]}:{self.tag}" if self.tag else self.image


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One pull request: the branch is rebuilt as one commit on the head of the base.

    Attributes:
        branch: the head branch, e.g. `pinbot/images`.
        base: the branch to merge into; None means the repository's default branch.
        title: one line.
        body: Markdown.
        message: of the commit.
        files: what the commit changes.
        subjects: which images it moves, and to what.
        labels: names that the pull request carries: added where they are missing, never taken away.
        reviewers, team_reviewers, assignees: who is asked for a review, and whose task it is.
        draft: whether it is opened as a draft.
        auto_merge: how the forge is to merge it by itself; None where people do.
        cooldown: whether a commit status tells that its digests have been seen for long enough.
        ripe: when they will have been; None where they have been.
    """

    branch: str
    base: str | None
    title: str
    body: str
    message: str
    files: tuple[ProposedFile, ...]
    subjects: tuple[Subject, ...] = ()
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    draft: bool = False
    auto_merge: MergeMethod | None = None
    cooldown: bool = False
    ripe: datetime | None = None


class PullRequestAction(StrEnum):
    """What was done to a pull request in this run."""

    OPENED = "opened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    LEFT_ALONE = "left-alone"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request as it stands after the run; `note` tells what the user should know of it."""

    number: int
    url: str
    action: PullRequestAction
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPull:
    """A pull request of pinbot's that is open.

    Attributes:
        number, url: what it is called.
        branch, base: from where to where it goes.
        head: the commit that its branch points to.
        mark: what its body says that it was written for, and by which it is known again; may be empty.
        body: its text.
        subjects: which images it moves, and to what, as its body says.
    """

    number: int
    url: str
    branch: str
    base: str
    head: str
    mark: str = ""
    body: str = field(default="", repr=False)
    subjects: tuple[Subject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """How things stand on the forge before anything is done.

    Attributes:
        base: name of the branch that pull requests go to; empty where that made no difference.
        head: the commit that it points to; empty where none of the pull requests is there to be compared.
        pulls: pinbot's own that are open into that base, the oldest first.
    """

    base: str
    head: str
    pulls: tuple[OwnPull, ...] = ()

    def pull_of(self, branch: str) -> OwnPull | None:
        """The open pull request from a branch."""
        return next((pull for pull in self.pulls if pull.branch == branch), None)
