"""Files to occurrences: every reference in every file, one bad file never ending the run for the others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pinbot.errors import PinbotError
from pinbot.formats.discover import DOCKERFILE, Format, format_of
from pinbot.model.occurrence import Occurrence, SourceFile
from pinbot.policy import Policy
from pinbot.worktree.search import Found, find


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What stands in the files, in their order, and which of them could not be understood."""

    occurrences: tuple[Occurrence, ...]
    errors: tuple[PinbotError, ...]


def search(
    paths: Iterable[str], *, policy: Policy | None = None, naming: Callable[[str], str] = str
) -> Found:
    """Read the named files, and below the named folders those that are to be looked at.

    Args:
        paths: files and folders, as typed.
        policy: says which files; without it those that a format knows by their name.
        naming: the path of a file from the root of its repository, by which the policy knows it.
    """
    reads = (policy or Policy()).reads
    return find(paths, wanted=lambda path: reads(naming(path), known=format_of(path) is not None))


def format_for(path: str) -> Format:
    """The format that reads a file; one that is named as no format expects is read as a Dockerfile."""
    return format_of(path) or DOCKERFILE


def scan(sources: Iterable[SourceFile]) -> Scan:
    """Find the image references of each file."""
    occurrences: list[Occurrence] = []
    errors: list[PinbotError] = []
    for source in sources:
        try:
            occurrences.extend(format_for(source.path).references(source))
        except PinbotError as error:
            errors.append(error)
    return Scan(occurrences=tuple(occurrences), errors=tuple(errors))
