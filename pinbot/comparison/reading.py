"""One layer to its notes: databases, programs and names are read as they pass by, nothing else is kept."""

import posixpath
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import replace

from pinbot.comparison.notes import Found, Kind, Notes
from pinbot.errors import ImageError
from pinbot.image import elf
from pinbot.image.layers import reading
from pinbot.image.layers.changes import Added, Change, Cleared, Linked, Removed
from pinbot.image.limits import DEFAULT, Allowance
from pinbot.image.packages import binaries, os_release
from pinbot.image.packages.databases import DATABASES, Database, database_of
from pinbot.model.image import Distribution, Entry, EntryKind
from pinbot.model.manifest import Descriptor
from pinbot.model.reference import Digest
from pinbot.ports.images import ImageSource

LARGEST_PROGRAM = 128 * 1024**2
"""Bytes of a program that is searched for the modules it was made of."""

_SMALLEST_PROGRAM = 4096
_MAGIC = 4
_MOST_PACKAGES = 200_000
_MOST_NAMES = 200_000
_SET_ID = 0o6000
_EXECUTABLE = 0o111

# Each content is let go once it was read: what is kept at a time is that of one file.
_LIMITS = replace(DEFAULT, kept=DEFAULT.layer_size)


def _folders(paths: Iterable[str]) -> frozenset[str]:
    """All folders on the way to some paths."""
    return frozenset(path[:at] for path in paths for at, letter in enumerate(path) if letter == "/")


_WHOLE = {database.path: database for database in DATABASES if not database.in_parts}
_ON_THE_WAY = _folders(f"{path}/" if path not in _WHOLE else path for path in (one.path for one in DATABASES))
"""Folders that databases lie in; whatever a layer puts in the place of one hides them."""


async def read(source: ImageSource, layer: Descriptor, diff_id: Digest) -> Notes:
    """Read a layer to its end: of what it holds twice the last one counts, be it a database.

    Raises:
        RegistryError, ImageError: it cannot be had, or is not what manifest and config say.
    """
    notebook = Notebook()
    changes = reading.read(source, layer, diff_id=diff_id, keep=notebook.keep, allowance=Allowance(_LIMITS))
    async with aclosing(changes):
        async for change in changes:
            with reading.about(source, layer):
                notebook.take(change)
    with reading.about(source, layer):
        return notebook.notes()


