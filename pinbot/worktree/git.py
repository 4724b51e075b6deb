"""The little that is asked of git: which files of a repository it does not ignore.

A repository's own settings are not ours to obey, since some of them name programs to run, and a checkout
may well be somebody else's. Git is asked with those switched off, and only ever to list files.
"""

import os
import subprocess
from pathlib import Path

from pinbot.errors import SourceError
from pinbot.worktree.files import real

_SAFE = (
    "-c",
    "core.fsmonitor=false",  # else a program that the repository names is run
    "-c",
    "safe.directory=*",  # a checkout of another user is usual in containers
    "--no-optional-locks",
)
_ENVIRONMENT = {
    "LC_ALL": "C",
    # A partial clone may want to fetch what it lacks, by a command that its settings name.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}
_SEEN = (
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
)
"""Variables by which git finds itself and what its user ignores everywhere.

No token is among them, and none by which git tells its hooks of another repository than the folder's.
"""


def version() -> str | None:
    """`git version 2.39.5`, as git says it; None where it is not installed."""
    try:
        answer = subprocess.run(
            ["git", "--version"],  # noqa: S607 - git is found on PATH by design
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_environment(),
        )
    except OSError:
        return None
    return os.fsdecode(answer.stdout).strip() or None


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _SEEN if name in os.environ} | _ENVIRONMENT


def toplevel(directory: Path) -> Path | None:
    """The root of the work tree that `directory` is in, without links; None outside git."""
    inside = real(directory)
    for folder in (inside, *inside.parents):
        mark = folder / ".git"
        # A file in submodules and linked work trees, else a folder; an empty one is not a repository.
        if os.path.isfile(mark) or os.path.lexists(mark / "HEAD"):  # noqa: PTH113 - never raises
            return folder
    return None


def listed(directory: Path) -> list[str] | None:
    """Paths below `directory`, relative to it: tracked, and new ones that git does not ignore.

    None outside git, or where git is not installed. A path that is a folder is a repository of its own.

    Raises:
        SourceError: git cannot list the files.
    """
    if toplevel(directory) is None:
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed command, no shell
            ["git", *_SAFE, "-C", directory, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git is found on PATH by design
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_environment(),
        )
    except FileNotFoundError:
        return None
    if answer.returncode != 0:
        *_, last = ["no reason given", *os.fsdecode(answer.stderr).splitlines()]
        raise SourceError(
            f"git cannot list the files: {last}", hint="try `git status` there", file=str(directory)
        )
    # A path in conflict is listed once for each side.
    return sorted({name.rstrip("/") for name in os.fsdecode(answer.stdout).split("\0") if name})
