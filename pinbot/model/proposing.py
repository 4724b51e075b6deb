"""How pull requests are made: what the configuration says of all of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As `datetime.weekday` counts them."""


class Grouping(StrEnum):
    """Which updates share a pull request."""

    ALL = "all"
    IMAGE = "image"
    FILE = "file"


class MergeMethod(StrEnum):
    """How a forge is to merge by itself, once everything that it asks for is there."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When pull requests may be opened: on some days, between two times of the day.

    Attributes:
        days: numbers of weekdays, Monday is 0.
        start, end: from the one up to but without the other; an `end` that is not later is on the next day,
            so that equal ones mean all day.
        zone: name of the time zone in the tz database.
    """

    days: frozenset[int] = frozenset(range(7))
    start: time = time.min
    end: time = time.min
    zone: str = "UTC"

    def allows(self, now: datetime) -> bool:
        """Whether a pull request may be opened at this moment."""
        local = now.astimezone(self._zone)
        return any(
            begin <= local < finish
            for day in (local.date() - timedelta(days=1), local.date())
            for begin, finish in (self._window(datetime.combine(day, time.min, self._zone)),)
            if day.weekday() in self.days
        )

    def next(self, now: datetime) -> datetime:
        """The moment from which it is allowed, where it is not now."""
        local = now.astimezone(self._zone)
        coming = (local.date() + timedelta(days=ahead) for ahead in range(8))
        begins = (
            self._window(datetime.combine(day, time.min, self._zone))[0]
            for day in coming
            if day.weekday() in self.days
        )
        return next(begin for begin in begins if begin > local)

    @property
    def _zone(self) -> tzinfo:
        return UTC if self.zone == "UTC" else ZoneInfo(self.zone)

    def _window(self, day: datetime) -> tuple[datetime, datetime]:
        last = day + timedelta(days=self.end <= self.start)
        return datetime.combine(day, self.start, day.tzinfo), datetime.combine(last, self.end, day.tzinfo)


TITLE = "{title}"
"""What stands for the words that name the change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestSettings:
    """What holds for every pull request.

    Attributes:
        group: which updates share one.
        limit: how many of pinbot's may be open at once; None for any number.
        per_run: how many one run may open; None for any number.
        schedule: when they may be opened; None for any time. Those that are open are updated at any time.
        title: what `{title}` stands in, e.g. `build(deps): {title}`: for pull requests and commits.
        labels: that they carry.
        reviewers, team_reviewers, assignees: who is asked for a review, and whose task it is.
        draft: whether they are opened as drafts.
        auto_merge: how the forge is to merge them by itself; None where people do.
        dashboard: whether an issue tells of everything that is pinned, pending, held and rejected.
    """

    group: Grouping = Grouping.IMAGE
    limit: int | None = 10
    per_run: int | None = None
    schedule: Schedule | None = None
    title: str = TITLE
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    draft: bool = False
    auto_merge: MergeMethod | None = None
    dashboard: bool = False

    def titled(self, words: str) -> str:
        """The title with these words in it; after others they begin with a small letter."""
        before, after = self.title.split(TITLE)
        return f"{before}{words[:1].lower() if before else words[:1]}{words[1:]}{after}"
