"""The document of a run over many repositories, said as `report` says that of one.

What stands in other repositories has no line here that it could be shown at.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from action import report
from action.markdown import optional_cell, table, where
from pinbot.render.annotations import command
from pinbot.render.gfm import cell, code
from pinbot.render.printable import counted

Document = Mapping[str, Any]

_STATUSES = ("failed", "done", "skipped")
_UNCHANGED = "unchanged"


def outputs(document: Document, exit_code: int, verdicts: str = "") -> str:
    """As `report.outputs`; each entry says in which `repository` it is."""
    together = {
        part: [
            {"repository": one["repository"], **entry}
            for one in document["repositories"]
            for entry in one.get(part, ())
        ]
        for part in ("updates", "pull_requests")
    }
    return report.outputs(together, exit_code, verdicts)


def annotations(document: Document, *, dry_run: bool) -> Iterator[str]:
    """Workflow commands that tell what went wrong, and where; what a dry run found is in the summary."""
    del dry_run
    for name, error in _errors(document):
        place = ":".join(str(error[part]) for part in ("file", "line") if error[part] is not None)
        lines = (" ".join(filter(None, (name, place))), error["image"], error["message"], error["hint"])
        yield command("error", "\n".join(filter(None, lines)), title=f"pinbot: {error['code']}")
    for one in document["repositories"]:
        for path in one.get("held", ()):
            text = f"{one['repository']} {path}\nThe test build did not pass"
            yield command("error", text, title="pinbot: build-failed")


def summary(document: Document, *, dry_run: bool) -> str:
    """The job summary: a row for each repository, what has gone wrong or was done before the rest."""
    repositories = document["repositories"]
    statuses = Counter(one["status"] for one in repositories)
    told = ", ".join(f"{statuses[status]} {status}" for status in _STATUSES if statuses[status])
    total = counted(len(repositories), "repository", "repositories")
    moved = sum(len(one.get("updates", ())) for one in repositories)
    errors = [
        (
            optional_cell(name),
            where(error),
            optional_cell(error["image"]),
            cell(error["message"]),
            optional_cell(error["hint"]),
        )
        for name, error in _errors(document)
    ]
    costs = f"{counted(moved, 'image')} to change, {counted(document['calls'], 'call')} to GitHub"
    parts = (
        f"### pinbot {document['command']}",
        f"**{total}**: {told or 'none'}; {costs}.",
        *(["Nothing was proposed: this was a dry run."] if moved and dry_run else ()),
        *map(code, document["notes"]),
        *table(
            ("Repository", "Result", "Images", "Pull requests", "Calls"),
            map(_row, sorted(repositories, key=_rank)),
        ),
        *table(("Error in", "At", "Image", "What happened", "What to do"), errors),
    )
    return "\n\n".join(parts) + "\n"


def _errors(document: Document) -> Iterator[tuple[str, Document]]:
    """All errors, with the repository that each belongs to; those of the whole run belong to none."""
    yield from (("", error) for error in document["errors"])
    for one in document["repositories"]:
        yield from ((one["repository"], error) for error in one["errors"])


def _rank(one: Document) -> int:
    """What people want to see first."""
    pulls = one.get("pull_requests", ())
    if one["status"] == "done":
        return 1 if any(pull["action"] != _UNCHANGED for pull in pulls) or one.get("held") else 2
    return 0 if one["status"] == "failed" else 3


def _row(one: Document) -> tuple[str, ...]:
    pulls = [_pull(pull) for pull in one.get("pull_requests", ())]
    return cell(one["repository"]), _result(one), _images(one), "<br>".join(pulls), str(one["calls"])


def _pull(pull: Document) -> str:
    note = f" ({cell(pull['note'])})" if pull["note"] else ""
    return f"{pull['action']}: {pull['url']}{note}"


def _result(one: Document) -> str:
    if one["status"] == "failed":
        return f"failed: {counted(len(one['errors']), 'error')}"
    if one["status"] == "skipped":
        return f"skipped: {optional_cell(one['reason'])}"
    if held := one.get("held"):
        return f"test build failed: {', '.join(map(cell, held))}"
    if one["updates"]:
        return "to change"
    return "waiting" if one["waiting"] else "up to date"


def _images(one: Document) -> str:
    if "updates" not in one:
        return ""
    counts = (
        (len(one["updates"]), "to change"),
        (len(one["waiting"]), "waiting"),
        (one["current"], "current"),
    )
    return ", ".join(f"{number} {what}" for number, what in counts if number)
