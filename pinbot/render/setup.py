"""What `init` did, for people and as a document."""

from rich.console import Console

from pinbot.model.setup import DraftOutcome, DraftStatus, SetupReport
from pinbot.render import console
from pinbot.render.console import Cell
from pinbot.render.json import Document, envelope

_STYLES = {
    DraftStatus.WRITTEN: "green",
    DraftStatus.PLANNED: "yellow",
    DraftStatus.KEPT: "dim",
    DraftStatus.LEFT_OUT: "dim",
    DraftStatus.FAILED: "bold red",
}


def text(out: Console, report: SetupReport) -> None:
    """One line a file, then what is pinned and what is not."""
    console.table(out, ("FILE", "STATUS", "NOTE"), map(_row, report.files))
    for image in report.pinned:
        console.line(out, f"pinned: {image}", "green")
    for problem in report.unpinned:
        console.line(out, f"left with its tag: {problem.image}: {problem.message}", "yellow")
    if report.unpinned:
        console.line(out, "`pinbot pin` adds the digests where the registry can be reached", "yellow")
    if report.unpinned_action is not None:
        console.line(out, f"left with its tag: {report.action}: {report.unpinned_action}", "yellow")
        console.line(out, "write the commit of that release in its place: a tag can be moved", "yellow")
    if report.paths(DraftStatus.PLANNED):
        console.line(out, "nothing was written (--dry-run)")
    elif not report.paths(DraftStatus.WRITTEN) and not report.errors:
        console.line(out, "nothing to write: all of it is there")


def _row(outcome: DraftOutcome) -> tuple[Cell, ...]:
    return outcome.path, (str(outcome.status), _STYLES[outcome.status]), outcome.note


def document(report: SetupReport) -> Document:
    """The document of `init`."""
    images = [
        {"image": str(image.tagged), "digest": str(image.digest), "reason": None} for image in report.pinned
    ]
    images += [
        {"image": problem.image, "digest": None, "reason": problem.message} for problem in report.unpinned
    ]
    return envelope(
        "init",
        report.errors,
        files=[
            {"path": outcome.path, "status": str(outcome.status), "note": outcome.note}
            for outcome in report.files
        ],
        images=images,
        action=None
        if report.action is None
        else {
            "reference": report.action.partition(" ")[0],
            "pinned": report.unpinned_action is None,
            "reason": report.unpinned_action,
        },
    )
