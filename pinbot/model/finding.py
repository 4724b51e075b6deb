"""What an audit says: rules, what breaks them, and what could not be looked at."""

import re
from dataclasses import dataclass
from enum import StrEnum

_FIGURES = re.compile(r"\b[0-9a-f]{12}(?:[0-9a-f]{52})?\b|[0-9]+(?:[.,][0-9]+)?")
"""Figures, and digests as they are told: short or whole."""


class Severity(StrEnum):
    """How bad it is. An error fails the audit; a warning should be mended; a note is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """To sort by, the worst first."""
        return list(Severity).index(self)


class Profile(StrEnum):
    """What kind of image is meant: a static program on nothing, or any image at all."""

    SCRATCH = "scratch"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Something that an image or Dockerfile should hold to.

    Attributes:
        id: a letter for what is looked at (D Dockerfile, I image, B binary) and a number; never reused.
        title: what is wrong when it is broken, in a few words.
        severity: how bad that is; a single finding may be milder.
        why: what happens to those who break it, in a sentence or two.
        remedy: what to do, as an order.
        source: address of the document that it comes from.
        wrong, right: an example that breaks it, and the same mended; lines of a Dockerfile or of a shell.
        profiles: where it applies.
    """

    id: str
    title: str
    severity: Severity
    why: str
    remedy: str
    source: str
    wrong: str
    right: str
    profiles: frozenset[Profile] = frozenset(Profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that is broken, and where.

    Attributes:
        message: what is wrong here, in one sentence without a final full stop; foreign text is quoted in it.
        remedy: what to do about it.
        file, line, column: the place in a Dockerfile, counted from 1.
        path: the file in the image, from the root.
    """

    rule: str
    severity: Severity
    message: str
    remedy: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        """By this a finding is the same one in another build: no line, figure or digest in it counts."""
        return self.rule, self.path or self.file or "", _FIGURES.sub("0", self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked:
    """A rule that was not checked, which is not the same as kept, and why."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit of one image, or of one Dockerfile, came to.

    Attributes:
        subject: what was looked at, as the user names it.
        profile: by which rules.
        findings: worst first, then by rule and place.
        kept: ids of rules that were checked and are kept.
        unchecked: rules that apply and could not be checked.
        inapplicable: rules that have nothing to say about this subject.
        ignored: ids of rules that were switched off and would have found something.
    """

    subject: str
    profile: Profile
    findings: tuple[Finding, ...] = ()
    kept: tuple[str, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    inapplicable: tuple[Unchecked, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing in it is an error."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)

    def count(self, severity: Severity) -> int:
        """How many findings are as bad as this."""
        return sum(finding.severity is severity for finding in self.findings)


def rule_order(rule: str) -> tuple[str, int]:
    """A key to sort ids of rules by, in which numbers count as numbers: D9 stands before D10."""
    letter, number = re.fullmatch(r"([A-Z]*)([0-9]*)", rule[:20]).groups()  # type: ignore[union-attr]
    return letter, int(number or 0)
