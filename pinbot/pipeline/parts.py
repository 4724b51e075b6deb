"""Reports about a part of what moves."""

from dataclasses import replace

from pinbot.model.plan import Update, Wait
from pinbot.model.report import UpdateReport
from pinbot.pipeline.candidates import places, without
from pinbot.pipeline.plan import change_files


def part_of(report: UpdateReport, updates: tuple[Update, ...]) -> UpdateReport:
    """The report about these updates alone, and nothing done about them yet."""
    changes, errors = change_files(report.plan.sources, updates)
    plan = replace(report.plan, updates=updates, changes=changes)
    return replace(report, plan=plan, errors=errors, explanations=(), verdicts=(), held=(), pull_requests=())


def joined(report: UpdateReport, part: UpdateReport) -> UpdateReport:
    """The report, with what came of a part of it."""
    return replace(
        report,
        explanations=report.explanations + part.explanations,
        verdicts=report.verdicts + part.verdicts,
        held=tuple(dict.fromkeys(report.held + part.held)),
        errors=report.errors + part.errors,
    )


def postponed(report: UpdateReport, waits: tuple[Wait, ...]) -> UpdateReport:
    """The report, with what waits no longer among what is to change."""
    waiting = places(wait.update for wait in waits)
    updates = without(report.plan.updates, waiting)
    changes, _ = change_files((change.source for change in report.plan.changes), updates)
    plan = replace(report.plan, updates=updates, changes=changes, waits=report.plan.waits + waits)
    return replace(report, plan=plan)
