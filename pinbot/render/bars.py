"""How far long work is, on a terminal: a bar that moves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from pinbot.render.printable import printable

_DETAIL_WIDTH = 60


class Bars:
    """A bar that moves and goes away when its step is done."""

    def __init__(self, err: Console) -> None:
        self._err = err

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
        """Show a bar where the total is known, else a spinner with what is going on."""
        counted = (BarColumn(bar_width=30), MofNCompleteColumn()) if total else ()
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), *counted)
        bar = Progress(
            *columns,
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", style="dim", markup=False),
            console=self._err,
            transient=True,
        )
        task = bar.add_task(printable(title), total=total, detail="")

        def done(detail: str) -> None:
            bar.update(task, advance=1 if total else 0, detail=printable(detail)[:_DETAIL_WIDTH])

        with bar:
            yield done

    def note(self, text: str) -> None:
        """Say one line."""
        self._err.print(Text(printable(text), style="dim"), soft_wrap=True)
