"""What the layers of two images hold: packages, and files that run with special rights.

Layers that only one of the images has are read, from the top one down to that with the package database. A
layer that both share is read for one reason only: the database of one image lies in it, and that of the other
does not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sized
from dataclasses import dataclass

from pinbot.comparison import cautions
from pinbot.comparison.layers import Stack
from pinbot.comparison.notes import Kind, Notes, View, packages
from pinbot.comparison.packages import changes
from pinbot.errors import PinbotError
from pinbot.image.packages import os_release
from pinbot.image.packages.databases import DATABASES
from pinbot.model.comparison import Alarm, Caution, Evidence, PackageDiff, Pair, Part, Unread
from pinbot.model.image import Distribution, Package
from pinbot.model.vulnerability import Inventory

Read = Callable[[int], Awaitable[Notes]]
"""Gives the notes of a layer of an image, by its number from 0, the lowest."""

Lists = tuple[Package, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What was found out; for most attributes see `PlatformDiff`.

    Attributes:
        inventories: what was read of each side.
    """

    packages: PackageDiff | None
    cautions: tuple[Caution, ...]
    unread: tuple[Unread, ...]
    inventories: Pair[Inventory]


async def compare(
    stacks: Pair[Stack], read: Pair[Read], *, thorough: bool = False, system: bool = False
) -> Contents:
    """Hold the contents of two images against each other; what cannot be read is told, not raised.

    Args:
        stacks: their layers.
        read: gives the notes of each layer.
        thorough: read all layers that only one image has, also those below the package database.
        system: read on until it is known which operating system it is, also in layers that both share.
    """
    sides = Pair(
        old=_Side("old", stacks.old, read.old, system=system),
        new=_Side("new", stacks.new, read.new, system=system),
    )
    await asyncio.gather(*(side.read_own(thorough=thorough) for side in _both(sides)))
    own = Pair(old=sides.old.view(), new=sides.new.view())
    nameless = system and not (_system(own.old) and _system(own.new))
    if nameless or _touch_differently(own):
        await asyncio.gather(*(side.read_down() for side in _both(sides)))
    full = Pair(old=sides.old.view(), new=sides.new.view())

    databases = Pair(old=_databases(full.old), new=_databases(full.new))
    programs, unknown_programs = _programs(sides, own)
    unknown = [*_why_unknown(sides, full, databases, programs)]
    if unknown:
        databases = Pair(old=(), new=())
    lists = Pair(old=databases.old + programs.old, new=databases.new + programs.new)
    found = changes(lists.old, lists.new)
    diff = PackageDiff(
        evidence=Evidence.READ if lists.old or lists.new else Evidence.SHARED,
        changes=found,
        counts=Pair(old=len(lists.old), new=len(lists.new)),
        distribution=Pair(old=_name(_release(full.old)), new=_name(_release(full.new))),
    )
    reasons = [*unknown, *unknown_programs, *_assumptions(sides)]
    return Contents(
        packages=None if unknown and not found else diff,
        cautions=(*cautions.of_packages(found), *_database_gone(sides.new, full), *_new_rights(sides, own)),
        unread=(*(Unread(part=Part.PACKAGES, reason=reason) for reason in reasons), *_left(sides)),
        inventories=Pair(
            old=Inventory(packages=lists.old, distribution=_system(full.old)),
            new=Inventory(packages=lists.new, distribution=_system(full.new)),
        ),
    )


class _Side:
    """The layers of one image, as far as they were read."""

    def __init__(self, name: str, stack: Stack, read: Read, *, system: bool) -> None:
        self.name = name
        self.stack = stack
        self.notes: dict[int, Notes] = {}
        self.failure = ""
        self._read = read
        self._system = system

    async def read_own(self, *, thorough: bool) -> None:
        """Read the layers that the other image does not have, down to the package database."""
        await self._read_all([*self._own()], thorough=thorough)

    async def read_down(self) -> None:
        """Read on, now also the layers that both images have, down to the package database."""
        await self._read_all(range(len(self.stack.layers)), thorough=False)

    def view(self) -> View:
        """What is to be seen of the layers that were read."""
        view = View()
        for number in sorted(self.notes, reverse=True):
            view.add(self.notes[number])
        return view

    @property
    def left(self) -> list[int]:
        """Layers of this image alone that were not read."""
        return [number for number in self._own() if number not in self.notes]

    @property
    def assumed(self) -> list[int]:
        """Layers of both images that were not read and lie above the database that was found."""
        found = [number for number, notes in self.notes.items() if _settles(notes)]
        above = range(max(found, default=len(self.stack.layers)) + 1, len(self.stack.layers))
        return [number for number in above if number not in self.notes and self.stack.shared[number]]

    def size_of(self, numbers: Iterable[int]) -> int:
        """Compressed bytes of some layers."""
        return sum(self.stack.layers[number].size for number in numbers)

    def _own(self) -> Iterator[int]:
        return (number for number, shared in enumerate(self.stack.shared) if not shared)

    async def _read_all(self, numbers: Iterable[int], *, thorough: bool) -> None:
        view = View()
        for number in sorted({*numbers, *self.notes}, reverse=True):
            known = view.settled and not (self._system and _system(view) is None)
            if self.failure or (known and not thorough):
                return
            if number not in self.notes:
                try:
                    self.notes[number] = await self._read(number)
                except PinbotError as error:
                    self.failure = error.message
                    return
            view.add(self.notes[number])


