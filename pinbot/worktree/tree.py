"""The tree that a run works in, and copies of it for test builds."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pinbot.errors import SourceError, UsageError
from pinbot.worktree import git
from pinbot.worktree.files import is_folder, real
from pinbot.worktree.search import HISTORY, tree_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A repository's work tree, or outside git what holds all that was named. `root` has no links in it."""

    root: Path

    @classmethod
    def around(cls, *paths: Path) -> "Tree":
        """The tree that holds these paths; in git the repository of the first one."""
        folders = [path if is_folder(path) else path.parent for path in paths]
        return cls(root=git.toplevel(folders[0]) or Path(os.path.commonpath(map(real, folders))))

    def relative(self, path: str) -> str:
        """The path from the root, with `/`, of the file that `path` leads to.

        Raises:
            UsageError: it is outside of the tree.
        """
        target = real(Path(path))
        if not target.is_relative_to(self.root):
            raise UsageError(
                f"is outside of {self.root}",
                hint="run pinbot once for each repository, or without --build and --pull-request",
                file=path,
            )
        return target.relative_to(self.root).as_posix()

    def name(self, path: str) -> str:
        """The path from the root where there is one; the path itself for what is outside of the tree."""
        try:
            return self.relative(path)
        except UsageError:
            return path

    def has(self, path: str) -> bool:
        """Whether there is a file at a path from the root."""
        return (self.root / path).is_file()

    async def bring(self) -> None:
        """Do nothing: the files are here."""

    def copy_to(self, destination: Path, *, changes: Mapping[str, bytes]) -> None:
        """Copy what a fresh checkout would hold, with other bytes for the paths in `changes`.

        Files that git ignores stay behind, and so does the history. Links stay links wherever they lead:
        a builder follows none out of its context. Modes and times are kept. The paths in `changes` are
        relative to the root and have no links in them, as `relative` gives them.

        Raises:
            SourceError: a file cannot be copied.
        """
        destination.mkdir(parents=True, exist_ok=True)
        _copy(self.root, destination)
        for path, data in changes.items():
            copy = destination / path
            try:
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.unlink(missing_ok=True)
                copy.write_bytes(data)
                shutil.copymode(self.root / path, copy)
            except OSError as error:
                raise _cannot_copy(self.root / path, error) from error


def _copy(source: Path, destination: Path) -> None:
    is_plain = cache(lambda folder: real(folder) == folder)
    for relative in tree_files(source, left_out=HISTORY, on_error=_give_up):
        origin, copy = source / relative, destination / relative
        if not is_plain(origin.parent):
            continue  # deleted: a link stands where git knows a folder, and nothing is copied through links
        try:
            if origin.is_symlink() or origin.is_file():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(origin, copy, follow_symlinks=False)
            elif origin.is_dir():
                copy.mkdir(parents=True, exist_ok=True)
                if git.toplevel(origin) == origin:  # else a submodule that is not checked out
                    _copy(origin, copy)
        except OSError as error:
            raise _cannot_copy(origin, error) from error


def _give_up(error: SourceError) -> None:
    raise error


def _cannot_copy(origin: Path, error: OSError) -> SourceError:
    return SourceError(
        f"cannot be copied for the test build: {error.strerror}",
        hint="mend its permissions, or let git ignore it",
        file=str(origin),
    )
