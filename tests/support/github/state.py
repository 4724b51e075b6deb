"""What GitHub remembers: tokens, repositories, pull requests, labels; and what people do to them."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.github.git import Git, Signature

_LEVELS = {"none": 0, "read": 1, "write": 2, "admin": 3}


class Now:
    """GitHub's clock: every look at it is a second later than the one before, so that no two events tie."""

    def __init__(self) -> None:
        self._seconds: Iterator[int] = itertools.count()

    def __call__(self) -> str:
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(self._seconds))
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(kw_only=True)
class Token:
    """A credential.

    `kind` is `app` (an installation, or GITHUB_TOKEN), `fine-grained` or `classic`: GitHub's refusals differ.
    Permissions that are left out are `none`; `issues` is asked for when a label is new.
    """

    login: str
    kind: str = "app"
    permissions: Mapping[str, str] = field(
        default_factory=lambda: {
            "contents": "write",
            "pull_requests": "write",
            "issues": "write",
            "statuses": "write",
        }
    )
    repositories: tuple[str, ...] = ()  # empty: all
    expires: float | None = None  # a moment of time.monotonic()
    installation: "Installation | None" = None
    may_open_pulls: bool = True  # the setting "Allow GitHub Actions to create and approve pull requests"

    def sees(self, repository: str) -> bool:
        return not self.repositories or repository in self.repositories

    def may(self, permission: str, level: str) -> bool:
        granted = {"metadata": "read", **self.permissions}.get(permission, "none")
        return _LEVELS[granted] >= _LEVELS[level]


@dataclass(kw_only=True)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str = ""


@dataclass(kw_only=True)
class Pull:
    """A pull request; its head follows the branch until it is closed."""

    id: int
    number: int
    user: str
    title: str
    body: str | None
    head: str
    base: str
    created_at: str
    updated_at: str
    draft: bool = False
    state: str = "open"
    reviewers: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    auto_merge: str | None = None
    labels: list[str] = field(default_factory=list)
    closed_at: str | None = None
    merged_at: str | None = None
    merge_commit: str | None = None
    head_sha: str = ""
    base_sha: str = ""
    fork: "Repository | None" = None  # where the head is, if not in the repository itself

    @property
    def merged(self) -> bool:
        return self.merged_at is not None


@dataclass(kw_only=True)
class Issue:
    """An issue that is no pull request; they share their numbers."""

    id: int
    number: int
    user: str
    title: str
    body: str
    association: str
    created_at: str
    updated_at: str
    state: str = "open"
    edits: int = 0


@dataclass(frozen=True, kw_only=True)
class Status:
    """A commit status."""

    id: int
    sha: str
    state: str
    context: str
    description: str
    created_at: str
    user: str


@dataclass(kw_only=True)
class Installation:
    """Where an app is installed, and what it was given there."""

    number: int
    account: str
    repositories: tuple[str, ...]
    permissions: Mapping[str, str]
    suspended: bool = False
    used_up: bool = False  # its quota, which is its own


@dataclass(kw_only=True)
class App:
    """A GitHub App, with an installation on each account that has one."""

    number: str
    slug: str
    public_key: str
    installations: dict[str, Installation] = field(default_factory=dict)


