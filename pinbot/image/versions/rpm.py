"""How rpm orders versions: `[epoch:]version[-release]`, each part by rpmvercmp (rpm-version(7))."""

import re

from pinbot.image.versions.numbers import Key, number

_VERSION = re.compile(r"(?:(?P<epoch>[0-9]+):)?(?P<version>[^:-]+)(?:-(?P<release>[^:-]+))?")
_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")

_TILDE, _END, _CARET, _LETTERS, _DIGITS = range(5)


def key(version: str) -> Key | None:
    """What sorts as the version does; None for what is no version.

    No epoch is 0, and no release is older than any.
    """
    parts = _VERSION.fullmatch(version)
    if parts is None:
        return None
    release = () if parts["release"] is None else _part(parts["release"])
    return number(parts["epoch"] or ""), _part(parts["version"]), release


def _part(text: str) -> Key:
    """Oldest first: `~`, the end, `^`, letters, digits; everything else only separates."""
    return (*map(_segment, _SEGMENT.findall(text)), (_END,))


def _segment(text: str) -> Key:
    if text in "~^":
        return (_TILDE if text == "~" else _CARET,)
    return (_LETTERS, text) if text.isalpha() else (_DIGITS, number(text))
