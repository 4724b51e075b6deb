"""How far long work is: plain lines, or nothing when quiet; for a terminal see `bars`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from pinbot.render.printable import printable


class Quiet:
    """Says nothing."""

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
        """Begin work that nobody watches."""
        del title, total
        yield lambda _detail: None

    def note(self, text: str) -> None:
        """Drop it."""


class Lines:
    """One line when a step begins; with `details` also one for each of its parts."""

    def __init__(self, err: Console, *, details: bool) -> None:
        self._err = err
        self._details = details

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
        """Say the title, and each part if details are wanted."""
        count = f" ({total})" if total else ""
        self.note(f"{title}{count}")
        yield (lambda detail: self.note("  " + detail)) if self._details else (lambda _detail: None)

    def note(self, text: str) -> None:
        """Say one line."""
        self._err.print(Text(printable(text), style="dim"), soft_wrap=True)