class Repository:
    """A repository on the server: git's part is a real bare repository, the rest is kept here."""

    def __init__(self, *, name: str, number: int, git: Git, now: Now, default_branch: str) -> None:
        self.full_name = name
        self.owner, _, self.name = name.partition("/")
        self.id = number
        self.git = git
        self.now = now
        self.default_branch = default_branch
        self.private = False
        self.archived = False
        self.fork = False
        self.labels: dict[str, Label] = {}
        self.pulls: dict[int, Pull] = {}
        self.comments: dict[int, list[str]] = {}
        self.issues: dict[int, Issue] = {}
        self.statuses: list[Status] = []
        self.collaborators = {"ada", "bob"}
        self.teams = {"platform"}
        self.allows_auto_merge = True
        self.requires_checks = True
        self.has_issues = True
        self.created_at = now()
        self.tree_limit = 100_000  # entries of one recursive listing
        self._ids = itertools.count(number * 1000 + 1)

    @property
    def path(self) -> Path:
        """The bare repository, for git commands of one's own."""
        return self.git.path

    @property
    def empty(self) -> bool:
        return not any((self.path / "refs").rglob("*/*")) and not self.git.refs("refs/")

    def head(self, branch: str) -> str | None:
        return self.git.ref(f"refs/heads/{branch}")

    def files(self, branch: str) -> dict[str, bytes]:
        """Every file on a branch by path."""
        return self.git.files(f"refs/heads/{branch}")

    def open_pulls(self) -> list[Pull]:
        return [pull for pull in self.pulls.values() if pull.state == "open"]

    # What people do

    def push(
        self,
        branch: str,
        files: Mapping[str, bytes | None],
        *,
        message: str = "Change by hand",
        author: str = "Ada Lovelace",
        executable: Iterable[str] = (),
        links: Iterable[str] = (),
        parents: Iterable[str] | None = None,
    ) -> str:
        """Commit files onto a branch (None removes one), as somebody with git does; returns the commit.

        A branch that does not exist starts at the default branch, or from nothing in an empty repository.
        Files in `links` become symbolic links to their content. `parents` replaces the parents, which may
        rewrite history.
        """
        tip = self.head(branch) or self.head(self.default_branch)
        over = [tip] if tip else []
        if parents is not None:
            over = list(parents)
        base = over[0] if over else None
        links, executable = set(links), set(executable)
        modes = {entry.path: entry.mode for entry in self.git.tree(base, recursive=True)} if base else {}
        changes = [
            (
                "120000" if path in links else "100755" if path in executable else modes.get(path, "100644"),
                path,
                None if data is None else self.git.write_blob(data),
            )
            for path, data in files.items()
        ]
        commit = self._commit(self.git.write_tree(base, changes), over, message, author)
        self.set_head(branch, commit)
        return commit

    def amend(self, branch: str, files: Mapping[str, bytes | None]) -> str:
        """Replace the tip of a branch by one that keeps its message and has other content."""
        tip = self.git.commit(self.head(branch) or "")
        changes = [
            ("100644", path, None if data is None else self.git.write_blob(data))
            for path, data in files.items()
        ]
        commit = self._commit(
            self.git.write_tree(tip.tree, changes), tip.parents, tip.message, "Ada Lovelace"
        )
        self.set_head(branch, commit)
        return commit

    def _commit(self, tree: str, parents: Iterable[str], message: str, author: str) -> str:
        who = Signature(name=author, email=f"{author.partition(' ')[0].lower()}@example.org", date=self.now())
        return self.git.write_commit(tree=tree, parents=parents, message=message, author=who, committer=who)

    def close(self, number: int) -> None:
        pull = self.pulls[number]
        pull.state, pull.closed_at, pull.updated_at = "closed", self.now(), self.now()

    def merge(self, number: int, *, squash: bool = False) -> str:
        """Merge a pull request, as the button does; returns the commit on the base."""
        pull = self.pulls[number]
        base = self.head(pull.base) or ""
        tree = self.git.mergeable(base, pull.head_sha)
        if tree is None:
            raise ValueError(f"pull request #{number} conflicts with {pull.base}")
        parents = [base] if squash else [base, pull.head_sha]
        commit = self._commit(tree, parents, f"{pull.title} (#{number})", "Ada Lovelace")
        pull.merged_at, pull.merge_commit = self.now(), commit
        self.close(number)
        self.set_head(pull.base, commit)
        return commit

    def delete_branch(self, branch: str) -> None:
        """Delete a branch; GitHub closes the pull requests from it."""
        self.git.delete_ref(f"refs/heads/{branch}")
        for pull in self.open_pulls():
            if pull.head == branch and pull.fork is None:
                self.close(pull.number)

    def pull_from_fork(self, fork: "Repository", commit: str, branch: str) -> Pull:
        """Open a pull request from a branch of another repository; its objects come along, as on GitHub."""
        self.git.run("fetch", "--quiet", str(fork.path), commit)
        pull = self.new_pull(
            user=fork.owner, title="From a fork", body="", head=branch, base=self.default_branch, draft=False
        )
        pull.fork, pull.head_sha = fork, commit
        return pull

    # What the API does

    def set_head(self, branch: str, commit: str) -> None:
        """Point a branch to a commit; open pull requests follow."""
        self.git.set_ref(f"refs/heads/{branch}", commit)
        for pull in self.open_pulls():
            if pull.head == branch and pull.fork is None:
                pull.head_sha = commit
                pull.updated_at = self.now()
                base = self.head(pull.base)
                if base is not None and self.git.is_ancestor(commit, base):
                    self.close(pull.number)  # nothing is left to merge

    def new_pull(self, *, user: str, title: str, body: str | None, head: str, base: str, draft: bool) -> Pull:
        number = self.next_number
        pull = Pull(
            id=self.new_id(),
            number=number,
            user=user,
            title=title,
            body=body,
            head=head,
            base=base,
            draft=draft,
            created_at=self.now(),
            updated_at=self.now(),
            head_sha=self.head(head) or "",
            base_sha=self.head(base) or "",
        )
        self.pulls[number] = pull
        return pull

    @property
    def next_number(self) -> int:
        """Of an issue or a pull request."""
        return len(self.pulls) + len(self.issues) + 1

    def new_issue(self, *, user: str, title: str, body: str, association: str = "NONE") -> Issue:
        """Open an issue, as anybody can."""
        issue = Issue(
            id=self.new_id(),
            number=self.next_number,
            user=user,
            title=title,
            body=body,
            association=association,
            created_at=self.now(),
            updated_at=self.now(),
        )
        self.issues[issue.number] = issue
        return issue

    def status(self, commit: str, context: str) -> Status | None:
        """The latest status of a commit."""
        found = [one for one in self.statuses if (one.sha, one.context) == (commit, context)]
        return found[-1] if found else None

    def new_label(self, name: str, *, color: str = "ededed", description: str = "") -> Label:
        label = Label(id=self.new_id(), name=name, color=color, description=description)
        self.labels[name.lower()] = label
        return label

    def new_id(self) -> int:
        return next(self._ids)
