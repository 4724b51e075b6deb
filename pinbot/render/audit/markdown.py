"""The audit of what was built, for a pull request: what is new first, the rest folded."""

import re
from collections.abc import Iterator, Sequence

from pinbot.model.build import Verdict
from pinbot.model.finding import Finding
from pinbot.model.inspection import Difference, Inspection
from pinbot.render.audit import changes
from pinbot.render.audit.words import told
from pinbot.render.gfm import cell, code, details, table
from pinbot.render.printable import human_size

_MOST_TARGETS = 6
_PLAIN = re.compile(r"[A-Za-z0-9._/ (),-]+")
_NAMES = ("Target", "Audit", "Size", "Allowed", "Not checked")


def audits(verdicts: Sequence[Verdict], *, room: int) -> Iterator[str]:
    """A table with a line for each target, and for each what the update did to its image."""
    looked_at = [verdict for verdict in verdicts if verdict.inspection is not None]
    if not looked_at:
        return
    yield "### Audit"
    yield table(_NAMES, [_row(verdict) for verdict in looked_at], room=room // 4)
    shown = looked_at[:_MOST_TARGETS]
    for verdict in shown:
        if verdict.difference is not None:
            yield from _difference(verdict, verdict.difference, room * 3 // 4 // len(shown))
        elif isinstance(verdict.inspection, Inspection) and verdict.inspection.audit.findings:
            rows = _findings("finding", verdict.inspection.audit.findings)
            yield _folded(verdict, "findings", rows, room * 3 // 4 // len(shown))
    traits = [
        (cell(f"/{program.path}"), *(cell(str(trait.value)) for trait in program.binary.traits))
        for verdict in shown
        if isinstance(verdict.inspection, Inspection)
        for program in verdict.inspection.programs
    ]
    if traits:
        names = next(
            [trait.name for trait in verdict.inspection.programs[0].binary.traits]
            for verdict in shown
            if isinstance(verdict.inspection, Inspection) and verdict.inspection.programs
        )
        yield details("How the programs are made", table(("Program", *names), traits, room=room // 4))


def _row(verdict: Verdict) -> tuple[str, ...]:
    name, found = cell(verdict.target.name), verdict.inspection
    if not isinstance(found, Inspection):
        return name, cell(changes.summary(verdict)), "", "", ""
    allowed = "" if found.budget is None else human_size(found.budget)
    unchecked = ", ".join(changes.unchecked(found))
    return name, changes.summary(verdict), human_size(found.size), allowed, unchecked


def _difference(verdict: Verdict, difference: Difference, room: int) -> Iterator[str]:
    findings = difference.findings
    new = _findings("**new**", findings.new)
    gone = _findings("gone", findings.gone)
    if new or gone:
        yield f"{code(verdict.target.name)}:\n\n" + table(("", "Rule", "Finding"), [*new, *gone], room=room)
    facts = [
        *((cell(name), cell(before), cell(after)) for name, before, after in changes.turns(difference)),
        *((cell(path), "", cell(what)) for what, path in changes.paths(difference)),
    ]
    if facts:
        content = table(("What", "Before", "After"), facts, room=room)
        if more := changes.more_paths(difference):
            content += f"\n\nand {more} more files"
        yield details(f"What else changed in the image of {_plain(verdict)}", content)
    rest = _findings("as before", (*findings.same, *findings.unsure))
    if rest:
        yield _folded(verdict, "findings that were there before", rest, room)


def _folded(verdict: Verdict, what: str, rows: Sequence[tuple[str, ...]], room: int) -> str:
    content = table(("", "Rule", "Finding"), rows, room=room)
    return details(f"{_plain(verdict)}: {len(rows)} {what}", content)


def _findings(what: str, findings: Sequence[Finding]) -> list[tuple[str, ...]]:
    return [
        (f"{what} {finding.severity}", finding.rule, f"{cell(told(finding))}<br>{cell(finding.remedy)}")
        for finding in findings
    ]


def _plain(verdict: Verdict) -> str:
    """The name of a target where Markdown is not read: in HTML."""
    name = verdict.target.name
    return name if _PLAIN.fullmatch(name) else "a target"
