"""A repository's files out of its listing: which are read, and within what bounds. Nothing is cloned."""

import posixpath
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from pinbot.errors import PinbotError, SourceError
from pinbot.formats.discover import format_of
from pinbot.model.fleet import ListedFile, Listing
from pinbot.model.occurrence import SourceFile
from pinbot.policy import Policy
from pinbot.worktree.search import Found

Read = Callable[[ListedFile], Awaitable[bytes]]
"""The content of a file, or the path that a link leads to."""

_LONGEST_LINK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one repository may take.

    Attributes:
        files: how many of its files are read.
        bytes: how large each of them may be.
        seconds: how long everything may take, test builds not counted: they have limits of their own.
    """

    files: int = 500
    bytes: int = 1024 * 1024
    seconds: float = 1800.0


async def first_of(names: Iterable[str], listing: Listing, read: Read, limits: Limits) -> SourceFile | None:
    """The first of these files that is there.

    Raises:
        SourceError: it is too large.
    """
    found = next((listing.files[name] for name in names if name in listing.files), None)
    target = None if found is None else await _followed(found, listing, read)
    return None if found is None or target is None else await _read(found.path, target, read, limits)


async def sources(listing: Listing, policy: Policy, read: Read, limits: Limits) -> Found:
    """The files that are to be looked at; a link is read as the file that it leads to, and each file once.

    What cannot be read for a reason that lies in the file is told in the result.
    """
    wanted = [
        file
        for path, file in sorted(listing.files.items())
        if policy.reads(path, known=format_of(path) is not None)
    ]
    errors: list[PinbotError] = []
    if len(wanted) > limits.files:
        errors.append(
            SourceError(
                f"{len(wanted)} files may hold image references, and only {limits.files} of them are read",
                hint="leave some out with `exclude` in its pinbot.yaml, or run pinbot in a checkout",
            )
        )
    found: dict[str, SourceFile] = {}
    for file in wanted[: limits.files]:
        try:
            target = await _followed(file, listing, read)
            if target is not None and target.path not in found:
                found[target.path] = await _read(target.path, target, read, limits)
        except SourceError as error:
            errors.append(error)
    return Found(sources=tuple(found.values()), errors=tuple(errors))


async def _followed(file: ListedFile, listing: Listing, read: Read) -> ListedFile | None:
    """The file itself, or the one in the listing that a link leads to; a link may lead to no other link."""
    if not file.is_link:
        return file
    if file.size > _LONGEST_LINK:
        return None
    folder = posixpath.dirname(file.path)
    leads_to = (await read(file)).decode("utf-8", "surrogateescape")
    target = listing.files.get(posixpath.normpath(posixpath.join(folder, leads_to)))
    return None if target is None or target.is_link else target


async def _read(shown: str, file: ListedFile, read: Read, limits: Limits) -> SourceFile:
    if file.size > limits.bytes:
        raise SourceError(
            f"{file.size} bytes are more than the {limits.bytes} that are read of a file elsewhere",
            hint="leave it out with `exclude` in the repository's pinbot.yaml",
            file=shown,
        )
    return SourceFile(path=shown, data=await read(file))
