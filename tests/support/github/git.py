"""A bare git repository, driven by git's own plumbing."""

import os
import re
import subprocess
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "LC_ALL": "C.UTF-8",
}


class GitError(Exception):
    """git said no; the message is what it printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    mode: str
    type: str
    sha: str
    path: str
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    name: str
    email: str
    date: str  # ISO 8601, in UTC

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """From a commit object: `Name <email> seconds zone`."""
        who, _, when = line.rpartition("> ")
        name, _, email = who.partition(" <")
        moment = datetime.fromtimestamp(int(when.split()[0]), UTC)
        return cls(name=name, email=email, date=f"{moment:%Y-%m-%dT%H:%M:%SZ}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitObject:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


class Git:
    """One bare repository at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def init(cls, path: Path, default_branch: str) -> "Git":
        path.mkdir(parents=True)
        git = cls(path)
        git.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}", ".")
        return git

    def run(self, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        done = subprocess.run(
            ["git", *args],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            env={**_ENVIRONMENT, **(env or {})},
            check=False,
        )
        if done.returncode:
            raise GitError(
                done.stderr.decode(errors="replace").strip() or f"git {args[0]}: {done.returncode}"
            )
        return done.stdout

    def text(self, *args: str) -> str:
        return self.run(*args).decode().strip()

    def object(self, sha: str) -> tuple[str, bytes] | None:
        """Type and content of an object; None if there is none.

        Nearly all objects here are loose, and reading one takes a hundredth of the time of starting git.
        """
        try:
            head, _, data = zlib.decompress(
                (self.path / "objects" / sha[:2] / sha[2:]).read_bytes()
            ).partition(b"\0")
            return head.decode().partition(" ")[0], data
        except OSError:
            pass
        try:
            kind = self.text("cat-file", "-t", sha)
        except GitError:
            return None
        return kind, self.run("cat-file", kind, sha)

    def type_of(self, sha: str) -> str | None:
        found = self.object(sha)
        return found[0] if found else None

    def read(self, sha: str, kind: str) -> bytes:
        found = self.object(sha)
        if found is None or found[0] != kind:
            raise GitError(f"{sha} is no {kind}")
        return found[1]

    # References

    def ref(self, name: str) -> str | None:
        """The commit that `refs/...` points to."""
        try:
            if re.fullmatch(r"[0-9a-f]{40}\n", text := (self.path / name).read_text()):
                return text.strip()
        except OSError:
            pass  # it is packed, or not there
        try:
            return self.text("rev-parse", "--verify", "--quiet", "--end-of-options", name)
        except GitError:
            return None

    def refs(self, prefix: str) -> dict[str, str]:
        lines = self.text("for-each-ref", "--format=%(refname) %(objectname)", "refs/").splitlines()
        pairs = (line.split(" ") for line in lines)
        return {name: sha for name, sha in pairs if name.startswith(prefix)}

    def set_ref(self, name: str, sha: str) -> None:
        self.run("update-ref", name, sha)

    def delete_ref(self, name: str) -> None:
        self.run("update-ref", "-d", name)

    def is_ancestor(self, old: str, new: str) -> bool:
        return self.count(f"{new}..{old}") == 0

    def count(self, commits: str) -> int:
        return int(self.text("rev-list", "--count", commits))

    def merge_base(self, one: str, other: str) -> str | None:
        try:
            return self.text("merge-base", one, other)
        except GitError:
            return None

    # Objects

    def blob(self, sha: str) -> bytes:
        return self.read(sha, "blob")

    def write_blob(self, data: bytes) -> str:
        return self.run("hash-object", "-w", "--stdin", stdin=data).decode().strip()

    def tree(self, tree: str, *, recursive: bool = False) -> list[Entry]:
        args = ["ls-tree", "-z", "--long", *(["-r", "-t"] if recursive else []), tree]
        entries = []
        for record in filter(None, self.run(*args).split(b"\0")):
            meta, _, path = record.partition(b"\t")
            mode, kind, sha, size = meta.decode().split()
            entries.append(
                Entry(
                    mode=mode,
                    type=kind,
                    sha=sha,
                    path=path.decode(),
                    size=None if size == "-" else int(size),
                )
            )
        return entries

    def write_tree(self, base: str | None, changes: Iterable[tuple[str, str, str | None]]) -> str:
        """The tree `base` with `(mode, path, sha)` put in, or taken out where sha is None."""
        index = self.path / f"index.{os.getpid()}.{id(changes)}"
        env = {"GIT_INDEX_FILE": str(index)}
        try:
            self.run(*(["read-tree", base] if base else ["read-tree", "--empty"]), env=env)
            lines = b"".join(
                f"{mode if sha else '0'} {sha or '0' * 40}\t{path}".encode() + b"\0"
                for mode, path, sha in changes
            )
            self.run("update-index", "-z", "--index-info", stdin=lines, env=env)
            return self.run("write-tree", env=env).decode().strip()
        finally:
            index.unlink(missing_ok=True)

    def commit(self, sha: str) -> CommitObject:
        head, _, message = self.read(sha, "commit").partition(b"\n\n")
        lines = [line.partition(" ") for line in head.decode(errors="replace").split("\n")]
        fields = {name: value for name, _, value in lines}
        return CommitObject(
            sha=sha,
            tree=fields["tree"],
            parents=tuple(value for name, _, value in lines if name == "parent"),
            author=Signature.parse(fields["author"]),
            committer=Signature.parse(fields["committer"]),
            message=message.decode(errors="replace"),
        )

    def write_commit(
        self, *, tree: str, parents: Iterable[str], message: str, author: Signature, committer: Signature
    ) -> str:
        env = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_AUTHOR_DATE": author.date,
            "GIT_COMMITTER_NAME": committer.name,
            "GIT_COMMITTER_EMAIL": committer.email,
            "GIT_COMMITTER_DATE": committer.date,
        }
        arguments = [part for parent in parents for part in ("-p", parent)]
        return self.run("commit-tree", tree, *arguments, stdin=message.encode(), env=env).decode().strip()

    def files(self, commit: str) -> dict[str, bytes]:
        """Every file of a commit by path, its content with it."""
        blobs = [entry for entry in self.tree(commit, recursive=True) if entry.type == "blob"]
        contents = {sha: self.blob(sha) for sha in {entry.sha for entry in blobs}}
        return {entry.path: contents[entry.sha] for entry in blobs}

    def mergeable(self, one: str, other: str) -> str | None:
        """The tree of the merge of two commits; None if they conflict."""
        try:
            return self.text("merge-tree", "--write-tree", one, other).splitlines()[0]
        except GitError:
            return None
