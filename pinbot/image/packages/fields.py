"""What all readers of package databases hold to: whole lines, and names that can be shown."""

import re
from collections.abc import Iterator

from pinbot.errors import ImageError

_LONGEST_WORD = 512
_WORD = re.compile(rb"[!-~]+")


def lines(data: bytes, place: str) -> Iterator[tuple[int, bytes]]:
    """Each line without its end, with its number from 1; they are cut one by one, however many there are.

    Raises:
        ImageError: the last line has no end, so that it may be cut off.
    """
    start = number = 0
    while start < len(data):
        number += 1
        end = data.find(b"\n", start)
        if end < 0:
            raise ImageError(f"{place} is cut off in line {number}")
        yield number, data[start:end]
        start = end + 1


def word(value: bytes, what: str, where: str) -> str:
    """A name or version: ASCII that can be printed, without spaces.

    Raises:
        ImageError: it is empty, overlong, or holds anything else.
    """
    value = value.strip(b" \t\r")
    if not value:
        raise ImageError(f"{where} names no {what}")
    if len(value) > _LONGEST_WORD:
        raise ImageError(f"{where} holds a {what} of {len(value):,} characters")
    if not _WORD.fullmatch(value):
        raise ImageError(f"{where} holds a {what} that cannot be one: {value[:80]!r}")
    return value.decode("ascii")
