"""Markdown as its readers see it: what of it is structure, and what is text in code."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

EVIL = "EVIL"
READER = MarkdownIt("commonmark").enable("table")


def tokens(text: str) -> Iterator[Token]:
    for token in READER.parse(text):
        yield token
        yield from token.children or ()


def gfm_cells(row: str) -> int:
    """Cells of a row as cmark-gfm counts them: a backslash takes the punctuation after it along."""
    return len(re.findall(r"(?:\\[!-/:-@\[-`{-~]|[^|])*\|", row.removeprefix("|")))


def check_nothing_escapes(body: str) -> None:
    """Nothing of the text is outside of code, and no structure is there but our own."""
    lines = body.split("\n")
    width = 0
    for token in tokens(body):
        assert token.type not in {"link_open", "image", "code_block", "hr"}
        if token.type not in {"code_inline", "fence", "inline"}:
            assert EVIL not in token.content + str(token.attrs)
        if token.type == "html_inline":
            assert token.content == "<br>"
        if token.type == "html_block":
            assert re.match(
                r"<details><summary>[A-Z][a-z ,]+</summary>$|</details>$|<!-- pinbot: ", token.content
            )
        if token.type == "thead_open":
            width = 0
        if token.type == "tr_open" and token.map:
            cells = gfm_cells(lines[token.map[0]])
            width = width or cells
            assert cells == width
