"""Which files to look at: what the user names, and what a folder holds."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pinbot.errors import PinbotError, SourceError
from pinbot.model.occurrence import SourceFile
from pinbot.worktree import files, git

LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", ".tox", ".venv", "venv", "__pycache__", "node_modules", "target", "vendor"}
)
"""Folders that are not searched outside git, where no ignore rules say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files that were read, and why others could not be."""

    sources: tuple[SourceFile, ...]
    errors: tuple[PinbotError, ...]


def find(paths: Iterable[str], *, wanted: Callable[[str], bool]) -> Found:
    """Read the named files, and below the named folders those whose path is `wanted`.

    A file that is reached by several names (links, overlapping paths) is read once, under the first.
    """
    sources: list[SourceFile] = []
    errors: list[PinbotError] = []
    seen: set[Path] = set()
    for shown, path in _candidates(paths, wanted, errors):
        real = path.resolve()
        if real in seen:
            continue
        seen.add(real)
        try:
            sources.append(files.read(path, shown=shown))
        except SourceError as error:
            errors.append(error)
    return Found(sources=tuple(sources), errors=tuple(errors))


def _candidates(
    paths: Iterable[str], wanted: Callable[[str], bool], errors: list[PinbotError]
) -> Iterator[tuple[str, Path]]:
    for name in paths:
        path = Path(name)
        if not path.is_dir():
            yield PurePosixPath(path).as_posix(), path
            continue
        try:
            below = tree_files(path)
        except SourceError as error:
            errors.append(error)
            continue
        root = path.resolve()
        for relative in below:
            if not wanted(relative):
                continue
            file = path / relative
            if not file.resolve().is_relative_to(root):
                continue  # a link that leads out of the folder is not part of it
            if not os.path.lexists(file) or file.is_dir():
                continue  # deleted and not yet committed, or a repository of its own
            yield PurePosixPath(file).as_posix(), file


def tree_files(directory: Path) -> list[str]:
    """Paths of all files below a folder, relative to it and sorted, without those that git ignores.

    Raises:
        SourceError: the folder cannot be listed.
    """
    below = git.listed(directory)
    return sorted(_walk(directory)) if below is None else below


def _walk(directory: Path) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise SourceError(
            f"cannot be listed: {error.strerror}", hint="mend its permissions", file=error.filename
        ) from error

    for folder, folders, names in os.walk(directory, onerror=refuse):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*names, *linked):
            yield (Path(folder) / name).relative_to(directory).as_posix()
