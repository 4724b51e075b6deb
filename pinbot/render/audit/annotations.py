"""Findings as annotations of a workflow run, one a line."""

from collections.abc import Iterator

from pinbot.model.finding import Audit
from pinbot.render.annotations import LEVELS, command
from pinbot.render.audit.words import told, verdict
from pinbot.render.printable import printable


def lines(audit: Audit) -> Iterator[str]:
    """An annotation for each finding and for each rule that was not checked, and the verdict as plain text.

    Control characters are written as escapes, so that no name in an image can begin a line of its own.
    """
    for finding in audit.findings:
        yield command(
            LEVELS[finding.severity],
            printable(f"{told(finding)}. To mend it: {finding.remedy}"),
            title=printable(f"pinbot {finding.rule}: {audit.subject}"),
            file=None if finding.file is None else printable(finding.file),
            line=finding.line,
            col=finding.column,
        )
    for entry in audit.unchecked:
        yield command(
            "notice",
            printable(f"Not checked: {entry.reason}"),
            title=printable(f"pinbot {entry.rule}: {audit.subject}"),
        )
    yield printable(verdict(audit))