class Notebook:
    """Takes the changes of a layer in their order; see `Notes` for what it gathers."""

    def __init__(self) -> None:
        self._found: dict[str, Found] = {}
        self._files: dict[str, dict[str, bytes]] = {}
        self._releases: dict[str, Distribution] = {}
        self._privileged: set[str] = set()
        self._removed: set[str] = set()
        self._cleared: set[str] = set()
        self._packages = 0

    def keep(self, entry: Entry) -> int:
        """How much of a file has to be seen."""
        database = database_of(entry.path)
        if database is not None:
            return database.limit if entry.size <= database.limit and not database.unread else 0
        if entry.path in os_release.PATHS:
            return os_release.LIMIT
        if entry.mode & _EXECUTABLE and entry.size >= _SMALLEST_PROGRAM:
            return entry.size if entry.size <= LARGEST_PROGRAM else _MAGIC
        return 0

    def take(self, change: Change) -> None:
        """Note what a change means.

        Raises:
            ImageError: there is more of it than any image needs.
        """
        match change:
            case Removed():
                self._removed.add(change.path)
            case Cleared():
                self._cleared.add(change.path)
            case Linked():
                self._link(change.path, change.target)
            case Added():
                self._add(change)
        if len(self._removed) + len(self._cleared) + len(self._privileged) > _MOST_NAMES:
            raise ImageError(
                f"takes away or replaces more than {_MOST_NAMES} names", hint="make the image anew"
            )

    def notes(self) -> Notes:
        """What the layer came to."""
        found = dict(self._found)
        for path, files in self._files.items():
            if any(files.values()):
                found[path] = self._told(_WHOLE[path], files, Kind.DATABASE)
        return Notes(
            found=found,
            releases=self._releases,
            privileged=frozenset(self._privileged),
            removed=frozenset(self._removed),
            cleared=frozenset(self._cleared),
        )

    def _add(self, change: Added) -> None:
        entry, path = change.entry, change.path
        self._forget(path)
        database = database_of(path)
        if entry.kind is not EntryKind.FILE:
            self._stand_in(entry, database)
        elif database is not None:
            self._database(database, change)
        elif path in os_release.PATHS:
            if change.content is not None and entry.size <= os_release.LIMIT:
                self._releases[path] = os_release.parse(change.content, path)
        elif entry.mode & _EXECUTABLE:
            self._program(change)
            if entry.mode & _SET_ID or entry.capabilities:
                self._privileged.add(path)

    def _forget(self, path: str) -> None:
        """What came before under this name does not count any more."""
        self._found.pop(path, None)
        self._releases.pop(path, None)
        self._privileged.discard(path)
        for files in self._files.values():
            files.pop(path, None)

    def _stand_in(self, entry: Entry, database: Database | None) -> None:
        """A link, folder or device where a database, or a folder on the way to one, is expected."""
        path = entry.path
        if database is not None:
            self._found[path] = Found(
                kind=Kind.PART if database.in_parts else Kind.DATABASE,
                problem=f"{path} is no file but a {entry.kind}",
            )
        elif path in _ON_THE_WAY and entry.kind is not EntryKind.DIRECTORY:
            self._removed.add(path)
            for below in [one for one in (*self._found, *self._files) if one.startswith(f"{path}/")]:
                self._found.pop(below, None)
                self._files.pop(below, None)
            if entry.kind is EntryKind.SYMLINK:
                self._follow(path, entry.link)

    def _follow(self, path: str, link: str) -> None:
        """Tell of databases behind a link to where none is looked for; others are found without it."""
        target = posixpath.normpath(posixpath.join("/", path.rpartition("/")[0], link)).lstrip("/")
        for database in DATABASES:
            if database.path == path or database.path.startswith(f"{path}/"):
                behind = f"{target}{database.path[len(path) :]}"
                if not any(other.path == behind for other in DATABASES):
                    self._found[database.path] = Found(
                        kind=Kind.DATABASE, problem=f"{path} is a link to {target}, where no database is read"
                    )

    def _link(self, path: str, target: str) -> None:
        """A hard link; what it leads to is not kept, so that a database can be none."""
        self._forget(path)
        database = database_of(path)
        if database is not None:
            self._found[path] = Found(
                kind=Kind.PART if database.in_parts else Kind.DATABASE,
                problem=f"{path} is a hard link to {target}, which is not followed",
            )
        if target in self._privileged:
            self._privileged.add(path)

    def _database(self, database: Database, change: Added) -> None:
        kind = Kind.PART if database.in_parts else Kind.DATABASE
        place = change.path if database.in_parts else database.path
        if database.unread:
            self._found[place] = self._told(database, {}, kind)
        elif change.content is None:
            why = change.unkept or f"it has {change.entry.size:,} bytes, and {database.limit:,} are read"
            self._found[place] = Found(kind=kind, problem=f"{change.path} cannot be read: {why}")
        elif database.in_parts:
            self._found[place] = self._told(database, {change.path: change.content}, kind)
        else:
            self._files.setdefault(place, {})[change.path] = change.content

    def _told(self, database: Database, files: dict[str, bytes], kind: Kind) -> Found:
        if kind is Kind.DATABASE and database.path not in files and not database.unread:
            return Found(kind=kind, problem=f"{database.path} lies in another layer than what belongs to it")
        try:
            packages = database.read(files)
        except ImageError as error:
            return Found(kind=kind, problem=error.message)
        return self._counted(Found(kind=kind, packages=packages))

    def _counted(self, found: Found) -> Found:
        self._packages += len(found.packages)
        if self._packages > _MOST_PACKAGES:
            raise ImageError(f"holds more than {_MOST_PACKAGES} packages", hint="make the image anew")
        return found

    def _program(self, change: Added) -> None:
        content, path = change.content, change.path
        if content is None or not elf.is_elf(content):
            return
        if len(content) < change.entry.size:
            self._found[path] = Found(
                kind=Kind.BINARY,
                problem=f"{path} is larger than the {LARGEST_PROGRAM:,} bytes that are read of a program",
            )
            return
        try:
            found = Found(kind=Kind.BINARY, packages=binaries.read(content, path))
        except ImageError as error:
            found = Found(kind=Kind.BINARY, problem=f"{path}: {error.message}")
        if found.packages or found.problem:
            self._found[path] = self._counted(found)
        else:
            # What a lower layer had under this name is not there any more.
            self._removed.add(path)
