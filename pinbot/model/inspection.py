"""What there is to say of an image that was looked into: what breaks the rules, and the plain facts."""

from dataclasses import dataclass, field

from pinbot.model.binary import Binary
from pinbot.model.finding import Audit, Finding
from pinbot.model.image import Entry, ImageConfig
from pinbot.model.reference import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A binary of the image, and where it lies."""

    path: str
    binary: Binary


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """An image for one platform, and its audit.

    Attributes:
        audit: what the rules say.
        digest: of its manifest.
        config: how a container of it is started.
        size: compressed bytes of all layers.
        layers: how many there are.
        budget: compressed bytes that it may have; None where nobody says.
        programs: its binaries that could be read, ordered by path.
        entries: every name in its file system, ordered by path.
        certificates: subjects of the CA certificates that it trusts, sorted.
        tzdata: release of its time zones, e.g. `2025b`; empty where it does not tell.
    """

    audit: Audit
    digest: Digest
    config: ImageConfig
    size: int
    layers: int
    budget: int | None = None
    programs: tuple[Program, ...] = ()
    entries: tuple[Entry, ...] = field(default=(), repr=False)
    certificates: tuple[str, ...] = field(default=(), repr=False)
    tzdata: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A fact about an image that is another one now; empty where there was or is none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a change did to an image.

    Attributes:
        findings: what it means for the audit.
        facts: how it is made and started, as far as that is another now.
        added, removed: names in its file system, ordered by path.
        altered: names whose kind, permissions or owner are others, as they were and as they are.
        more: how many names there are beside these, where not all of them were kept.
    """

    findings: Changes
    facts: tuple[Turn, ...] = ()
    added: tuple[Entry, ...] = ()
    removed: tuple[Entry, ...] = ()
    altered: tuple[tuple[Entry, Entry], ...] = ()
    more: int = 0