def _both(sides: Pair[_Side]) -> tuple[_Side, _Side]:
    return sides.old, sides.new


def _touch_differently(own: Pair[View]) -> bool:
    """Whether layers of one image bring or hide a database that those of the other leave as it is."""

    def touched(view: View) -> set[tuple[str, bool]]:
        found = {(path, True) for path in view.of(Kind.DATABASE, Kind.PART)}
        return found | {(database.path, False) for database in DATABASES if view.hides(database.path)}

    return touched(own.old) != touched(own.new)


def _settles(notes: Notes) -> bool:
    view = View()
    view.add(notes)
    return view.settled


def _databases(view: View) -> Lists:
    return packages(view.of(Kind.DATABASE, Kind.PART).values())


def _why_unknown(
    sides: Pair[_Side], full: Pair[View], databases: Pair[Lists], programs: Pair[Lists]
) -> Iterator[str]:
    """Why it is not known which packages of the system changed; nothing if it is."""
    failed = False
    for side, view in zip(_both(sides), (full.old, full.new), strict=True):
        problems = [found.problem for found in view.of(Kind.DATABASE, Kind.PART).values() if found.problem]
        if side.failure and not view.settled:
            problems.append(side.failure)
        for problem in dict.fromkeys(problems):
            failed = True
            yield f"in the {side.name} image, {problem}"
    if failed:
        return
    if databases.old and not databases.new:
        yield "the new image has no package database"
    elif databases.new and not databases.old:
        yield "the old image has no package database"
    elif not any((*databases.old, *programs.old, *programs.new, *sides.new.stack.shared)):
        yield "neither image has a package database, or a program that names its modules"


def _programs(sides: Pair[_Side], own: Pair[View]) -> tuple[Pair[Lists], list[str]]:
    """What programs tell, and why some of it is not known.

    Where layers were left unread, a program that was found on one side only may be in them on the other.
    """
    old, new = own.old.of(Kind.BINARY), own.new.of(Kind.BINARY)
    problems = {path: found.problem for path, found in (*old.items(), *new.items()) if found.problem}
    whole = not any(side.left or side.failure for side in _both(sides))
    known = (old.keys() | new.keys() if whole else old.keys() & new.keys()) - problems.keys()
    lists = Pair(
        old=packages(found for path, found in old.items() if path in known),
        new=packages(found for path, found in new.items() if path in known),
    )
    return lists, [*problems.values()]


def _assumptions(sides: Pair[_Side]) -> Iterator[str]:
    """What was taken for granted of layers that both images have."""
    for side in _both(sides):
        if side.assumed:
            yield (
                f"whether {_count(side.assumed)} above the one with the package database bring another; both "
                f"images have the same, so they were not read ({side.size_of(side.assumed):,} bytes)"
            )
            return


def _left(sides: Pair[_Side]) -> Iterator[Unread]:
    for side in _both(sides):
        if side.left:
            which = f"{_count(side.left)} of the {side.name} image ({side.size_of(side.left):,} bytes)"
            if side.failure:
                told = f"could not be searched for programs and setuid files: {side.failure}"
            else:
                told = "below the package database were not searched for programs and setuid files"
            yield Unread(part=Part.FILES, reason=f"{which} {told}")


def _database_gone(new: _Side, full: Pair[View]) -> Iterator[Caution]:
    before, after = _databases(full.old), full.new.of(Kind.DATABASE, Kind.PART)
    if before and not after and not new.failure:
        yield Caution(
            alarm=Alarm.DATABASE_GONE,
            message=f"there is no package database any more; it told of {len(before)} packages",
        )


def _new_rights(sides: Pair[_Side], own: Pair[View]) -> Iterator[Caution]:
    """Files with special rights that layers of the new image bring, and none of the old one's."""
    added = sorted(own.new.privileged - own.old.privileged)
    return cautions.of_files(added, certain=not (sides.old.left or sides.old.failure))


def _release(view: View) -> Distribution | None:
    return next((view.releases[path] for path in os_release.PATHS if path in view.releases), None)


def _system(view: View) -> Distribution | None:
    """The operating system, by a package of its where the file that tells of it was not read."""
    return _release(view) or os_release.implied_by(_databases(view))


def _name(release: Distribution | None) -> str | None:
    return (release.name or f"{release.id} {release.version}".strip()) if release else None


def _count(layers: Sized) -> str:
    return "1 layer" if len(layers) == 1 else f"{len(layers)} layers"
