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

_PLATFORM = (
    r"(?<![A-Za-z0-9])(?:amd64(?:[-_]?v[1-4])?|x86[-_]64(?:[-_]v[1-4])?|x(?:86|64|32)|i[3-6]86|s390x?"
    r"|arm(?:32|64)?(?:[-_]?v[5-9])?(?:hf|el|l)?|(?:aarch|ia|loong|loongarch|mips|ppc|riscv)(?:32|64)(?:el|le)?"
    r"|win(?:32|64))(?![A-Za-z0-9])"
)
"""Names of platforms: their digits are part of a word, for arm64v8 is no later arm32v7."""

_PIECES = re.compile(rf"({_PLATFORM}|[0-9]+)", re.IGNORECASE)
_SEGMENTS = re.compile(r"[-_.]")
_LETTERED = r"(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]"
_HASH = re.compile(rf"g?{_LETTERED}{{7,64}}|g[0-9]{{7,64}}")
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

_SHORTEST_HASH = 7
_MOST_NUMBERS = 16
_JOINTS = frozenset({".", "_"})

_DATE = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[0-9]{2}){0,3}")

_IN_DATES = re.compile(r"[-T]")
_REVISION = re.compile(r"(?:^|.*[-_.])(?:r|rev|build)[-_.]?", re.IGNORECASE)
"""What stands before the number of a packaging of one version, as in `16.4.0-debian-12-r3`."""

_HELD = frozenset({"count", "year"})
"""Kinds of numbers that move as far as a tag may; all others always do."""

_RANKS = {Reach.MAJOR: 0, Reach.MINOR: 1, Reach.PATCH: 2}


class _Number(NamedTuple):
    """A number of a tag: `rank` is its place in its version, from 0; `kind` what it counts."""

    value: int
    rank: int
    kind: str


class _Tag(NamedTuple):
    """A tag: `words` stand around its `numbers`, as written; `versions` are those that belong together."""

    words: tuple[str, ...]
    numbers: tuple[str, ...]
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
            that of a distribution as well; dates, revisions and numbers of builds may always move.
        versions: what the first version in the tag has to fit, like `<4,!=3.21`; empty for any.
    """
    old = _read(tag)
    if old is None or reach is Reach.KEEP:
        return None
    among = tuple(among)
    if _is_hash_by_chance(old, among):
        return None
    family = _family(old, ["[0-9]+"] * len(old.numbers))
    wanted = _specifiers(versions) if versions else None
    found = [
        (new.versions, each)
        for each in among
        if family.fullmatch(each)  # most are of another one, and reading takes its time
        and (new := _read(each)) is not None
        and _follows(new, old, _RANKS[reach])
        and (wanted is None or wanted.contains(_first(new), prereleases=True))
    ]
    return max(found)[1] if found else None


def _read(tag: str) -> _Tag | None:
    if _HASHED.match(tag) or any(_HASH.fullmatch(segment) for segment in _SEGMENTS.split(tag)):
        return None
    words, numbers = _split(tag)
    if not 0 < len(numbers) <= _MOST_NUMBERS:
        return None
    versions: list[list[_Number]] = []
    for before, digits, behind in zip(words, numbers, words[1:], strict=False):
        number = _Number(int(digits), 0, _kind(before, digits, behind))
        if versions and _is_day(versions[-1], before, digits):
            versions[-1] = [one._replace(kind="date") for one in (*versions[-1], number)]
        elif versions and before in _JOINTS:
            versions[-1].append(number._replace(rank=len(versions[-1])))
        else:
            versions.append([number])
    return _Tag(tuple(words), tuple(numbers), tuple(map(tuple, versions)))


def _split(tag: str) -> tuple[list[str], list[str]]:
    """The words and the numbers between them: there is one word more."""
    words, numbers = [""], list[str]()
    for piece in _PIECES.split(tag):
        if piece.isdigit():
            numbers.append(piece)
            words.append("")
        else:
            words[-1] += piece
    return words, numbers


def _family(tag: _Tag, numbers: Iterable[str]) -> re.Pattern[str]:
    """What has the words of a tag, and between them what these patterns say."""
    first, *words = map(re.escape, tag.words)
    return re.compile("".join((first, *(a + b for a, b in zip(numbers, words, strict=True)))))


def _is_hash_by_chance(tag: _Tag, among: Iterable[str]) -> bool:
    """Whether a number is a hash without letters: where it stands, other tags have one of that length."""
    for place, number in enumerate(tag.numbers):
        if len(number) >= _SHORTEST_HASH and not _DATE.fullmatch(number):
            shapes = ["[0-9]+"] * len(tag.numbers)
            shapes[place] = f"{_LETTERED}{{{len(number)}}}"
            if any(map(_family(tag, shapes).fullmatch, among)):
                return True
    return False


def _is_day(version: list[_Number], before: str, digits: str) -> bool:
    """Whether a number goes on with a date, as in `2024-06-13T22-53-53Z`."""
    begun = version[0].kind == "date" and len(version) > 1
    year = len(version) == 1 and version[0].kind == "year"
    return (begun or year) and _IN_DATES.fullmatch(before) is not None and len(digits) == len("06")


def _kind(before: str, digits: str, behind: str) -> str:
    """What a number counts: 3 and 20250108 are no two releases of one thing, nor are 20 and 2022.

    Nor does the longer of a date and a date with a time have to be the later one.
    """
    if _DATE.fullmatch(digits):
        return f"date of {len(digits)}"
    if len(digits) >= _LONG:
        return "build"
    if _REVISION.fullmatch(before) and behind not in _JOINTS:
        return "revision"
    return "year" if int(digits) >= _YEARS else "count"


def _follows(new: _Tag, old: _Tag, first: int) -> bool:
    """Whether a tag of the same family is later, and differs from the rank `first` on at most."""
    if new.words != old.words or new.versions == old.versions or _shape(new) != _shape(old):
        return False
    later = False
    for before, after in zip(old.versions, new.versions, strict=True):
        counts_anew = later and before[0].kind == "revision"
        if after < before and not counts_anew:
            return False
        if not all(_may_move(*pair, first) for pair in zip(before, after, strict=True)):
            return False
        later = later or after > before
    return True


def _shape(tag: _Tag) -> list[int]:
    """How many numbers each of its versions has: digits alone tell a date from versions."""
    return [len(version) for version in tag.versions]


def _may_move(before: _Number, after: _Number, first: int) -> bool:
    if before.kind != after.kind:
        return False
    return before.value == after.value or before.rank >= first or before.kind not in _HELD


def _first(tag: _Tag) -> str:
    """The first version of a tag, as PEP 440 writes it."""
    return ".".join(str(number.value) for number in tag.versions[0])


@lru_cache(maxsize=64)
def _specifiers(text: str) -> "SpecifierSet":
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - few rules have any, and it takes its time

    return SpecifierSet(text)
