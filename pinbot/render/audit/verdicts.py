"""What is told of the audit of something that was built, for people."""

from rich.console import Console
from rich.text import Text

from pinbot.model.build import Verdict
from pinbot.model.inspection import Inspection
from pinbot.render import console
from pinbot.render.audit import changes
from pinbot.render.audit.text import findings, unchecked
from pinbot.render.audit.words import told
from pinbot.render.printable import printable


def verdict(out: Console, verdict: Verdict) -> None:
    """What the audit says of the image, and what the update did to it; nothing where nobody looked."""
    summary = changes.summary(verdict)
    if not summary:
        return
    found = verdict.inspection
    passed = isinstance(found, Inspection) and found.audit.passed
    out.print()
    console.line(out, f"{verdict.target.name} {summary}", "bold green" if passed else "bold red")
    if not isinstance(found, Inspection):
        return
    difference = verdict.difference
    if difference is None:
        findings(out, found.audit.findings)
    else:
        findings(out, difference.findings.new)
        for finding in difference.findings.gone:
            console.line(out, f"  gone     {finding.rule:<4}{told(finding)}", "green")
        for finding in (*difference.findings.same, *difference.findings.unsure):
            console.line(out, f"  {finding.severity:<8} {finding.rule:<4}{told(finding)}", "dim")
        for name, before, after in changes.turns(difference):
            line = Text(f"  {printable(name)}: ", style="dim")
            line.append(printable(before), style="red").append(" -> ", style="dim")
            line.append(printable(after), style="green")
            out.print(line, soft_wrap=True)
        for what, path in changes.paths(difference):
            console.line(out, f"  {what}: {path}")
        if more := changes.more_paths(difference):
            console.line(out, f"  and {more} more files", "dim")
    unchecked(out, "  not checked:", found.audit.unchecked)
