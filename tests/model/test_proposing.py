"""When pull requests may be opened."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.model.proposing import Schedule

TUESDAY = datetime(2026, 11, 24, tzinfo=UTC)
WORK = Schedule(days=frozenset({0, 1, 2}), start=time(6, 30), end=time(9))
NIGHT = Schedule(days=frozenset({4}), start=time(22), end=time(5))
BERLIN = Schedule(start=time(9), end=time(10), zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("schedule", "day", "hour", "allowed"),
    [
        (Schedule(), 24, 0.0, True),
        (WORK, 24, 6.4, False),
        (WORK, 24, 6.5, True),
        (WORK, 24, 8.9, True),
        (WORK, 24, 9.0, False),
        (WORK, 26, 7.0, False),
        (NIGHT, 27, 23.0, True),
        (NIGHT, 28, 4.9, True),
        (NIGHT, 28, 5.0, False),
        (NIGHT, 28, 23.0, False),
        (NIGHT, 27, 4.0, False),
        (BERLIN, 24, 8.5, True),
        (BERLIN, 24, 9.5, False),
    ],
)
def test_moments(schedule: Schedule, day: int, hour: float, *, allowed: bool) -> None:
    assert schedule.allows(TUESDAY.replace(day=day) + timedelta(hours=hour)) is allowed


def test_the_next_moment() -> None:
    assert WORK.next(TUESDAY + timedelta(hours=12)) == datetime(2026, 11, 25, 6, 30, tzinfo=UTC)
    assert WORK.next(datetime(2026, 11, 25, 12, tzinfo=UTC)) == datetime(2026, 11, 30, 6, 30, tzinfo=UTC)
    assert BERLIN.next(TUESDAY) == datetime(2026, 11, 24, 8, tzinfo=UTC)


@given(
    st.frozensets(st.integers(0, 6), min_size=1),
    st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - its zone follows
)
def test_where_it_is_not_allowed_it_is_at_the_next_moment(
    days: frozenset[int], start: time, end: time, zone: str, now: datetime
) -> None:
    schedule = Schedule(days=days, start=start, end=end, zone=zone)
    moment = now.replace(tzinfo=UTC)
    if not schedule.allows(moment):
        after = schedule.next(moment)
        assert moment < after <= moment + timedelta(days=8)
        assert schedule.allows(after)
