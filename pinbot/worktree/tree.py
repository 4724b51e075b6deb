"""The tree that a run works in, and copies of it for test builds."""

import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pinbot.errors import SourceError, UsageError
from pinbot.worktree import git
from pinbot.worktree.search import tree_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A repository's work tree, or outside git the folder that was named. `root` has no links in it."""

    root: Path

    @classmethod
    def around(cls, path: Path) -> "Tree":
        """The tree that holds `path`."""
        folder = path if path.is_dir() else path.parent
        return cls(root=(git.toplevel(folder) or folder).resolve())

    def relative(self, path: str) -> str:
        """The path from the root, with `/`, of the file that `path` leads to.

        Raises:
            UsageError: it is outside of the tree.
        """
        real = Path(path).resolve()
        if not real.is_relative_to(self.root):
            raise UsageError(
                f"is outside of {self.root}",
                hint="run pinbot once for each repository, or without --build and --pull-request",
                file=path,
            )
        return real.relative_to(self.root).as_posix()

    def copy_to(self, destination: Path, *, changes: Mapping[str, bytes]) -> None:
        """Copy what a fresh checkout would hold, with other bytes for the paths in `changes`.

        Files that git ignores stay behind; links stay links; modes are kept.

        Raises:
            SourceError: a file cannot be copied.
        """
        _copy(self.root, destination)
        for path, data in changes.items():
            copy = destination / path
            copy.chmod(copy.stat().st_mode | stat.S_IWUSR)
            copy.write_bytes(data)


def _copy(source: Path, destination: Path) -> None:
    destination.mkdir(parents=True, exist_ok=True)
    for relative in tree_files(source):
        origin, copy = source / relative, destination / relative
        try:
            if origin.is_dir() and not origin.is_symlink():
                _copy(origin, copy)
            elif origin.is_symlink() or origin.is_file():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(origin, copy, follow_symlinks=False)
        except OSError as error:
            raise SourceError(
                f"cannot be copied for the test build: {error.strerror}",
                hint="mend its permissions, or let git ignore it",
                file=str(origin),
            ) from error
