"""Things that go wrong at a chosen request."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

ALWAYS = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """An answer that is not GitHub's own."""

    status: int
    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens at the requests from `first` on, `times` of them."""

    first: int
    times: int
    drop: Literal["before", "after"] | None = None
    raw: Raw | None = None
    action: Callable[[], None] | None = None


class Faults:
    """The faults that wait for their request; requests count from one."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def at(self, number: int) -> Fault | None:
        """The fault for that request, the one that was asked for last."""
        for fault in reversed(self._waiting):
            if fault.first <= number < fault.first + fault.times:
                return fault
        return None

    def clear(self) -> None:
        self._waiting.clear()

    def drop(self, number: int, *, answered: bool = False, times: int = 1) -> None:
        """Close the connection instead of answering; `answered`: after the request was carried out."""
        self._add(Fault(first=number, times=times, drop="after" if answered else "before"))

    def kill(self, number: int, *, answered: bool = False) -> None:
        """Nothing is answered from that request on; `answered`: it is still carried out itself."""
        self._add(Fault(first=number, times=ALWAYS, drop="before"))
        if answered:
            self.drop(number, answered=True)

    def fail(
        self,
        number: int,
        status: int,
        message: str = "Server Error",
        *,
        headers: Mapping[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """Answer with an error instead of doing what is asked."""
        data = json.dumps({"message": message, "status": str(status)}).encode()
        self.garble(number, data, status=status, headers=headers, times=times)

    def secondary_limit(self, number: int, *, seconds: int, times: int = 1) -> None:
        """GitHub's request to slow down."""
        self.fail(
            number,
            403,
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            headers={"Retry-After": str(seconds)},
            times=times,
        )

    def garble(
        self,
        number: int,
        data: bytes,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """Answer with any bytes."""
        raw = Raw(status=status, data=data, headers=dict(headers or {}))
        self._add(Fault(first=number, times=times, raw=raw))

    def before(self, number: int, action: Callable[[], None]) -> None:
        """Do something else just before that request is looked at, e.g. let another run go through."""
        self._add(Fault(first=number, times=1, action=action))

    def _add(self, fault: Fault) -> None:
        self._waiting.append(fault)
