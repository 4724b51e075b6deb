"""What a run comes to, as one number; see `pinbot --help`."""

from pinbot.cli.session import BUILD_FAILED, CHANGES_WAIT, FAILED
from pinbot.errors import NothingToDo, PinbotError
from pinbot.model.fleet import FleetReport
from pinbot.model.report import UpdateReport

_WORST_FIRST = (FAILED, BUILD_FAILED, CHANGES_WAIT)


def exit_code(report: UpdateReport, *, dry_run: bool) -> int:
    """The code of the worst that happened; see `pinbot --help`."""
    not_built = any(isinstance(verdict.after, PinbotError) for verdict in report.verdicts)
    if report.all_errors or not_built:
        return FAILED
    if report.held:
        return BUILD_FAILED
    return CHANGES_WAIT if dry_run and report.plan.updates else 0


def worst(report: FleetReport, *, dry_run: bool) -> int:
    """The worst exit code of all repositories; that there is nothing to do counts only where all say so."""
    codes = {exit_code(one.report, dry_run=dry_run) for one in report.repositories if one.report}
    if report.errors or any(one.errors for one in report.repositories):
        codes.add(FAILED)
    if not codes:
        return NothingToDo.exit_code
    return next((code for code in _WORST_FIRST if code in codes), 0)
