"""What can be wrong with a pinned image, or one that is not pinned: the rules of `check`."""

from pinbot.model.check import PinFinding, PinRule
from pinbot.model.finding import Finding, Rule, Severity
from pinbot.model.occurrence import Occurrence

_PAGE = "https://github.com/pinbot/pinbot/blob/main/docs/check.md"
BY_HAND = "write the tag before the digest, and run pinbot update"
"""What to do where nothing tells which tag a digest follows."""

_ONE = "sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1"
_OTHER = "sha256:8a1f59ffb675680d47db6337b49d22281a139e9d709335b492be023728e11715"


def _rule(
    rule: PinRule,
    severity: Severity,
    title: str,
    why: str,
    *,
    remedy: str = "run pinbot update",
    wrong: str = f"FROM alpine:3.22@{_OTHER}",
) -> Rule:
    return Rule(
        id=rule,
        severity=severity,
        title=title,
        why=why,
        remedy=remedy,
        source=_PAGE,
        wrong=wrong,
        right=f"FROM alpine:3.22@{_ONE}",
    )


_ALL = (
    _rule(
        PinRule.GONE,
        Severity.ERROR,
        "the registry no longer has the pinned digest",
        "Registries collect what no tag leads to any more. The next build that has to pull it fails.",
    ),
    _rule(
        PinRule.INCOMPLETE,
        Severity.ERROR,
        "the pinned index names an image that is gone",
        "The index is there, and what it names for a platform in use is not: builds for that platform fail.",
        remedy="run pinbot update; where the tag means that very index, it has to be pushed again",
    ),
    _rule(
        PinRule.UNPINNED,
        Severity.WARNING,
        "an image has no digest",
        "A tag can be moved to other content at any time. The same file then builds something else, and "
        "nothing says so.",
        remedy="run pinbot pin",
        wrong="FROM alpine:3.22",
    ),
    _rule(
        PinRule.OUTDATED,
        Severity.WARNING,
        "the tag means something else now than what is pinned",
        "Often that is the same software, with known vulnerabilities mended in it or beneath it.",
    ),
    _rule(
        PinRule.ONE_PLATFORM,
        Severity.WARNING,
        "the digest is that of one platform, while the tag has several",
        "Builds for other platforms fail, or take the image of this one all the same.",
    ),
    _rule(
        PinRule.NEWER_TAG,
        Severity.WARNING,
        "there is a newer tag",
        "It belongs to the same family, and `tags` in pinbot.yaml allows to move to it.",
        wrong=f"FROM alpine:3.20@{_OTHER}",
    ),
    _rule(
        PinRule.UNTAGGED,
        Severity.NOTE,
        "an image is pinned without a tag",
        "A digest alone does not say which tag it follows: nothing can bring it up to date.",
        remedy=BY_HAND,
        wrong=f"FROM alpine@{_ONE}",
    ),
    _rule(
        PinRule.WAITING,
        Severity.NOTE,
        "an image could move, and waits",
        "pinbot.yaml says that its time has not come: a cooldown, an interval, or an index that still fills.",
        remedy="nothing; or say in pinbot.yaml that it is not to wait",
    ),
)

RULES = {PinRule(rule.id): rule for rule in _ALL}
"""All of them, the gravest first."""


def found(
    occurrence: Occurrence, rule: PinRule, message: str, *, fix: str | None = None, remedy: str = ""
) -> PinFinding:
    """The finding of a rule at a reference; `remedy` is what to do if that is not what the rule says."""
    finding = Finding(
        rule=rule,
        severity=RULES[rule].severity,
        message=message,
        remedy=remedy or RULES[rule].remedy,
        file=occurrence.file,
        line=occurrence.position.line,
        column=occurrence.position.column,
    )
    return PinFinding(finding=finding, image=str(occurrence.image or occurrence.raw), fix=fix)
