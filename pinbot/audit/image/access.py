"""What a user may do with the files of an image, and how to tell of many files in few words.

Source: path_resolution(7): each folder on the way must be searchable, the classes owner, group and others
are tried in this order, and only the first that fits counts.
"""

from bisect import bisect_right
from collections.abc import Iterable
from enum import IntFlag

from pinbot.audit.image.accounts import Identity
from pinbot.image.files import Files
from pinbot.model.image import Entry, EntryKind

MOST_PLACES = 5
"""At most so many places are told of one kind; more are told of by the folder that they are in."""


class Want(IntFlag):
    """The bits of one class in a mode; on a folder x is the permission to search it."""

    EXECUTE = 1
    WRITE = 2
    READ = 4


def may(who: Identity, entry: Entry, want: Want) -> bool:
    """Whether the mode of this name grants it; root may all but execute what nobody may."""
    if who.is_root:
        executable = entry.kind is EntryKind.DIRECTORY or bool(entry.mode & 0o111)
        return executable or not want & Want.EXECUTE
    if who.uid == entry.uid:
        granted = entry.mode >> 6
    elif entry.gid == who.gid or entry.gid in who.groups:
        granted = entry.mode >> 3
    else:
        granted = entry.mode
    return granted & want == want


def blocked(who: Identity, files: Files, path: str) -> Entry | None:
    """The first folder on the way to a path that this user may not search."""
    return next((folder for folder in files.way(path)[0] if not may(who, folder, Want.EXECUTE)), None)


def gather(paths: Iterable[str], most: int = MOST_PLACES) -> dict[str, list[str]]:
    """At most so many places, and the paths at or below each: folders stand for what is deep in them."""
    ordered = sorted(paths)

    def at(depth: int) -> dict[str, list[str]]:
        places: dict[str, list[str]] = {}
        for path in ordered:
            places.setdefault("/".join(path.split("/", depth)[:depth]), []).append(path)
        return places

    deepest = max((path.count("/") + 1 for path in ordered), default=0)
    return at(bisect_right(range(deepest + 1), most, key=lambda depth: len(at(depth))) - 1)


def quoted(path: str) -> str:
    """A path of the image for a message."""
    return f"'/{path}'"


def rights(entry: Entry) -> str:
    """Mode and owner for a message, e.g. `mode 0444, owner 0:0`."""
    return f"mode {entry.mode:04o}, owner {entry.uid}:{entry.gid}"


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
