"""Pieces of GitHub Flavored Markdown that hold untrusted text safely.

Such text stands in code spans and code blocks only, where GitHub follows no link, mentions nobody and reads
no HTML.
"""

import re
from collections.abc import Sequence

from pinbot.render.printable import printable

MOST_LINE = 300
"""Characters of a line in a block that are shown."""

_MOST_CODE = 160


def code(text: str) -> str:
    """A code span that shows this text; long ones are cut."""
    shown = printable(text[: _MOST_CODE + 1])
    if len(shown) > _MOST_CODE:
        shown = shown[: _MOST_CODE - 1] + "…"
    fence = "`" * (_longest_fence(shown) + 1)
    # Readers take one blank off both sides, unless there are only blanks; it keeps a backtick off the fence.
    edges = shown[:1] + shown[-1:]
    blank = " " if "`" in edges or (edges == "  " and shown.strip(" ")) or not shown else ""
    return f"{fence}{blank}{shown}{blank}{fence}"


def cell(text: str) -> str:
    r"""A code span in a table, where a bar ends the cell even in code.

    A bar is written `\|`. What a backslash before it means depends on the reader, so that one is spelt out.
    """
    return re.sub(r"\\(?=\|)", r"\\x5c", code(text)).replace("|", r"\|")


def code_block(lines: Sequence[str], *, room: int) -> str:
    """A fenced block that its content cannot leave: the last lines that there is room for."""
    kept: list[str] = []
    for line in reversed(lines):
        shown = printable(line[:MOST_LINE])[:MOST_LINE]
        room -= len(shown) + 1
        if room < 0:
            kept.append("…")
            break
        kept.append(shown)
    text = "\n".join(reversed(kept))
    fence = "`" * max(3, _longest_fence(text) + 1)
    return f"{fence}text\n{text}\n{fence}"


def details(summary: str, content: str) -> str:
    """Something that is there for who wants to unfold it; the summary is our own text."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, room: int) -> str:
    """As many rows as there is room for, and how many more there are."""
    lines = [_row(header), _row(["---"] * len(header))]
    for number, row in enumerate(rows):
        line = _row(row)
        room -= len(line) + 1
        if room < 0:
            return "\n".join(lines) + f"\n\nand {len(rows) - number} more"
        lines.append(line)
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _longest_fence(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
