"""What a change did to an image, in words that text and Markdown share."""

from collections.abc import Iterable, Iterator, Sequence

from pinbot.errors import PinbotError
from pinbot.model.build import Verdict
from pinbot.model.image import Entry
from pinbot.model.inspection import Difference, Inspection

_MOST_PATHS = 12


def summary(verdict: Verdict) -> str:
    """One line: whether what was built passes, and what of it is new."""
    match verdict.inspection:
        case None:
            return ""
        case PinbotError() as error:
            return f"not audited: {error.message}"
        case Inspection() as found:
            outcome = "passes the audit" if found.audit.passed else "does not pass the audit"
            return f"{outcome}: {_counts(found, verdict.difference)}"


def _counts(found: Inspection, difference: Difference | None) -> str:
    total = len(found.audit.findings)
    if difference is None:
        return f"{total} finding{'' if total == 1 else 's'}" if total else "no findings"
    changes = difference.findings
    told = [
        f"{len(some)} {what}"
        for some, what in (
            (changes.new, "new"),
            (changes.gone, "gone"),
            (changes.same, "as before"),
            (changes.unsure, "not to be compared"),
        )
        if some
    ]
    return ", ".join(told) or "no findings, before and after"


def paths(difference: Difference) -> Iterator[tuple[str, str]]:
    """A word and a path for each file that came, went, or is open to others now; of very many the first."""
    rows = [
        *(("added", _path(entry)) for entry in difference.added),
        *(("removed", _path(entry)) for entry in difference.removed),
        *(
            (f"{_access(before)} is now {_access(after)}", _path(after))
            for before, after in difference.altered
        ),
    ]
    yield from rows[:_MOST_PATHS]


def more_paths(difference: Difference) -> int:
    """How many there are beside those that `paths` tells."""
    kept = len(difference.added) + len(difference.removed) + len(difference.altered)
    return max(0, kept - _MOST_PATHS) + difference.more


def turns(difference: Difference) -> Sequence[tuple[str, str, str]]:
    """Name, before and after of each fact that is another now."""
    return [(turn.name, turn.before or "none", turn.after or "none") for turn in difference.facts]


def unchecked(found: Inspection) -> Iterable[str]:
    """Ids of the rules that could not be checked, each once."""
    return dict.fromkeys(entry.rule for entry in found.audit.unchecked)


def _path(entry: Entry) -> str:
    return f"/{entry.path}"


def _access(entry: Entry) -> str:
    special = " with capabilities" if entry.capabilities else ""
    return f"{entry.kind} {entry.mode:04o} {entry.uid}:{entry.gid}{special}"
