"""Standard output and error, whose readers may leave before the end, as `head` does."""

import io
import os
import sys
from typing import TextIO


class _Patient(io.TextIOWrapper):
    """A stream that goes on into nothing when its reader has left, who has no say in how the run ends."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except BrokenPipeError:
            hang_up(self)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except BrokenPipeError:
            hang_up(self)
            super().flush()


def open_streams() -> None:
    """Make all three streams usable, however the caller left them.

    One that was closed (`>&-`), for which Python leaves None, becomes an empty one.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - until exit
        elif mode == "w" and type(stream) is io.TextIOWrapper:
            setattr(sys, name, _patient(stream))


def hang_up(stream: TextIO) -> None:
    """Send what is still to be written to nobody: what takes it takes no more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _patient(stream: io.TextIOWrapper) -> _Patient:
    as_it_is = {
        name: getattr(stream, name) for name in ("encoding", "errors", "line_buffering", "write_through")
    }
    return _Patient(stream.detach(), **as_it_is)
