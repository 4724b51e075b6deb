"""What a change of an image means for its audit. Pure."""

from collections import defaultdict
from dataclasses import dataclass

from pinbot.model.finding import Audit, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Findings of two audits of one image, before and after a change of it.

    Attributes:
        new: those that the change brings, or makes worse.
        gone: those that it mends.
        same: those that were there before, as they are now.
        unsure: those of which the other audit could not tell, since it could not check their rule.
    """

    new: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    same: tuple[Finding, ...] = ()
    unsure: tuple[Finding, ...] = ()


def compare(before: Audit, after: Audit) -> Changes:
    """Tell what is new from what was there before; see `Finding.identity` for which findings are the same.

    Both audits are taken to be by the same rules. Each finding of `after` is in `new`, `same` or `unsure`;
    each of `before` that is not the same as one of these is in `gone` or `unsure`.
    """
    left: defaultdict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in before.findings:
        left[finding.identity].append(finding)
    unchecked = _unchecked(before)
    new: list[Finding] = []
    same: list[Finding] = []
    unsure: list[Finding] = []
    for finding in after.findings:
        earlier = left[finding.identity]
        if earlier:
            worse = finding.severity.rank < earlier.pop(0).severity.rank
            (new if worse else same).append(finding)
        else:
            (unsure if finding.rule in unchecked else new).append(finding)
    unchecked = _unchecked(after)
    gone = sorted((one for rest in left.values() for one in rest), key=before.findings.index)
    unsure += [finding for finding in gone if finding.rule in unchecked]
    return Changes(
        new=tuple(new),
        gone=tuple(finding for finding in gone if finding.rule not in unchecked),
        same=tuple(same),
        unsure=tuple(unsure),
    )


def _unchecked(audit: Audit) -> set[str]:
    return {entry.rule for entry in audit.unchecked}
