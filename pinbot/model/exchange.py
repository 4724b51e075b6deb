"""What is told of one request to a registry, for people who want to see them all."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what came of it; `url` has no query, `status` is None where no answer came."""

    method: str
    url: str
    status: int | None
    milliseconds: float
