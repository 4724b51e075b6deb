"""What came of many repositories: a table for people, one document for programs."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Console

from pinbot.model.fleet import FleetReport, RepositoryReport
from pinbot.model.report import UpdateReport
from pinbot.render import console, json
from pinbot.render.console import Cell
from pinbot.render.printable import counted, moment


def document(report: FleetReport, *, build: bool, pull_request: bool, explain: bool) -> json.Document:
    """The document of `update` over many repositories: in it that of `update` for each repository."""
    return json.envelope(
        "update",
        report.errors,
        repositories=[
            _entry(one, build=build, pull_request=pull_request, explain=explain)
            for one in report.repositories
        ],
        notes=list(report.notes),
        calls=report.calls,
        seconds=round(report.seconds, 3),
    )


def _entry(one: RepositoryReport, *, build: bool, pull_request: bool, explain: bool) -> json.Document:
    inner = (
        json.envelope("update", one.errors)
        if one.report is None
        else json.update("update", one.report, build=build, pull_request=pull_request, explain=explain)
    )
    inner.pop("github", None)  # its requests are those of all that share a connection
    return {
        "repository": one.name,
        "status": _status(one),
        "reason": one.skipped,
        "notes": list(one.notes),
        "calls": one.calls,
        "seconds": round(one.seconds, 3),
        **inner,
    }


def text(out: Console, err: Console, report: FleetReport, *, dry_run: bool) -> None:
    """One line a repository; what there is to say of it beyond that goes with the talk."""
    console.table(
        out,
        ("REPOSITORY", "RESULT", "IMAGES", "PULL REQUESTS", "CALLS", "TIME"),
        (_row(one, dry_run=dry_run) for one in report.repositories),
    )
    for one in report.repositories:
        for line in _details(one):
            console.line(err, f"{one.name}: {line}", style="yellow")
        for error in one.all_errors:
            console.line(err, f"{one.name}: error: {error}", style="red")
    for note in report.notes:
        console.line(err, note, style="yellow")
    console.errors(err, report.errors)
    counts = Counter(map(_status, report.repositories))
    told = ", ".join(
        f"{counts[status]} {status}" for status in ("done", "skipped", "failed") if counts[status]
    )
    console.line(
        err,
        f"{counted(len(report.repositories), 'repository', 'repositories')}: {told or 'none'}; "
        f"{counted(report.calls, 'call')} to GitHub in {report.seconds:.1f} s.",
    )


def _status(one: RepositoryReport) -> str:
    if one.all_errors:
        return "failed"
    return "skipped" if one.report is None else "done"


def _row(one: RepositoryReport, *, dry_run: bool) -> tuple[Cell, ...]:
    cost = (str(one.calls), f"{one.seconds:.1f} s")
    if one.report is None:
        result = (one.skipped or "failed", "dim" if one.skipped else "bold red")
        return (one.name, result, "", "", *cost)
    return (
        (one.name, "bold"),
        _result(one, one.report, dry_run=dry_run),
        _images(one.report),
        ", ".join(f"#{pull.number} {pull.action}" for pull in one.report.pull_requests),
        *cost,
    )


def _result(one: RepositoryReport, report: UpdateReport, *, dry_run: bool) -> Cell:
    if one.all_errors:
        count = len(one.all_errors)
        return f"{count} error" if count == 1 else f"{count} errors", "bold red"
    if report.held:
        return "test build failed", "red"
    if report.plan.updates:
        return ("would change" if dry_run else "proposed"), "green"
    return ("waiting", "yellow") if report.plan.waits else "up to date"


def _images(report: UpdateReport) -> str:
    plan = report.plan
    counts = ((len(plan.updates), "to change"), (len(plan.waits), "waiting"), (plan.current, "current"))
    return ", ".join(f"{number} {what}" for number, what in counts if number)


def _details(one: RepositoryReport) -> Iterator[str]:
    yield from one.notes
    if one.report is None:
        return
    for wait in one.report.plan.waits:
        until = f", until {moment(wait.until)}" if wait.until else ""
        yield f"{wait.update.image.familiar} waits: {wait.reason}{until}"
    for path in one.report.held:
        yield f"{path} is left as it is, since its test build did not succeed"
    for pull in one.report.pull_requests:
        yield f"pull request {pull.action}: {pull.url}" + (f" ({pull.note})" if pull.note else "")
