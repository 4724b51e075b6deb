"""Which files to look at: what the user names, and what a folder holds."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pinbot.errors import PinbotError, SourceError
from pinbot.model.occurrence import SourceFile
from pinbot.worktree import files, git

HISTORY = frozenset({".git", ".hg", ".svn"})
"""Folders of version control systems."""

LEFT_OUT = HISTORY | {".tox", ".venv", "venv", "__pycache__", "node_modules", "target", "vendor"}
"""Folders that are not searched outside git, where no ignore rules say so."""

OnError = Callable[[SourceError], None]
"""Called with what cannot be listed, while the rest is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files that were read, and why others could not be."""

    sources: tuple[SourceFile, ...]
    errors: tuple[PinbotError, ...]


def find(paths: Iterable[str], *, wanted: Callable[[str], bool]) -> Found:
    """Read the named files, and below the named folders those whose path, as it would be typed, is `wanted`.

    A file that is reached by several names (links, overlapping paths) is read once, under the first.
    """
    sources: list[SourceFile] = []
    errors: list[PinbotError] = []
    seen: set[Path] = set()
    for path, real in _candidates(paths, wanted, errors.append):
        if real in seen:
            continue
        seen.add(real)
        try:
            sources.append(files.read(path, shown=path.as_posix()))
        except SourceError as error:
            errors.append(error)
    return Found(sources=tuple(sources), errors=tuple(errors))


def _candidates(
    paths: Iterable[str], wanted: Callable[[str], bool], on_error: OnError
) -> Iterator[tuple[Path, Path]]:
    """Each path with what it leads to."""
    for path in map(Path, paths):
        if files.is_folder(path):
            yield from _below(path, wanted, on_error)
        else:
            yield path, files.real(path)


def _below(folder: Path, wanted: Callable[[str], bool], on_error: OnError) -> Iterator[tuple[Path, Path]]:
    root = git.toplevel(folder) or files.real(folder)
    for relative in tree_files(folder, left_out=LEFT_OUT, on_error=on_error):
        path = folder / relative
        if not wanted(path.as_posix()):
            continue
        real = files.real(path)
        if not real.is_relative_to(root):
            continue  # a link that leads out of the tree is not part of it
        if not os.path.lexists(path) or files.is_folder(path):
            continue  # deleted and not yet committed, or a repository of its own
        yield path, real


def tree_files(folder: Path, *, left_out: frozenset[str], on_error: OnError) -> list[str]:
    """Paths of all files and links below a folder, relative to it and sorted.

    In a git work tree those that git does not ignore; elsewhere those in no folder that is `left_out`.
    """
    try:
        below = git.listed(folder)
    except SourceError as error:
        on_error(error)
        return []
    return sorted(_walk(folder, left_out, on_error)) if below is None else below


def _walk(top: Path, left_out: frozenset[str], on_error: OnError) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        on_error(
            SourceError(
                f"cannot be listed: {error.strerror}", hint="mend its permissions", file=error.filename
            )
        )

    for folder, folders, names in os.walk(top, onerror=refuse):
        here = Path(folder)
        folders[:] = [name for name in folders if name not in left_out]
        links = [name for name in folders if (here / name).is_symlink()]
        for name in (*names, *links):
            yield (here / name).relative_to(top).as_posix()
