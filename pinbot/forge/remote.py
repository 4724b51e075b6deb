"""What the life cycle needs of a forge: one repository, told as Protocols and the values that they give.

Every method may raise ForgeError; none changes more than it says.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from pinbot.model.proposing import MergeMethod

HEADS = "refs/heads/"


class Missing(Enum):
    """Why there is no content: no commit has that name, or the commit has no such file."""

    COMMIT = "commit"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit: its own name, the names of its tree and parents, and its whole message."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """What stands at a path: git's mode, e.g. `100644`, and the name of the content."""

    mode: str
    sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeChange:
    """A file to put into a tree; its mode is kept as it was."""

    path: str
    mode: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A pull request from a branch of the same repository.

    `head` is the commit that it stands at, `node` what GraphQL calls it.
    """

    number: int
    url: str
    branch: str
    head: str
    base: str
    title: str
    body: str
    labels: tuple[str, ...]
    assignees: tuple[str, ...] = ()
    node: str = ""
    draft: bool = False
    merged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue; `trusted` says that it was opened by a bot or somebody who works on the repository."""

    number: int
    url: str
    body: str
    trusted: bool


class GitData(Protocol):
    """Branches, other references, and what they lead to."""

    async def default_branch(self) -> str:
        """Name of the branch that pull requests go to when nothing else is said."""
        ...

    async def head(self, branch: str) -> Commit | None:
        """The commit that a branch points to; None if there is no such branch."""
        ...

    async def entries(self, tree: str, paths: tuple[str, ...]) -> dict[str, TreeEntry]:
        """What stands at those paths in a tree; paths that are not there are left out."""
        ...

    async def create_tree(self, base: str | None, changes: tuple[TreeChange, ...]) -> str:
        """Store the tree `base` with the changes, or a tree of these alone; returns its name."""
        ...

    async def create_commit(self, message: str, *, tree: str, parent: str | None) -> str:
        """Store a commit; returns its name. Nothing points to it yet."""
        ...

    async def move_branch(self, branch: str, commit: str) -> bool:
        """Point a branch to another commit, whatever it pointed to; False if it is gone."""
        ...

    async def delete_branch(self, branch: str) -> None:
        """Delete a branch, if it is there."""
        ...

    async def create_ref(self, name: str, commit: str) -> bool:
        """Make a reference, e.g. `refs/heads/pinbot/x`; False if there is one of that name already."""
        ...

    async def advance_ref(self, name: str, commit: str) -> bool:
        """Point a reference to a descendant of what it points to; False if it is none, or if it is gone."""
        ...

    async def tip(self, name: str) -> str | None:
        """The commit that a reference points to; None if there is no such reference."""
        ...

    async def file(self, ref: str, path: str) -> bytes | Missing:
        """The content of a file at a reference or commit, or what of them is missing.

        A file counts as missing, too, where the token may not see it.
        """
        ...


class Pulls(Protocol):
    """Pull requests."""

    async def all_open_pulls(self) -> tuple[Pull, ...]:
        """All open pull requests from branches of this repository, the newest first."""
        ...

    async def open_pulls(self, branch: str) -> tuple[Pull, ...]:
        """The open pull requests from that branch of this repository, to whatever base."""
        ...

    async def closed_pulls(self, branch: str) -> tuple[Pull, ...]:
        """The latest of those from that branch that were merged or closed, the newest first."""
        ...

    async def open_pull(self, branch: str, base: str, *, title: str, body: str, draft: bool) -> Pull | None:
        """Open a pull request; None if one is open already."""
        ...

    async def close_pull(self, number: int, *, body: str) -> None:
        """Set the body, and close the pull request without merging it."""
        ...

    async def edit_pull(self, number: int, *, body: str, title: str | None = None) -> None:
        """Set the body, and the title if there is one."""
        ...

    async def request_reviews(self, number: int, people: tuple[str, ...], teams: tuple[str, ...]) -> None:
        """Ask people and teams for a review."""
        ...

    async def merge_when_ready(self, pull: Pull, method: MergeMethod) -> None:
        """Have the forge merge it by itself once everything that it asks for is there."""
        ...

    async def mark_ready(self, pull: Pull) -> None:
        """Make a draft one that asks for reviews."""
        ...


class Issues(Protocol):
    """Comments, labels, commit statuses and issues; a pull request is an issue, too."""

    async def comments(self, number: int) -> tuple[str, ...]:
        """What was said on a pull request, the oldest first."""
        ...

    async def comment(self, number: int, text: str) -> None:
        """Say something on a pull request."""
        ...

    async def add_labels(self, number: int, labels: tuple[str, ...]) -> None:
        """Add labels, making those that the repository does not have."""
        ...

    async def add_assignees(self, number: int, people: tuple[str, ...]) -> tuple[str, ...]:
        """Make it the task of these people, too; gives whose task it is then: forges leave out strangers."""
        ...

    async def set_status(self, commit: str, state: str, *, context: str, description: str) -> None:
        """Show a state at a commit: `pending`, `success`, `failure` or `error`."""
        ...

    async def issue(self, number: int) -> Issue | None:
        """An issue; None if it is gone."""
        ...

    async def issues(self) -> tuple[Issue, ...]:
        """The issues that were opened last and are open still, the newest first."""
        ...

    async def open_issue(self, *, title: str, body: str) -> Issue:
        """Open an issue."""
        ...

    async def edit_issue(self, number: int, *, body: str, closed: bool = False) -> None:
        """Set the body of an issue, and close it if that is asked for."""
        ...


class Remote(GitData, Pulls, Issues, Protocol):
    """One repository on a forge."""

    @property
    def calls(self) -> int:
        """How many requests were sent so far, by all who share the connection."""
        ...
