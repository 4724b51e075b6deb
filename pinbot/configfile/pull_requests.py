"""The section `pull_requests`: how they are made."""

import re
from datetime import time
from zoneinfo import available_timezones

from ruamel.yaml.nodes import Node, ScalarNode

from pinbot.configfile.policy import labels, logins
from pinbot.model.proposing import DAYS, Grouping, MergeMethod, PullRequestSettings, Schedule
from pinbot.yamlnodes import NodeReader, brief

PULL_REQUEST_KEYS = (
    "group",
    "limit",
    "per_run",
    "schedule",
    "title",
    "labels",
    "reviewers",
    "team_reviewers",
    "assignees",
    "draft",
    "auto_merge",
    "dashboard",
)
"""What can be said of pull requests."""

SCHEDULE_KEYS = ("days", "from", "to", "zone")
"""What can be said of when they may be opened."""

TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])|24:00")
TITLES = re.compile(
    r"[^{}\x00-\x1f\x7f\x85\u2028\u2029]{0,60}\{title\}[^{}\x00-\x1f\x7f\x85\u2028\u2029]{0,60}"
)
TEAM = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_WHOLE = re.compile(r"[0-9]{1,4}")


def read_pull_requests(reader: NodeReader, node: Node | None) -> PullRequestSettings:
    """How pull requests are made."""
    entry = reader.section(node, *PULL_REQUEST_KEYS)
    default = PullRequestSettings()
    teams = (
        reader.matching(item, TEAM, "the name of a team as in its address")
        for item in reader.items(entry.get("team_reviewers"))
    )
    return PullRequestSettings(
        group=reader.choice(entry.get("group"), Grouping, default.group),
        limit=_count(reader, entry.get("limit"), default.limit),
        per_run=_count(reader, entry.get("per_run"), default.per_run),
        schedule=_schedule(reader, entry.get("schedule")),
        title=reader.matching(entry.get("title"), TITLES, "one line with {title} in it") or default.title,
        labels=labels(reader, entry.get("labels")),
        reviewers=logins(reader, entry.get("reviewers")),
        team_reviewers=tuple(team for team in teams if team is not None),
        assignees=logins(reader, entry.get("assignees")),
        draft=reader.flag(entry.get("draft")),
        auto_merge=reader.choice(entry.get("auto_merge"), MergeMethod, None),
        dashboard=reader.flag(entry.get("dashboard")),
    )


def _count(reader: NodeReader, node: Node | None, default: int | None) -> int | None:
    """A whole number; 0 stands for any number."""
    if node is None:
        return default
    if isinstance(node, ScalarNode) and _WHOLE.fullmatch(node.value):
        return int(node.value) or None
    found = f", not {brief(node.value)}" if isinstance(node, ScalarNode) else ""
    reader.wrong(node, f"expected a whole number{found}", "0 stands for any number")
    return default


def _schedule(reader: NodeReader, node: Node | None) -> Schedule | None:
    if node is None:
        return None
    entry = reader.section(node, *SCHEDULE_KEYS)
    default = Schedule()
    found = (reader.one_of(item, DAYS) for item in reader.items(entry.get("days")))
    days = frozenset(DAYS.index(day) for day in found if day is not None)
    return Schedule(
        days=days or default.days,
        start=_time(reader, entry.get("from"), default.start),
        end=_time(reader, entry.get("to"), default.end),
        zone=_zone(reader, entry.get("zone"), default.zone),
    )


def _time(reader: NodeReader, node: Node | None, default: time) -> time:
    match = TIME.fullmatch(node.value) if isinstance(node, ScalarNode) else None
    if match is not None:
        return time(int(match[1] or 0), int(match[2] or 0))
    if node is not None:
        found = f", not {brief(node.value)}" if isinstance(node, ScalarNode) else ""
        reader.wrong(node, f"expected a time of the day like 6:30{found}", "see docs/configuration.md")
    return default


def _zone(reader: NodeReader, node: Node | None, default: str) -> str:
    text = reader.text(node)
    if node is None or text is None:
        return default
    if text not in available_timezones():
        reader.wrong(node, f"{brief(text)} is no time zone", "write it like Europe/Berlin")
        return default
    return text
