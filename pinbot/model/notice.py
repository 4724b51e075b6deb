"""The dashboard: one issue that tells of everything, and whose check boxes people tick."""

from dataclasses import dataclass, field

from pinbot.model.proposal import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The issue as it was found."""

    number: int
    url: str
    body: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What people ticked.

    Attributes:
        again: what was turned down, and is to be proposed all the same.
        now: what is not to wait any longer.
        rebuild: branches whose pull requests are to be made anew.
    """

    again: frozenset[Subject] = frozenset()
    now: frozenset[Subject] = frozenset()
    rebuild: frozenset[str] = frozenset()
