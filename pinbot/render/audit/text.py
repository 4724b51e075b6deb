"""An audit for people: the verdict first, then what to mend, then the facts."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from pinbot.model.finding import Finding, Severity, Unchecked
from pinbot.model.inspection import Inspection, Program
from pinbot.render import console
from pinbot.render.audit.words import STYLES, place, told, verdict
from pinbot.render.console import Cell
from pinbot.render.printable import printable

_WIDEST_SEVERITY = max(len(severity) for severity in Severity)
_WIDEST_RULE = 3
_MEGABYTE = 1_000_000
_LONGEST = 200


def show(out: Console, found: Inspection, *, verbose: bool) -> None:
    """All there is to say of an image; `verbose` also tells which rules are kept, and which do not apply."""
    audit = found.audit
    console.line(out, verdict(audit), "bold green" if audit.passed else "bold red")
    _facts(out, found)
    findings(out, audit.findings)
    unchecked(out, "not checked:", audit.unchecked)
    if verbose:
        unchecked(out, "does not apply:", audit.inapplicable)
    for title, rules in (
        ("switched off, but broken", audit.ignored),
        ("kept", audit.kept if verbose else ()),
    ):
        if rules:
            out.print()
            console.line(out, f"{title}: {', '.join(rules)}", "dim")


def findings(out: Console, findings: Iterable[Finding]) -> None:
    """Two lines for each: what is wrong, and what to do."""
    indent = " " * (_WIDEST_SEVERITY + _WIDEST_RULE + 4)
    for finding in findings:
        out.print()
        head = Text(f"{finding.severity:<{_WIDEST_SEVERITY}}  ", style=STYLES[finding.severity])
        head.append(f"{finding.rule:<{_WIDEST_RULE}}  ", style="bold")
        if finding.file is not None:
            head.append(printable(f"{place(finding)}: "), style="bold")
        head.append(printable(told(finding)), style="none")
        out.print(head, soft_wrap=True)
        out.print(Text(printable(f"{indent}mend: {finding.remedy}"), style="green"), soft_wrap=True)


def unchecked(out: Console, title: str, entries: Iterable[Unchecked]) -> None:
    """Rules that were not checked, one a line, with the reason; nothing for none."""
    rows = [f"  {entry.rule:<{_WIDEST_RULE}}  {entry.reason}" for entry in entries]
    if rows:
        out.print()
        console.line(out, title, "bold")
    for row in rows:
        console.line(out, row)


def _facts(out: Console, found: Inspection) -> None:
    config = found.config
    size = f"{found.size / _MEGABYTE:.2f} MB compressed"
    allowed = "" if found.budget is None else f" of {found.budget / _MEGABYTE:.2f} MB allowed"
    layers = f"{found.layers} layer{'' if found.layers == 1 else 's'}"
    rows = [
        ("image", f"{found.digest}"),
        ("platform", f"{config.platform or 'not told'}, profile {found.audit.profile}"),
        ("size", f"{size}{allowed}, {layers}"),
        ("starts", _cut(" ".join(config.command) or "nothing")),
        ("as", _cut(f"{config.user or 'root'}, in {config.working_dir or '/'}")),
    ]
    for name, value in rows:
        line = Text(f"  {name:<9}", style="dim")
        line.append(printable(value), style="none")
        out.print(line, soft_wrap=True)
    if found.programs:
        out.print()
        names = [trait.name.upper() for trait in found.programs[0].binary.traits]
        console.table(out, ("PROGRAM", *names, "SHA256"), map(_program, found.programs))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _program(program: Program) -> tuple[Cell, ...]:
    styles = {True: "green", False: "red", None: ""}
    traits = [(str(trait.value), styles[trait.good]) for trait in program.binary.traits]
    return (f"/{program.path}", *traits, program.binary.digest.hex)
