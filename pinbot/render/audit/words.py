"""What all the ways to write an audit say alike."""

from pinbot.model.finding import Audit, Finding, Severity

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
"""In which colours a terminal shows how bad a finding is."""


def verdict(audit: Audit) -> str:
    """One sentence: whether it passed, and how many findings there are."""
    counts = [(audit.count(severity), severity) for severity in Severity]
    told = ", ".join(
        f"{number} {severity}{'' if number == 1 else 's'}" for number, severity in counts if number
    )
    outcome = "passes the audit" if audit.passed else "does not pass the audit"
    unchecked = len({entry.rule for entry in audit.unchecked})
    if unchecked:
        told = ", ".join(filter(None, (told, f"{unchecked} rule{'' if unchecked == 1 else 's'} not checked")))
    return f"{audit.subject} {outcome}: {told or 'no findings'}"


def told(finding: Finding) -> str:
    """What is wrong, with the path before it where the message does not name that itself."""
    if finding.path is None or f"/{finding.path}" in finding.message:
        return finding.message
    return f"/{finding.path}: {finding.message}"


def place(finding: Finding) -> str:
    """`file:line:column` as far as it is known, or nothing."""
    parts = (finding.file, finding.line, finding.column)
    return ":".join(str(part) for part in parts if part is not None)
