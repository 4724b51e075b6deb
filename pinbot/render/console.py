"""Tables and messages for people. Everything shown passes `printable`; nothing is decided here."""

import io
from collections.abc import Iterable, Sequence
from typing import IO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from pinbot.errors import PinbotError, Several
from pinbot.render.printable import printable

_WIDEST = 60
"""Columns up to which cells are aligned: one long name must not move all the others."""

Styled = tuple[str, str]
"""A text and its rich style."""

Cell = str | Styled


def console(stream: IO[str], *, colour: bool | None) -> Console:
    """A console on a stream; `colour` None decides by the stream, `NO_COLOR` and `FORCE_COLOR`."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # a name that the locale cannot write must end no run
    return Console(
        file=stream,
        force_terminal=True if colour else None,
        color_system="standard" if colour else None if colour is False else "auto",
        no_color=None if colour is None else not colour,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not stream.isatty(),
    )


def table(out: Console, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print rows in columns; no rows, no header.

    Each row is one line, for `grep` and so that a path can be copied whole; a narrow terminal wraps it.
    """
    cells = [[_safe(cell) for cell in row] for row in rows]
    if not cells:
        return
    lines = [[(title, "bold") for title in header], *cells]
    widths = [min(max(cell_len(text) for text, _ in column), _WIDEST) for column in zip(*lines, strict=True)]
    for line in lines:
        padding = [max(width - cell_len(text), 0) for (text, _), width in zip(line, widths, strict=True)]
        if out.color_system is None:  # without rich, which takes a second for every few thousand lines
            plain = "  ".join(text + " " * blanks for (text, _), blanks in zip(line, padding, strict=True))
            out.file.write(plain.rstrip() + "\n")
        else:
            styled = Text("  ").join(
                Text.assemble(cell, " " * blanks) for cell, blanks in zip(line, padding, strict=True)
            )
            styled.rstrip()
            out.print(styled, soft_wrap=True)


def line(out: Console, text: str, style: str = "") -> None:
    """Print one line, safely."""
    out.print(Text(printable(text), style=style), soft_wrap=True)


def errors(out: Console, problems: Iterable[PinbotError]) -> None:
    """Print each error: where, what, the source line if there is one, and what to do next."""
    for problem in problems:
        if isinstance(problem, Several):
            errors(out, problem.errors)
            continue
        line = Text("error: ", style="bold red")
        for part in (problem.where, problem.image):
            if part and part not in problem.message:
                line.append(f"{printable(part)}: ", style="bold")
        line.append(printable(problem.message), style="none")
        out.print(line, soft_wrap=True)
        for source in problem.excerpt.split("\n") if problem.excerpt else ():
            out.print(Text("  | " + printable(source)), soft_wrap=True)
        if problem.hint:
            out.print(Text("  hint: " + printable(problem.hint), style="cyan"), soft_wrap=True)


def _safe(cell: Cell) -> Styled:
    text, style = (cell, "") if isinstance(cell, str) else cell
    return printable(text).replace("\t", r"\t"), style  # a tab would move the columns
