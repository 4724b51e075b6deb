"""Values to what people read on a terminal or in a log."""

import io
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from pinbot.errors import PinbotError
from pinbot.model.build import BuildOutcome, BuiltImage, FailedBuild, Verdict
from pinbot.model.occurrence import Occurrence, Status
from pinbot.model.plan import Update, Version
from pinbot.model.report import UpdateReport
from pinbot.render import console, diff
from pinbot.render.audit import verdicts as audit
from pinbot.render.comparison import text as explain
from pinbot.render.console import Cell
from pinbot.render.printable import counted, human_size, moment, printable, size_change

_STATUS_STYLE = {Status.PINNED: "green", Status.UNPINNED: "yellow", Status.SKIPPED: "dim"}
_FIRST_FILES = 3


def scan(out: Console, occurrences: Sequence[Occurrence]) -> None:
    """One line a reference."""
    console.table(
        out, ("WHERE", "KIND", "STATUS", "IMAGE", "STAGE", "PLATFORM", "NOTE"), map(_reference, occurrences)
    )


def update(out: Console, report: UpdateReport) -> None:
    """What moves, and how the test builds went."""
    plan = report.plan
    if plan.updates:
        console.table(out, ("IMAGE", "CHANGE", "FROM", "TO", "FILES"), map(_update, plan.updates))
    explain.explanations(out, report.explanations)
    if report.verdicts:
        out.print()
        console.table(
            out, ("TEST BUILD", "RESULT", "BEFORE", "AFTER", "CHANGE"), map(_verdict, report.verdicts)
        )
        for verdict in report.verdicts:
            _failure(out, verdict)
            audit.verdict(out, verdict)
        for caveat in dict.fromkeys(text for verdict in report.verdicts for text in verdict.caveats):
            console.line(out, f"test build: {caveat}")
        if any(verdict.earlier for verdict in report.verdicts):
            console.line(out, "test build: made in an earlier, separate job, whose word this is")


def builds(out: Console, verdicts: Sequence[Verdict]) -> None:
    """How builds of things as they are went, and what the audit says of them."""
    console.table(out, ("TARGET", "RESULT", "SIZE"), map(_build, verdicts))
    for verdict in verdicts:
        _failure(out, verdict)
        audit.verdict(out, verdict)


def _build(verdict: Verdict) -> tuple[Cell, ...]:
    name, result, *_, size, _ = _verdict(verdict)
    return name, result, size


def summary(out: Console, report: UpdateReport, *, moves: bool, dry_run: bool) -> None:
    """The last lines: counts, so that nothing is silently left out.

    Where digests do not move (`moves`), those that are there were not asked about, and may be out of date.
    """
    plan = report.plan
    images = len({entry.image for entry in plan.updates})  # one may move from several digests
    places = sum(len(entry.occurrences) for entry in plan.updates)
    told = [f"{counted(images, 'image')} to change in {counted(places, 'place')}"] if places else []
    told.append(f"{plan.current} {'up to date' if moves else 'pinned already'}")
    if plan.waits:
        told.append(f"{len(plan.waits)} waiting")
    if plan.skips:
        told.append(f"{len(plan.skips)} skipped")
    if report.all_errors:
        told.append(f"{counted(len(report.all_errors), 'error')}")
    out.print(Text(", ".join(told) + "."))
    for wait in plan.waits:
        until = f", until {moment(wait.until)}" if wait.until else ""
        new = _version(wait.update.new, wait.update.old)
        line = f"waiting: {wait.update.image.familiar} to {new}: {wait.reason}{until}"
        out.print(Text(printable(line), style="yellow"))
    for skip in plan.skips:
        out.print(
            Text(printable(f"skipped: {skip.file}:{skip.line}: {skip.image}: {skip.reason}"), style="dim")
        )
    if report.held:
        names = ", ".join(report.held)
        out.print(
            Text(
                printable(f"left as it was, since its test build or audit did not pass: {names}"), style="red"
            )
        )
    if report.written:
        out.print(Text(printable(f"written: {', '.join(report.written)}"), style="green"))
    elif dry_run and plan.updates:
        out.print(Text("nothing was written (--dry-run)"))
    for pull in report.pull_requests:
        note = f" ({pull.note})" if pull.note else ""
        out.print(Text(printable(f"pull request {pull.action}: {pull.url}{note}"), style="green"))
    if report.requests is not None:
        out.print(Text(f"{counted(report.requests, 'request')} to GitHub"), style="dim")


def changes(out: Console, report: UpdateReport) -> None:
    """The diff of what is changed: safe and in colour on a terminal, byte for byte anywhere else."""
    patch = diff.unified(report.passed)
    stream = out.file
    if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
        stream.flush()
        stream.buffer.write(patch)
        stream.buffer.flush()
    else:
        stream.write(diff.shown(patch, colour=out.color_system is not None and not out.no_color))


def _reference(occurrence: Occurrence) -> tuple[Cell, ...]:
    place = occurrence.position
    image = str(occurrence.image) if occurrence.image else occurrence.raw
    note = occurrence.reason or ""
    if occurrence.edited_elsewhere and occurrence.place is not None:
        note = f"edited at line {occurrence.place.position.line}"
    return (
        f"{occurrence.file}:{place.line}:{place.column}",
        str(occurrence.kind),
        (str(occurrence.status), _STATUS_STYLE[occurrence.status]),
        image,
        occurrence.stage or "",
        occurrence.platform or "",
        note,
    )


def _update(entry: Update) -> tuple[Cell, ...]:
    files = list(entry.files)
    shown = ", ".join(files[:_FIRST_FILES])
    more = len(files) - _FIRST_FILES
    return (
        (entry.image.familiar, "bold"),
        str(entry.kind),
        (_version(entry.old, entry.new), "red"),
        (_version(entry.new, entry.old), "green"),
        f"{shown} and {more} more" if more > 0 else shown,
    )


def _version(version: Version, other: Version) -> str:
    if version.digest is None:
        return "no digest"
    return version.digest.short if version.tag == other.tag else f"{version.tag}@{version.digest.short}"


def _verdict(verdict: Verdict) -> tuple[Cell, ...]:
    before = human_size(verdict.before.size) if verdict.before else (verdict.before_problem or "not built")
    match verdict.after:
        case BuiltImage() as after:
            change = size_change(verdict.before.size, after.size) if verdict.before else ""
            seconds = f"built in {after.seconds:.1f} s by {after.builder}"
            return verdict.target.name, (seconds, "green"), before, human_size(after.size), change
        case FailedBuild() as after:
            result = after.reason if after.limit else f"failed after {after.seconds:.1f} s"
            return verdict.target.name, (result, "bold red"), before, "", ""
        case PinbotError():
            return verdict.target.name, ("not built", "bold red"), before, "", ""


def _failure(out: Console, verdict: Verdict) -> None:
    after: BuildOutcome | PinbotError = verdict.after
    if isinstance(after, FailedBuild):
        out.print(Text(f"\n{printable(verdict.target.name)} failed at: ", style="bold red"), end="")
        out.print(Text(printable(after.step or "an unknown step")))
        for line in after.tail:
            out.print(Text("  | " + printable(line)), soft_wrap=True)
        if verdict.before is None and verdict.before_problem:
            out.print(Text(f"  without the update: {printable(verdict.before_problem)}", style="yellow"))
    elif isinstance(after, PinbotError):
        console.errors(out, (after,))
