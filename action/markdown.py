"""Pieces of Markdown that every job summary is made of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pinbot.render.gfm import cell

_MOST_ROWS = 100
_MOST_BYTES = 1_000_000
"""GitHub shows none of a summary of more than 1 MiB."""


def where(entry: Mapping[str, Any]) -> str:
    """The place that an entry of a document tells of, as a code span; nothing where it tells of none."""
    known = (str(entry[part]) for part in ("file", "line") if entry[part] is not None)
    return optional_cell(":".join(known))


def optional_cell(text: str | None) -> str:
    """A code span for a table, or nothing where there is no text."""
    return cell(text) if text else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table as one part of the summary; none where there are no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if lines:
        ruler = "| " + " | ".join("---" for _ in header) + " |"
        yield "\n".join((f"| {' | '.join(header)} |", ruler, *lines[:_MOST_ROWS]))
    if len(lines) > _MOST_ROWS:
        yield f"and {len(lines) - _MOST_ROWS} more"


def shortened(summary: str) -> str:
    """As many whole lines of a summary as GitHub shows; the log has them all."""
    data = summary.encode()
    if len(data) <= _MOST_BYTES:
        return summary
    end = data.rfind(b"\n", 0, _MOST_BYTES)
    return data[: end + 1].decode() + "\nThe rest is too long for a summary: it stands in the log.\n"
