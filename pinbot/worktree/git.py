"""The little that is asked of git: where a repository begins, and which of its files it does not ignore."""

import subprocess
from pathlib import Path

from pinbot.errors import SourceError

_SAFE = (
    # The settings of a repository are not ours to obey: fsmonitor names a program to run, and a checkout
    # that belongs to another user (usual in containers) is only ever read here.
    "-c",
    "core.fsmonitor=false",
    "-c",
    "safe.directory=*",
    "--no-optional-locks",
)


def toplevel(directory: Path) -> Path | None:
    """The root of the work tree that `directory` is in; None outside git, or where there is no git."""
    answer = _git(directory, "rev-parse", "--show-toplevel")
    return Path(answer.stdout.decode(errors="surrogateescape").rstrip("\n")) if answer else None


def listed(directory: Path) -> list[str] | None:
    """Paths below `directory`, relative to it: tracked, and new ones that git does not ignore.

    None outside git. A path that is a folder is a repository of its own (a submodule).

    Raises:
        SourceError: git is there and cannot list the files.
    """
    if toplevel(directory) is None:
        return None
    answer = _git(directory, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    if answer is None:
        raise SourceError("git cannot list the files", hint="try `git status` there", file=str(directory))
    names = answer.stdout.decode(errors="surrogateescape").split("\0")
    return sorted(name.rstrip("/") for name in names if name)


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    """Run git in `directory`; None when it is missing or says no."""
    try:
        return subprocess.run(  # noqa: S603 - a fixed command, no shell
            ["git", *_SAFE, "-C", str(directory), *arguments],  # noqa: S607 - git is found on PATH by design
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
