"""Patience: tries, pauses, budgets and giving up, in a time that passes at once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from pinbot.errors import Unreachable
from pinbot.registry.asking.hosts import Host, Patience, retry_after
from pinbot.registry.servers.urls import Url
from pinbot.registry.wire.messages import Answer, Headers
from pinbot.registry.wire.troubles import NoAnswer
from tests.support.registry_clock import FakeClock

Send = Callable[[], Awaitable[Answer]]


def answer(status: int = 200, *, version: str = "HTTP/1.1", **headers: str) -> Answer:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Answer(url=Url.parse("https://r/"), status=status, headers=Headers(raw), version=version)


def broken(*, transient: bool = True, free: int = 0) -> NoAnswer:
    return NoAnswer("it broke", hint="mend it", transient=transient, free=free)


class Script:
    """Gives what it was told, one outcome a request, and the last one for ever."""

    def __init__(self, *outcomes: Answer | NoAnswer) -> None:
        self.outcomes = list(outcomes)
        self.requests = 0

    async def __call__(self) -> Answer:
        self.requests += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, NoAnswer):
            raise outcome
        return outcome


class Trial:
    """A host whose pauses are as long as they can be."""

    def __init__(self, **patience: float) -> None:
        self.clock = FakeClock()
        self.patience = Patience(**patience)  # type: ignore[arg-type]
        self._host: Host | None = None

    def ask(self, send: Send) -> Answer:
        return asyncio.run(self.asking(send))

    async def asking(self, send: Send) -> Answer:
        if self._host is None:
            self._host = Host("r", patience=self.patience, clock=self.clock, jitter=lambda: 1.0)
        return await self._host.ask(send)


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 405, 406, 501])
def test_an_answer_that_will_not_change_is_taken_at_once(status: int) -> None:
    send = Script(answer(status))
    assert Trial().ask(send).status == status
    assert send.requests == 1


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
def test_a_passing_trouble_is_tried_again_with_longer_pauses(status: int) -> None:
    trial, send = Trial(), Script(answer(status))
    assert trial.ask(send).status == status
    assert send.requests == 4
    assert [pause for pause in trial.clock.slept if pause] == [0.3, 0.6, 1.2]


def test_pauses_have_a_longest() -> None:
    trial = Trial(tries=9, longest_pause=2.0)
    trial.ask(Script(answer(500)))
    assert trial.clock.slept == [0.3, 0.6, 1.2, 2.0, 2.0, 2.0, 2.0, 2.0]


def test_what_goes_well_the_second_time_went_well() -> None:
    send = Script(answer(500), broken(), answer(200))
    assert Trial().ask(send).status == 200
    assert send.requests == 3


def test_a_trouble_that_stays_is_raised_after_four_tries() -> None:
    send = Script(broken())
    with pytest.raises(NoAnswer, match="it broke"):
        Trial().ask(send)
    assert send.requests == 4


def test_a_trouble_that_cannot_pass_is_raised_at_once() -> None:
    send = Script(broken(transient=False))
    with pytest.raises(NoAnswer):
        Trial().ask(send)
    assert send.requests == 1


def test_a_connection_that_died_idle_costs_no_try() -> None:
    trial, send = Trial(tries=1), Script(broken(free=1), answer())
    assert trial.ask(send).status == 200
    assert trial.clock.slept == []


def test_tries_at_no_cost_have_an_end() -> None:
    for free in (1, 3):
        send = Script(broken(free=free))
        with pytest.raises(NoAnswer):
            Trial().ask(send)
        assert send.requests == 4 + free


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "0"}, 0),
        ({"retry_after": "7"}, 7),
        ({"retry_after": " 7 "}, 7),
        ({"retry_after": "9" * 400}, 999_999_999),
        (
            {"retry_after": "Tue, 24 Nov 2026 03:00:30 GMT", "date": "Tue, 24 Nov 2026 03:00:00 GMT"},
            30,
        ),
        ({"retry_after": "Tue, 24 Nov 2026 03:00:00 GMT", "date": "Tue, 24 Nov 2026 03:00:30 GMT"}, None),
        ({"retry_after": "Tue, 24 Nov 2026 03:00:30 GMT"}, None),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "1.5"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(answer(429, **headers)) == seconds


def test_a_busy_host_is_left_in_peace_by_all_for_as_long_as_it_says() -> None:
    trial = Trial()
    start = trial.clock.now
    sent: list[float] = []

    async def other() -> Answer:
        sent.append(trial.clock.now)
        return answer()

    async def work() -> None:
        busy = asyncio.create_task(trial.asking(Script(answer(429, retry_after="42"), answer())))
        await asyncio.sleep(0)
        await trial.asking(other)
        await busy

    asyncio.run(work())
    assert sent == [start + 42]


@pytest.mark.parametrize("tries", [1, 4])
def test_a_pause_longer_than_a_minute_is_not_waited_for(tries: int) -> None:
    trial, send = Trial(tries=tries), Script(answer(429, retry_after="3600"), answer())
    with pytest.raises(Unreachable) as caught:
        trial.ask(send)
    assert "r wants no more requests for 3600 seconds" in caught.value.message
    with pytest.raises(Unreachable) as again:
        trial.ask(send)
    assert "not asked, because a moment ago r wants no more" in again.value.message
    assert send.requests == 1
    assert trial.clock.slept == []
    trial.clock.now += 3600
    assert trial.ask(send).status == 200


def test_a_request_that_is_turned_away_waits_a_minute_in_all_and_no_longer() -> None:
    for headers in ({"retry_after": "7"}, {"retry_after": "0"}, {}):
        trial, send = Trial(), Script(answer(429, **headers))
        start = trial.clock.now
        assert trial.ask(send).status == 429
        assert 30 < trial.clock.now - start <= 60
        assert send.requests < 15


def test_a_host_that_serves_five_requests_a_second_serves_them_all() -> None:
    trial = Trial()
    served: dict[float, int] = {}

    async def send() -> Answer:
        second = trial.clock.now // 1
        served[second] = served.get(second, 0) + 1
        return answer() if served[second] <= 5 else answer(429, retry_after="1")

    async def work() -> list[Answer]:
        return await asyncio.gather(*(trial.asking(send) for _ in range(100)))

    assert {found.status for found in asyncio.run(work())} == {200}


def test_a_host_that_never_answered_is_left_alone_after_one_request() -> None:
    trial, send = Trial(), Script(broken())
    with pytest.raises(NoAnswer):
        trial.ask(send)
    with pytest.raises(Unreachable) as caught:
        trial.ask(send)
    assert caught.value.hint == "mend it"
    assert send.requests == 4
    trial.clock.now += trial.patience.rest
    with pytest.raises(NoAnswer):
        trial.ask(send)
    assert send.requests == 8


def test_a_host_that_had_answered_is_left_alone_after_five_broken_requests() -> None:
    trial, send = Trial(tries=1), Script(broken())
    assert trial.ask(Script(answer())).status == 200
    for _ in range(5):
        with pytest.raises(NoAnswer):
            trial.ask(send)
    with pytest.raises(Unreachable, match="not asked"):
        trial.ask(send)
    assert send.requests == 5


@pytest.mark.parametrize(("status", "requests"), [(504, 5), (503, 5), (500, 20)])
def test_a_host_always_in_trouble_is_left_alone_but_not_for_what_is_wrong_with_one_request(
    status: int, requests: int
) -> None:
    trial, send = Trial(tries=1), Script(answer(status))
    for _ in range(20):
        with suppress(Unreachable):
            assert trial.ask(send).status == status
    assert send.requests == requests


def test_an_answer_in_between_starts_the_count_anew() -> None:
    trial = Trial(tries=1)
    for _ in range(20):
        trial.ask(Script(answer()))
        with pytest.raises(NoAnswer):
            trial.ask(Script(broken()))


def test_a_budget_bounds_the_tries_of_all_requests_together() -> None:
    trial = Trial(budget=5.0, give_up=1000)
    trial.ask(Script(answer()))
    send = Script(broken())
    for _ in range(50):
        with pytest.raises(NoAnswer):
            trial.ask(send)
    assert send.requests == 50 + 5


def test_answers_refill_the_budget() -> None:
    trial = Trial(budget=3.0, earned=1.0, give_up=1000)
    trial.ask(Script(answer()))
    send = Script(broken())
    for _ in range(2):
        with pytest.raises(NoAnswer):
            trial.ask(send)
    assert send.requests == 4 + 1
    for _ in range(3):
        trial.ask(Script(answer()))
    with pytest.raises(NoAnswer):
        trial.ask(send)
    assert send.requests == 4 + 1 + 4


@pytest.mark.parametrize(("version", "expected"), [("HTTP/1.1", 3), ("HTTP/2", 7)])
def test_a_host_gets_no_more_requests_at_once_than_agreed(version: str, expected: int) -> None:
    trial = Trial(at_once=3, at_once_shared=7)
    running = most = 0

    async def send() -> Answer:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return answer(version=version)

    async def work() -> None:
        await asyncio.gather(*(trial.asking(send) for _ in range(40)))

    asyncio.run(work())
    assert most == expected


def test_a_host_that_broke_off_gets_as_many_as_over_connections_of_their_own() -> None:
    trial = Trial(at_once=2, at_once_shared=9)
    trial.ask(Script(answer(version="HTTP/2")))
    running = most = 0

    async def send() -> Answer:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return answer()

    async def work() -> None:
        with suppress(NoAnswer):
            await trial.asking(Script(broken(transient=False)))
        await asyncio.gather(*(trial.asking(send) for _ in range(20)))

    asyncio.run(work())
    assert most == 2


def again_in(trial: Trial, send: Send) -> float | None:
    with pytest.raises(Unreachable) as caught:
        trial.ask(send)
    return caught.value.again_in


def test_a_host_that_has_served_others_may_be_asked_again_soon() -> None:
    trial = Trial(tries=1, give_up=2)
    assert again_in(trial, Script(broken())) is None, "it may not be there at all"
    trial.clock.now += 60
    trial.ask(Script(answer()))
    assert again_in(trial, Script(broken())) == 0.0
    assert again_in(trial, Script(broken())) == trial.patience.rest
    trial.clock.now += 10
    assert again_in(trial, Script(answer())) == trial.patience.rest - 10
    trial.clock.now += 20
    assert again_in(trial, Script(broken(transient=False))) is None


def test_a_host_in_trouble_from_the_start_is_not_worth_the_wait() -> None:
    trial = Trial(tries=1, give_up=1)
    assert trial.ask(Script(answer(503))).status == 503
    assert again_in(trial, Script(answer())) is None
