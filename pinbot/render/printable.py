"""Text from strangers, made safe to show: file names, references and logs may hold anything."""

import unicodedata
from datetime import UTC, datetime

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that move the cursor, hide or reorder text, or cannot be encoded."""

_STEP = 1000
"""Between a unit of size and the next."""


def printable(text: str) -> str:
    r"""The text with control and formatting characters written as escapes, e.g. ESC as `\x1b`; tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if character != "\t" and unicodedata.category(character) in _UNSAFE
        else character
        for character in text
    )


def moment(when: datetime) -> str:
    """A point in time to the minute, in UTC: `2026-11-24 07:00 UTC`."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def counted(number: int, noun: str, many: str = "") -> str:
    """So many of something: `1 file`, `2 files`; `many` is for nouns that take no s."""
    return f"{number} {noun}" if number == 1 else f"{number} {many or f'{noun}s'}"


def human_size(size: int) -> str:
    """Bytes in the unit that people read, decimal as registries show it: `12.3 MB`."""
    if size < _STEP:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB"):
        value /= _STEP
        if round(value, 1) < _STEP:
            return f"{value:.1f} {unit}"
    return f"{value / _STEP:.1f} GB"


def size_change(before: int, after: int) -> str:
    """How much larger or smaller, signed, e.g. `+1.2 kB (+0.3 %)`."""
    change = after - before
    if change == 0:
        return "no change"
    share = f" ({change / before:+.1%})" if before else ""
    sign = "+" if change > 0 else "-"
    return f"{sign}{human_size(abs(change))}{share}"
