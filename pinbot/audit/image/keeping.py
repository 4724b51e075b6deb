"""Of which files the rules need the content. It is kept whole or not at all, within room that is bounded."""

import re
from collections.abc import Iterable

from pinbot.audit.image import places
from pinbot.model.image import Entry, EntryKind

_MIB = 1024**2
_SMALL, _PROGRAM = _MIB, 96 * _MIB
_ROOM_KNOWN, _ROOM_SMALL, _ROOM_PROGRAMS = 16 * _MIB, 64 * _MIB, 72 * _MIB
"""With the program that is started this is as much as is kept of an image at all."""

_KNOWN = re.compile(rf"(?:etc|{places.ZONEINFO})/.*", re.DOTALL)
"""Where the files are that rules look for by name."""

_OF_NO_INTEREST = re.compile(
    r"usr/share/(?:doc|info|locale|man|i18n|icons|fonts)/.*|.*\.(?:so(?:\.[0-9]+)*|a|o|mo|pyc|gz|xz|bz2|png|jpg|woff2?)",
    re.DOTALL,
)
"""Documentation, translations and what no person writes: nobody puts a secret there by mistake."""


def is_wanted(entry: Entry) -> bool:
    """Whether a rule would look into this file."""
    if entry.kind is not EntryKind.FILE:
        return False
    if entry.mode & 0o111 and entry.size <= _PROGRAM:
        return True
    return entry.size <= _SMALL and not _OF_NO_INTEREST.fullmatch(entry.path)


class Keeper:
    """What the reader of layers is given to decide by; each kind of file has room that no other can take.

    `started` are the paths where the program may be that the image starts: that one is always kept.
    """

    def __init__(self, started: Iterable[str] = ()) -> None:
        self._started = frozenset(started)
        self._known = _ROOM_KNOWN
        self._small = _ROOM_SMALL
        self._programs = _ROOM_PROGRAMS

    def __call__(self, entry: Entry) -> int:
        """How many first bytes of a file to keep."""
        if not is_wanted(entry):
            return 0
        if entry.path in self._started:
            return _PROGRAM
        if entry.size > _SMALL:
            if entry.size > self._programs:
                return 0
            self._programs -= entry.size
            return _PROGRAM
        if _KNOWN.fullmatch(entry.path) and entry.size <= self._known:
            self._known -= entry.size
            return _SMALL
        if entry.size > self._small:
            return 0
        self._small -= entry.size
        return _SMALL
