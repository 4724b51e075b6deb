"""What came of starting an image once, to see whether it starts."""

import signal
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeRun:
    """One container, started as its config says and left to itself for a moment.

    Attributes:
        refused: why no process of the image came to run; empty if one did.
        code: exit status of the process; None if it still ran when the time was up, or never did.
        tail: its last lines, both outputs together, without control characters.
        runner: what it ran in, e.g. `podman 4.3.1`.
    """

    refused: str = ""
    code: int | None = None
    tail: tuple[str, ...] = ()
    runner: str

    @property
    def signal(self) -> str:
        """The signal that ended the process, e.g. `SIGSEGV`; empty for none."""
        try:
            return signal.Signals((self.code or 0) - 128).name
        except ValueError:
            return ""
