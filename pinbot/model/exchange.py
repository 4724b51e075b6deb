"""What is told of one request to a registry, for people who want to see them all."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a registry says is left of a limit; None for what it does not say.

    Attributes:
        remaining: pulls that are left.
        limit: how many there are in one window.
        seconds: the length of the window.
    """

    remaining: int
    limit: int | None = None
    seconds: int | None = None

    def __str__(self) -> str:
        limit = "" if self.limit is None else f" of {self.limit}"
        window = "" if self.seconds is None else f" in {_span(self.seconds)}"
        return f"{self.remaining}{limit} pulls left{window}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what came of it.

    Attributes:
        method, url: what was asked for; without the query.
        status, version: of the answer, e.g. 200 and `HTTP/1.1`; None where there was none.
        milliseconds: how long it took.
        quota: what the answer says is left.
    """

    method: str
    url: str
    status: int | None
    milliseconds: float
    version: str | None = None
    quota: Quota | None = None


def _span(seconds: int) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
