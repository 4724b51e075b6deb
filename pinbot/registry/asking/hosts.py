"""Patience with one host: how many requests at once, when to try again, when to wait and when to give up."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pinbot.errors import Unreachable
from pinbot.ports.machine import Clock
from pinbot.registry.wire.gate import Gate
from pinbot.registry.wire.messages import Answer
from pinbot.registry.wire.troubles import NoAnswer

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
TOO_MANY_REQUESTS = 429
_INTERNAL_ERROR = 500
_BUSY = frozenset({TOO_MANY_REQUESTS, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How hard to try; times in seconds.

    Attributes:
        at_once: requests that one host gets at the same time.
        at_once_shared: as many if it takes them all over one connection (HTTP/2).
        tries: how often one request is sent before its failure is believed.
        pause, longest_pause: the wait before the next try is random, from 0 up to `pause`, which doubles with
            each try until it is the longest.
        obey: the longest `Retry-After` that is waited for; a longer one is a failure at once. A request that
            is turned away (429) waits no longer in all.
        budget, earned: tries beyond the first that a host has in store, and what each good answer adds to it.
        give_up: failed requests in a row after which a host that had answered is left alone; one that never
            answered is left alone after its first.
        rest: for how long it is left alone.
    """

    at_once: int = 16
    at_once_shared: int = 64
    tries: int = 4
    pause: float = 0.3
    longest_pause: float = 20.0
    obey: float = 60.0
    budget: float = 20.0
    earned: float = 0.5
    give_up: int = 5
    rest: float = 30.0

    def longest_wait(self, times: int) -> float:
        """Seconds up to which to wait when something was tried so many `times` before."""
        return min(self.pause * (1 << times), self.longest_pause)


class Host:
    """One origin; all requests to it pass through here."""

    def __init__(self, name: str, *, patience: Patience, clock: Clock, jitter: Callable[[], float]) -> None:
        self._name = name
        self._patience = patience
        self._clock = clock
        self._jitter = jitter
        self._gate = Gate(patience.at_once)
        self._budget = patience.budget
        self._answered = self._served = False
        self._broken = 0
        self._paused_until = float("-inf")
        self._left_alone_until = float("-inf")
        self._left_alone_because: Unreachable | None = None

    async def ask(self, send: Callable[[], Awaitable[Answer]], tries: int | None = None) -> Answer:
        """Send until an answer comes that is no passing trouble, or patience ends, e.g. after `tries`.

        When it ends with an answer of a `TRANSIENT` status, that answer is returned.

        Raises:
            NoAnswer: the last try broke off.
            Unreachable: the host is left alone, because it asked for it or has not answered for some time.
            Untrustworthy: see `Transport.send`.
        """
        most = tries or self._patience.tries
        free = 0
        tried = turned_away = 0
        waited = 0.0
        while True:
            outcome = await self._try(send)
            while isinstance(outcome, NoAnswer) and free < outcome.free:
                free += 1
                outcome = await self._try(send)
            if isinstance(outcome, Answer) and outcome.status not in TRANSIENT:
                self._broken, self._served = 0, True
                self._budget = min(self._budget + self._patience.earned, self._patience.budget)
                return outcome
            wait = self._wait(tried + turned_away, outcome)
            if isinstance(outcome, Answer) and outcome.status in _BUSY:
                self._paused_until = max(self._paused_until, self._clock.monotonic() + wait)
            if isinstance(outcome, Answer) and outcome.status == TOO_MANY_REQUESTS and most > 1:
                # Nothing failed: the host asks for time. It gets as much as one long `Retry-After`, in all.
                turned_away += 1
                if waited + wait > self._patience.obey:
                    return self._end(outcome)
            else:
                tried += 1
                hopeless = isinstance(outcome, NoAnswer) and not outcome.transient
                if hopeless or tried >= most or self._budget < 1:
                    return self._end(outcome)
                self._budget -= 1
            waited += wait
            await self._clock.sleep(wait)

    async def _try(self, send: Callable[[], Awaitable[Answer]]) -> Answer | NoAnswer:
        async with self._gate:
            while (wait := self._paused_until - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)
            because, rest = self._left_alone_because, self._left_alone_until - self._clock.monotonic()
            if because is not None and rest > 0:
                refusal = Unreachable(f"not asked, because a moment ago {because.message}", hint=because.hint)
                refusal.again_in = rest if self._served else None
                raise refusal
            try:
                answer = await send()
            except NoAnswer as trouble:
                self._gate.room = self._patience.at_once
                return trouble
            shared = answer.version == "HTTP/2"
            self._gate.room = self._patience.at_once_shared if shared else self._patience.at_once
        self._answered = True
        return answer

    def _end(self, outcome: Answer | NoAnswer) -> Answer:
        """Believe a failure; one too many in a row, and the host is left alone."""
        trouble: Unreachable
        if isinstance(outcome, NoAnswer):
            trouble = outcome
        elif outcome.status == _INTERNAL_ERROR:
            return outcome  # This is about one request: some servers fail at HEAD alone.
        else:
            trouble = Unreachable(
                f"{self._name} answered nothing but status {outcome.status}", hint="run pinbot again later"
            )
        self._broken += 1
        if not self._answered or self._broken >= self._patience.give_up:
            self._leave_alone(self._patience.rest, trouble)
        if isinstance(outcome, NoAnswer):
            if outcome.transient and self._served:
                outcome.again_in = max(0.0, self._left_alone_until - self._clock.monotonic())
            raise outcome
        return outcome

    def _wait(self, times: int, outcome: Answer | NoAnswer) -> float:
        """Seconds before the next try, when there were so many `times` before.

        Raises:
            Unreachable: the host wants more than is sensible.
        """
        asked = retry_after(outcome) if isinstance(outcome, Answer) else None
        if not asked:
            return self._jitter() * self._patience.longest_wait(times)
        if asked <= self._patience.obey:
            return asked
        refusal = Unreachable(
            f"{self._name} wants no more requests for {asked:.0f} seconds",
            hint="run pinbot again after that; where a limit is used up, logging in may give a higher one",
        )
        self._leave_alone(asked, refusal)
        raise refusal

    def _leave_alone(self, seconds: float, because: Unreachable) -> None:
        self._left_alone_until = self._clock.monotonic() + seconds
        self._left_alone_because = because


def retry_after(answer: Answer) -> float | None:
    """Seconds that an answer asks to wait (RFC 9110, section 10.2.3); None where it says nothing sensible.

    A date is compared with the answer's own `Date`, so that no clock needs to be right.
    """
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    if not text:
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - it loads much that nothing else needs

    try:
        then, now = parsedate_to_datetime(text), parsedate_to_datetime(answer.headers.get("Date", ""))
        seconds = (then - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return seconds if seconds >= 0 else None
