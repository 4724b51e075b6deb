"""Semantic versions (SemVer 2.0.0): their parts, and the precedence of pre-releases."""

import re
from dataclasses import dataclass

from pinbot.image.versions.numbers import Key, number

_NUMBER = "(?:0|[1-9][0-9]*)"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"""(?P<major>{_NUMBER}) (?: \.(?P<minor>{_NUMBER}) (?: \.(?P<patch>{_NUMBER})
         (?: -(?P<pre>{_IDENTIFIER}(?:\.{_IDENTIFIER})*) )?
         (?: \+(?P<build>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*) )? )? )?
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SemVer:
    """A semantic version; `complete` tells whether all three numbers are written."""

    numbers: tuple[str, ...]
    pre: str
    build: str

    @property
    def complete(self) -> bool:
        """Whether major, minor and patch are written."""
        return len(self.numbers) == 3  # noqa: PLR2004 - major, minor, patch

    @property
    def precedence(self) -> Key:
        """By section 11: a pre-release comes before its release, and the build does not count."""
        numbers = tuple(map(number, (*self.numbers, "", "")[:3]))
        return (*numbers, not self.pre, *map(_identifier, self.pre.split(".")))


def parse(text: str) -> SemVer | None:
    """A version, or one that is cut short after a number; None for what is none."""
    parts = _VERSION.fullmatch(text)
    if parts is None:
        return None
    numbers = tuple(parts[name] for name in ("major", "minor", "patch") if parts[name] is not None)
    return SemVer(numbers=numbers, pre=parts["pre"] or "", build=parts["build"] or "")


def _identifier(text: str) -> Key:
    """Numbers come before words."""
    return (0, number(text)) if text.isdecimal() else (1, text)
