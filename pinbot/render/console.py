"""Tables and messages for people. Everything shown passes `printable`; nothing is decided here."""

from collections.abc import Iterable, Sequence
from typing import IO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pinbot.errors import PinbotError, Several
from pinbot.render.printable import printable

_WIDE = 10_000
"""Columns assumed where nobody looks at a terminal: lines are for grep then, and never wrapped."""

Cell = str | tuple[str, str]
"""A text, or a text and its rich style."""


def console(stream: IO[str], *, colour: bool | None) -> Console:
    """A console on a stream; `colour` None decides by the stream, `NO_COLOR` and `FORCE_COLOR`."""
    terminal = stream.isatty()
    return Console(
        file=stream,
        force_terminal=True if colour else None,
        no_color=True if colour is False else None,
        width=None if terminal else _WIDE,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not terminal,
    )


def table(out: Console, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print rows in columns; a terminal folds long cells, a pipe gets one line a row."""
    grid = Table(box=SIMPLE_HEAD if out.is_terminal else None, pad_edge=False, header_style="bold")
    for title in header:
        grid.add_column(title, overflow="fold", no_wrap=not out.is_terminal)
    for row in rows:
        grid.add_row(*(_cell(cell) for cell in row))
    with out.capture() as captured:
        out.print(grid)
    for line in captured.get().splitlines():
        out.file.write(line.rstrip() + "\n")


def errors(out: Console, problems: Iterable[PinbotError]) -> None:
    """Print each error: where, what, the source line if there is one, and what to do next."""
    for problem in problems:
        if isinstance(problem, Several):
            errors(out, problem.errors)
            continue
        line = Text("error: ", style="bold red")
        for part in (problem.where, problem.image if problem.image not in (None, problem.message) else ""):
            if part and part not in problem.message:
                line.append(f"{printable(part)}: ", style="bold")
        line.append(printable(problem.message), style="none")
        out.print(line, soft_wrap=True)
        for source in (problem.excerpt or "").splitlines():
            out.print(Text("  | " + printable(source)), soft_wrap=True)
        if problem.hint:
            out.print(Text("  hint: " + printable(problem.hint), style="cyan"), soft_wrap=True)


def _cell(cell: Cell) -> Text:
    text, style = (cell, "") if isinstance(cell, str) else cell
    return Text(printable(text), style=style)
