"""A check of a repository: for people, as JSON, as annotations of a workflow run, and as SARIF."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from pinbot.model.check import CheckReport, PinFinding, PinRule
from pinbot.model.finding import Audit, Profile, Rule, Unchecked
from pinbot.render import console, json
from pinbot.render.annotations import LEVELS, command
from pinbot.render.audit import json as audit_json
from pinbot.render.audit import sarif as audit_sarif
from pinbot.render.audit.words import STYLES
from pinbot.render.console import Cell
from pinbot.render.printable import counted, printable


def text(out: Console, report: CheckReport) -> None:
    """A line for each finding."""
    console.table(out, ("WHERE", "FINDING", "WHAT", "MEND"), map(_row, report.findings))


def summary(out: Console, report: CheckReport) -> None:
    """The last lines: counts, and what was left alone."""
    told = [f"{counted(len(report.findings), 'finding')}", f"{report.current} up to date"]
    if report.skips:
        told.append(f"{len(report.skips)} skipped")
    if report.errors:
        told.append(counted(len(report.errors), "error"))
    out.print(Text(", ".join(told) + "."))
    for skip in report.skips:
        console.line(out, f"skipped: {skip.file}:{skip.line}: {skip.image}: {skip.reason}", "dim")


def document(report: CheckReport) -> dict[str, Any]:
    """The JSON document of `check`."""
    return json.envelope(
        "check",
        report.errors,
        findings=[_finding(one) for one in report.findings],
        skipped=[json.skip(skip) for skip in report.skips],
        current=report.current,
    )


def annotations(report: CheckReport) -> Iterator[str]:
    """A workflow command for each finding and each error, at its line."""
    for one in report.findings:
        found = one.finding
        yield command(
            LEVELS[found.severity],
            printable(f"{found.message}. To mend it: {found.remedy}"),
            title=f"pinbot: {found.rule}",
            file=None if found.file is None else printable(found.file),
            line=found.line,
            col=found.column,
        )
    for error in report.errors:
        yield command(
            "error",
            printable(f"{error.message}. {error.hint}"),
            title=f"pinbot: {error.code}",
            file=None if error.file is None else printable(error.file),
            line=error.line,
            col=error.column,
        )


def sarif(report: CheckReport, rules: Sequence[Rule]) -> str:
    """A log in SARIF 2.1.0; what could not be asked about is told as a rule that was not checked.

    `rules` are all that could have been checked.
    """
    audit = Audit(
        subject=".",
        profile=Profile.ANY,
        findings=tuple(one.finding for one in report.findings),
        unchecked=tuple(Unchecked(rule=PinRule.OUTDATED, reason=str(error)) for error in report.errors),
    )
    return audit_sarif.dumps(audit_sarif.sarif([audit], rules))


def _row(one: PinFinding) -> tuple[Cell, ...]:
    found = one.finding
    where = f"{found.file}:{found.line}:{found.column}"
    return where, (found.rule, STYLES[found.severity]), found.message, (found.remedy, "green")


def _finding(one: PinFinding) -> dict[str, Any]:
    told = audit_json.finding(one.finding)
    del told["path"]
    return {**told, "image": one.image, "fix": one.fix}
