"""How dpkg orders versions: `[epoch:]upstream[-revision]` (deb-version(7), Debian Policy 5.6.12)."""

import re

from pinbot.image.versions.numbers import Key, number

_VERSION = re.compile(
    r"(?:(?P<epoch>[0-9]+):)? (?P<upstream>[A-Za-z0-9.+~:-]+?) (?:-(?P<revision>[A-Za-z0-9.+~]+))?",
    re.VERBOSE,
)
_PIECES = re.compile(r"([^0-9]*)([0-9]*)")
_LARGEST_EPOCH = number(str(2**31 - 1))


def key(version: str) -> Key | None:
    """What sorts as the version does; None for what dpkg does not take for a version.

    No epoch is 0, and no revision is `0`.
    """
    parts = _VERSION.fullmatch(version)
    if parts is None:
        return None
    if (":" in parts["upstream"] and parts["epoch"] is None) or (
        "-" in parts["upstream"] and parts["revision"] is None
    ):
        return None
    epoch = number(parts["epoch"] or "")
    return (
        None if epoch > _LARGEST_EPOCH else (epoch, _part(parts["upstream"]), _part(parts["revision"] or "0"))
    )


def _part(text: str) -> Key:
    """Stretches of other characters and of digits take turns; the last one is always empty."""
    return tuple(
        piece for others, digits in _PIECES.findall(text) for piece in (_characters(others), number(digits))
    )


def _characters(text: str) -> tuple[int, ...]:
    """`~` sorts before the end, the end before letters, and letters before everything else."""
    ranks = (-1 if char == "~" else ord(char) + (0 if char.isalpha() else 256) for char in text)
    return (*ranks, 0)
