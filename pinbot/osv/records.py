"""Records of OSV to values (osv-schema 1.7). What is not as it should be is left out: it only describes."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pinbot.model.vulnerability import Rating, Vulnerability
from pinbot.osv import cvss
from pinbot.osv.ecosystems import Query

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_MOST_NAMES = 100
_LONGEST_SUMMARY = 300
_RATINGS = {
    "critical": Rating.CRITICAL,
    "high": Rating.HIGH,
    "important": Rating.HIGH,
    "moderate": Rating.MEDIUM,
    "medium": Rating.MEDIUM,
    "low": Rating.LOW,
    "negligible": Rating.LOW,
}


def is_id(text: object) -> bool:
    """Whether something can be the id of a vulnerability."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def vulnerability(record: dict[str, Any], asked: Iterable[Query]) -> Vulnerability:
    """What a record with a right id says, and where it is fixed in those packages that it was found for."""
    return Vulnerability(
        id=record["id"],
        aliases=_ids(record.get("aliases")),
        upstream=_ids(record.get("upstream")),
        summary=_line(record.get("summary") or record.get("details")),
        rating=_rating(record),
        fixes=_fixes(record, frozenset((query.ecosystem, query.name) for query in asked)),
        withdrawn=isinstance(record.get("withdrawn"), str),
    )


def _ids(names: object) -> tuple[str, ...]:
    return tuple(name for name in _list(names)[:_MOST_NAMES] if is_id(name))


def _line(text: object) -> str:
    if not isinstance(text, str):
        return ""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[:4096]).split())
    return line if len(line) <= _LONGEST_SUMMARY else line[: _LONGEST_SUMMARY - 1] + "…"


def _rating(record: dict[str, Any]) -> Rating:
    """The worst of the vectors; where there are none that are understood, what the database says in words."""
    affected = [entry for entry in _list(record.get("affected")) if isinstance(entry, dict)]
    scores = [
        score
        for part in (record, *affected)
        for score in _list(part.get("severity"))
        if isinstance(score, dict) and isinstance(score.get("score"), str)
    ]
    vectors = [found for score in scores if (found := cvss.rating(score["score"])) is not None]
    if vectors:
        return min(vectors, key=lambda rating: rating.rank)
    words = [score["score"] for score in scores]
    for part in (record, *affected):
        for holder in ("database_specific", "ecosystem_specific"):
            specific = part.get(holder)
            if isinstance(specific, dict):
                words += [specific.get("severity"), specific.get("urgency")]
    ratings = (_RATINGS.get(word.lower()) for word in words if isinstance(word, str))
    return min(
        (rating for rating in ratings if rating), key=lambda rating: rating.rank, default=Rating.UNKNOWN
    )


def _fixes(record: dict[str, Any], asked: frozenset[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for entry in _list(record.get("affected")):
        package = entry.get("package") if isinstance(entry, dict) else None
        if isinstance(package, dict) and (package.get("ecosystem"), package.get("name")) in asked:
            found.update(((package["name"], version), None) for version in _fixed_in(entry))
    return tuple(found)[:_MOST_NAMES]


def _fixed_in(entry: dict[str, Any]) -> Iterator[str]:
    for span in _list(entry.get("ranges")):
        for event in _list(span.get("events")) if isinstance(span, dict) else ():
            version = event.get("fixed") if isinstance(event, dict) else None
            if isinstance(version, str) and version.isprintable():
                yield version[:100]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
