"""What every machine has: time, a place to keep things, somebody who watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

# What the signatures name is not needed to run, and would load half of the model.
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


class Cache(Protocol):
    """Keeps what was found out, between runs: of what never changes, or with a way to ask whether it has.

    It may forget at any time and never fails: what it cannot keep, or read any more, it does not have.
    """

    async def get(self, name: str) -> bytes | None:
        """What was put under a name, whole; None if it is not there."""
        ...

    async def put(self, name: str, data: bytes) -> None:
        """Keep something under a name that says all of what it depends on."""
        ...


class Clock(Protocol):
    """Time, so that tests can own it."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Progress(Protocol):
    """Where long work says how far it is. It talks to people, on standard error, and decides nothing."""

    def step(self, title: str, total: int | None = None) -> AbstractContextManager[Callable[[str], None]]:
        """Begin a piece of work of `total` parts (None: unknown); call the result when a part is done."""
        ...

    def note(self, text: str) -> None:
        """Say one line, e.g. of a builder's log."""
        ...
