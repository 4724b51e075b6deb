"""How a rule is checked: a rule, and a function that looks at a subject and tells what it sees."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pinbot.model.finding import Rule, Severity

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One place where a rule is broken; see `Finding` for the attributes.

    `severity` and `remedy` are those of the rule unless this one is milder, or wants something else.
    """

    message: str
    severity: Severity | None = None
    remedy: str = ""
    line: int | None = None
    column: int | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Why the rule could not be checked here."""

    reason: str


@dataclass(frozen=True, slots=True)
class DoesNotApply:
    """Why the rule has nothing to say about this subject, e.g. `no zoneinfo in the image`."""

    reason: str


Remark = Problem | NotChecked | DoesNotApply


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[Subject]):
    """A rule, and how to see whether a subject keeps it.

    `look` tells nothing where the rule is kept. An ImageError that it raises counts as `NotChecked`.
    """

    rule: Rule
    look: Callable[[Subject], Iterable[Remark]]
