"""Tags that are versions, and which of them come after another one. Pure.

No document says how tags are to be written. What holds for nearly all of them: the tags of one family are
equal but for their numbers, like `1.86-alpine3.20` and `1.91-alpine3.22`, or `jammy-20240627` and
`jammy-20240808`. So a tag is followed within its family alone: from a release to no `rc`, from `slim` to
nothing but `slim`, from `3.20` to no `3.20.1`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pinbot.model.treatment import Reach

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

_DIGITS = re.compile(r"([0-9]+)")
_SEGMENTS = re.compile(r"[-_.]")
_HASH = re.compile(r"(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,64}")
_HASHED = re.compile(r"(?:sha|git|commit|rev)[-_.]", re.IGNORECASE)

_NUMBER = r"[0-9]{1,9}"
_LIMIT = (
    rf"(?:(?:[<>]=?|[=!]=){_NUMBER}(?:\.{_NUMBER}){{0,9}}"
    rf"|[=!]={_NUMBER}(?:\.{_NUMBER}){{0,9}}\.\*"
    rf"|~={_NUMBER}(?:\.{_NUMBER}){{1,9}})"
)
VERSIONS = re.compile(rf"{_LIMIT}(?:, ?{_LIMIT}){{0,20}}")
"""Limits for versions, like `<4,!=3.21`: those of PEP 440 that make sense for tags."""

_YEARS = 1_000
_LONG = 6
"""Digits from which on a number is a date or that of a build, and no part of a version."""

_RANKS = {Reach.MAJOR: 0, Reach.MINOR: 1, Reach.PATCH: 2}


class _Number(NamedTuple):
    """A number of a tag: `rank` is its place in its version, from 0; `kind` what it counts."""

    value: int
    rank: int
    kind: str


class _Tag(NamedTuple):
    """A tag: `words` are what stands between its numbers, `versions` the numbers that belong together."""

    words: tuple[str, ...]
    versions: tuple[tuple[_Number, ...], ...]


def is_version(tag: str) -> bool:
    """Whether another tag could come after this one: it has numbers, and they are not those of a hash."""
    return _read(tag) is not None


def newest(tag: str, among: Iterable[str], *, reach: Reach, versions: str = "") -> str | None:
    """The last of the tags that come after `tag`; None where none does.

    Args:
        tag: what is followed.
        among: the tags that there are.
        reach: the first part of a version that may be another one. It holds for each version in the tag, for
            that of a distribution as well; dates and numbers of builds may always move.
        versions: what the first version in the tag has to fit, like `<4,!=3.21`; empty for any.
    """
    old = _read(tag)
    if old is None or reach is Reach.KEEP:
        return None
    wanted = _specifiers(versions) if versions else None
    found = [
        (new.versions, each)
        for each in among
        if (new := _read(each)) is not None
        and _follows(new, old, _RANKS[reach])
        and (wanted is None or wanted.contains(_first(new), prereleases=True))
    ]
    return max(found)[1] if found else None


@lru_cache(maxsize=16_384)
def _read(tag: str) -> _Tag | None:
    if _HASHED.match(tag) or any(_HASH.fullmatch(segment) for segment in _SEGMENTS.split(tag)):
        return None
    parts = _DIGITS.split(tag)
    words, numbers = parts[::2], parts[1::2]
    if not numbers:
        return None
    versions: list[list[_Number]] = []
    for before, digits in zip(words, numbers, strict=False):
        if not versions or before not in {".", "_"}:
            versions.append([])
        value = int(digits)
        versions[-1].append(_Number(value, len(versions[-1]), _kind(digits, value)))
    return _Tag(tuple(words), tuple(map(tuple, versions)))


def _kind(digits: str, value: int) -> str:
    """What a number counts: 3 and 20250108 are no two releases of one thing, nor are 20 and 2022."""
    if len(digits) >= _LONG:
        return "date"
    return "year" if value >= _YEARS else "count"


def _follows(new: _Tag, old: _Tag, first: int) -> bool:
    """Whether a tag of the same family is later, and differs from the rank `first` on at most."""
    if new.words != old.words or new.versions == old.versions:
        return False
    return all(
        after >= before and all(_may_move(*pair, first) for pair in zip(before, after, strict=True))
        for before, after in zip(old.versions, new.versions, strict=True)
    )


def _may_move(before: _Number, after: _Number, first: int) -> bool:
    if before.kind != after.kind:
        return False
    return before.value == after.value or before.rank >= first or before.kind == "date"


def _first(tag: _Tag) -> str:
    """The first version of a tag, as PEP 440 writes it."""
    return ".".join(str(number.value) for number in tag.versions[0])


@lru_cache(maxsize=64)
def _specifiers(text: str) -> "SpecifierSet":
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - few rules have any, and it takes its time

    return SpecifierSet(text)
