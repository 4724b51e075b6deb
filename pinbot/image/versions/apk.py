"""How apk orders versions: `number{.number}{letter}{_suffix{number}}{~hash}{-rnumber}` (apk-package(5)).

Where one version ends and the other goes on, the longer is the newer one, unless it goes on with a suffix
that marks what comes before a release. Where they go on with different kinds of part, the kind that may
stand earlier is the newer (`version.c` of apk-tools 3).
"""

import re

from pinbot.image.versions.numbers import Key, number

_BEFORE_RELEASE = ("alpha", "beta", "pre", "rc")
_AFTER_RELEASE = ("cvs", "svn", "git", "hg", "p")
_SUFFIXES = {name: value for value, name in enumerate(_BEFORE_RELEASE + _AFTER_RELEASE)}

_VERSION = re.compile(
    rf"""(?P<first>[0-9]+) (?P<others>(?:\.[0-9]+)*) (?P<letter>[a-z]?)
         (?P<suffixes>(?:_(?:{"|".join(_SUFFIXES)})[0-9]*)*)
         (?:~(?P<hash>[0-9a-f]+))? (?:-r(?P<revision>[0-9]+))?
    """,
    re.VERBOSE,
)
_SUFFIX = re.compile(r"_([a-z]+)([0-9]*)")

_PRE_RELEASE, _END, _REVISION, _HASH, _SUFFIX_NUMBER, _SUFFIX_AFTER, _LETTER, _NUMBER = range(8)


def key(version: str) -> Key | None:
    """What sorts as the version does; None for what apk does not take for a version."""
    parts = _VERSION.fullmatch(version)
    if parts is None:
        return None
    tokens: list[Key] = [(_NUMBER, number(parts["first"]))]
    tokens += [(_NUMBER, *_later_number(digits)) for digits in parts["others"].split(".")[1:]]
    if parts["letter"]:
        tokens.append((_LETTER, parts["letter"]))
    for name, digits in _SUFFIX.findall(parts["suffixes"]):
        kind = _PRE_RELEASE if name in _BEFORE_RELEASE else _SUFFIX_AFTER
        tokens.append((kind, _SUFFIXES[name]))
        if digits:
            tokens.append((_SUFFIX_NUMBER, number(digits)))
    if parts["hash"]:
        tokens.append((_HASH, parts["hash"]))
    if parts["revision"]:
        tokens.append((_REVISION, number(parts["revision"])))
    return (*tokens, (_END,))


def _later_number(digits: str) -> Key:
    """All numbers but the first compare as text when one of the two begins with 0, as Gentoo has it."""
    return (0, digits) if digits.startswith("0") else (1, number(digits))
