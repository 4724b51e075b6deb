"""What is proposed to a forge, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedFile:
    """A file of the repository: its path from the root, what the plan was made on, what it shall be."""

    path: str
    before: bytes
    after: bytes


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
        labels: names that the pull request carries: added where they are missing, never taken away.
    """

    branch: str
    base: str | None
    title: str
    body: str
    message: str
    files: tuple[ProposedFile, ...]
    labels: tuple[str, ...] = ()


class PullRequestAction(StrEnum):
    """What was done to a pull request in this run."""

    OPENED = "opened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    LEFT_ALONE = "left-alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request as it stands after the run; `note` tells what the user should know of it."""

    number: int
    url: str
    action: PullRequestAction
    note: str = ""
