"""From checks to an `Audit`: look at a subject with each, and sort what they tell. Pure."""

from collections.abc import Callable, Collection, Iterable

from pinbot.audit.check import Check, DoesNotApply, NotChecked, Problem, Remark, Subject
from pinbot.errors import ImageError
from pinbot.model.finding import Audit, Finding, Profile, Rule, Unchecked, rule_order

_MOST = 100
"""Findings of one rule about one subject."""

_LONGEST = 1000
"""Characters of a message: names in an image can have thousands."""


def examine(
    checks: Iterable[Check[Subject]],
    subject: Subject,
    *,
    name: str,
    profile: Profile,
    ignore: Collection[str] = (),
    file: str | None = None,
    spared: Callable[[str, int | None], bool] = lambda _rule, _line: False,
) -> Audit:
    """Look at one subject with each of these checks.

    Args:
        checks: all that are meant for this kind of subject; those of another profile do not apply.
        subject: what is looked at.
        name: how the user calls it.
        profile: what kind of image is meant.
        ignore: ids of rules that are switched off.
        file: the Dockerfile that findings are in.
        spared: whether the file itself switches a rule off (by its id) at a line.
    """

    def look(check: Check[Subject]) -> Audit:
        rule = check.rule
        if profile not in rule.profiles:
            reason = f"it is for the profile {' or '.join(sorted(rule.profiles))}"
            return Audit(
                subject=name, profile=profile, inapplicable=(Unchecked(rule=rule.id, reason=reason),)
            )
        remarks = _remarks(check, subject)
        problems = [remark for remark in remarks if isinstance(remark, Problem)]
        switched_off = rule.id in ignore
        counted = [one for one in problems if not switched_off and not spared(rule.id, one.line)]
        return Audit(
            subject=name,
            profile=profile,
            findings=tuple(_finding(rule, problem, file) for problem in _bounded(counted)),
            kept=() if remarks else (rule.id,),
            unchecked=() if switched_off else _reasons(rule, remarks, NotChecked),
            inapplicable=_reasons(rule, remarks, DoesNotApply),
            ignored=(rule.id,) if len(counted) < len(problems) else (),
        )

    return join(map(look, checks), name=name, profile=profile)


def join(audits: Iterable[Audit], *, name: str, profile: Profile) -> Audit:
    """One audit of what several looked at, e.g. an image and each of its binaries.

    A rule is kept where it is nowhere broken or left unchecked, and does not apply where it applies nowhere.
    """
    parts = tuple(audits)
    findings = [finding for part in parts for finding in part.findings]
    unchecked = {entry for part in parts for entry in part.unchecked}
    ignored = {rule for part in parts for rule in part.ignored}
    troubled = {found.rule for found in findings} | {entry.rule for entry in unchecked} | ignored
    kept = {rule for part in parts for rule in part.kept} - troubled
    inapplicable = {
        entry for part in parts for entry in part.inapplicable if entry.rule not in kept | troubled
    }
    return Audit(
        subject=name,
        profile=profile,
        findings=tuple(sorted(findings, key=_worst_first)),
        kept=tuple(sorted(kept, key=rule_order)),
        unchecked=tuple(sorted(unchecked, key=_by_rule)),
        inapplicable=tuple(sorted(inapplicable, key=_by_rule)),
        ignored=tuple(sorted(ignored, key=rule_order)),
    )


def _remarks(check: Check[Subject], subject: Subject) -> list[Remark]:
    remarks: list[Remark] = []
    try:
        remarks.extend(check.look(subject))
    except ImageError as error:
        remarks.append(NotChecked(error.message))
    return remarks


def _bounded(problems: list[Problem]) -> list[Problem]:
    """The first of them, and how many more there are: an image can be made to have a million."""
    left_out = len(problems) - _MOST
    if left_out <= 0:
        return problems
    return [*problems[:_MOST], Problem(message=f"there are {left_out} more findings of this rule")]


def _finding(rule: Rule, problem: Problem, file: str | None) -> Finding:
    return Finding(
        rule=rule.id,
        severity=problem.severity or rule.severity,
        message=problem.message if len(problem.message) <= _LONGEST else problem.message[:_LONGEST] + "…",
        remedy=problem.remedy or rule.remedy,
        file=file,
        line=problem.line,
        column=problem.column,
        path=problem.path,
    )


def _reasons(
    rule: Rule, remarks: Iterable[Remark], kind: type[NotChecked | DoesNotApply]
) -> tuple[Unchecked, ...]:
    return tuple(Unchecked(rule=rule.id, reason=one.reason) for one in remarks if isinstance(one, kind))


def _worst_first(finding: Finding) -> tuple[object, ...]:
    place = (finding.file or "", finding.line or 0, finding.column or 0, finding.path or "")
    return finding.severity.rank, rule_order(finding.rule), place, finding.message


def _by_rule(entry: Unchecked) -> tuple[object, ...]:
    return rule_order(entry.rule), entry.reason
