"""Tables and messages for people. Everything shown passes `printable`; nothing is decided here."""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pinbot.errors import PinbotError, Several
from pinbot.render.printable import printable

_WIDEST = 60
"""Columns up to which cells are aligned in a pipe: one long name must not move all the others."""

Cell = str | tuple[str, str]
"""A text, or a text and its rich style."""


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
    """Print rows in columns: a terminal folds long cells, a pipe gets one line a row. No rows, no header."""
    cells = [[_text(cell) for cell in row] for row in rows]
    if not cells:
        return
    titles = [Text(title, style="bold") for title in header]
    if not out.file.isatty():
        for line in _aligned([titles, *cells]):
            out.print(line, soft_wrap=True)
        return
    grid = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        grid.add_column(title, overflow="fold")
    for row in cells:
        grid.add_row(*row)
    with out.capture() as captured:
        out.print(grid)
    for text in captured.get().splitlines():
        out.file.write(text.rstrip() + "\n")


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


def _aligned(rows: Sequence[Sequence[Text]]) -> Iterator[Text]:
    widths = [
        min(max(cell_len(cell.plain) for cell in column), _WIDEST) for column in zip(*rows, strict=True)
    ]
    for row in rows:
        line = Text("  ").join(
            cell + Text(" " * (width - cell_len(cell.plain))) for cell, width in zip(row, widths, strict=True)
        )
        line.rstrip()
        yield line


def _text(cell: Cell) -> Text:
    text, style = (cell, "") if isinstance(cell, str) else cell
    return Text(printable(text), style=style)
