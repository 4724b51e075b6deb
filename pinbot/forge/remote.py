"""What the life cycle needs of a forge: one repository, told as a Protocol and the values that it gives."""

from dataclasses import dataclass
from typing import Protocol


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
    """A pull request from a branch of the same repository; `head` is the commit that it stands at."""

    number: int
    url: str
    branch: str
    head: str
    base: str
    title: str
    body: str
    labels: tuple[str, ...]
    merged: bool = False


class Remote(Protocol):
    """One repository on a forge. Every method may raise ForgeError; none changes more than it says."""

    async def default_branch(self) -> str:
        """Name of the branch that pull requests go to when nothing else is said."""
        ...

    async def head(self, branch: str) -> Commit | None:
        """The commit that a branch points to; None if there is no such branch."""
        ...

    async def entries(self, tree: str, paths: tuple[str, ...]) -> dict[str, TreeEntry]:
        """What stands at those paths in a tree; paths that are not there are left out."""
        ...

    async def create_tree(self, base: str, changes: tuple[TreeChange, ...]) -> str:
        """Store the tree `base` with the changes; returns its name."""
        ...

    async def create_commit(self, message: str, *, tree: str, parent: str) -> str:
        """Store a commit; returns its name. No branch points to it yet."""
        ...

    async def create_branch(self, branch: str, commit: str) -> bool:
        """Make a branch; False if there is one of that name already."""
        ...

    async def move_branch(self, branch: str, commit: str) -> bool:
        """Point a branch to another commit, whatever it pointed to; False if it is gone."""
        ...

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

    async def comment(self, number: int, text: str) -> None:
        """Say something on a pull request."""
        ...

    async def delete_branch(self, branch: str) -> None:
        """Delete a branch, if it is there."""
        ...

    async def edit_pull(self, number: int, *, title: str, body: str) -> None:
        """Set title and body."""
        ...

    async def add_labels(self, number: int, labels: tuple[str, ...]) -> None:
        """Add labels, making those that the repository does not have."""
        ...
