"""How a comparison is put into words, the same on a terminal and in a pull request.

What comes back may hold text of strangers: whoever shows it makes it safe.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pinbot.model.comparison import (
    Comparison,
    Cost,
    Evidence,
    Move,
    PackageDiff,
    PlatformDiff,
    Source,
    Unread,
    Value,
)
from pinbot.model.reference import Platform
from pinbot.model.vulnerability import Exposed, VulnerabilityDiff
from pinbot.render.printable import human_size

_MOST_AFFECTED = 3
_ORDER = (Move.DOWNGRADED, Move.CHANGED, Move.UPGRADED, Move.ADDED, Move.REMOVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Platforms for which the same changed, so that it is told once."""

    platforms: tuple[Platform | None, ...]
    told: PlatformDiff

    @property
    def name(self) -> str:
        """The platforms, for a heading."""
        return ", ".join(str(platform) for platform in self.platforms if platform) or "the image"


def groups(changed: Iterable[PlatformDiff]) -> tuple[Group, ...]:
    """The platforms in their order, those together that differ in digests and sizes only."""
    found: dict[object, list[PlatformDiff]] = {}
    for diff in changed:
        origin = (diff.origin.kind, diff.origin.source, diff.origin.revision, diff.origin.version)
        of = diff.packages
        packages = of and (of.evidence, of.changes, of.distribution)
        key = (origin, packages, diff.vulnerabilities, diff.settings, diff.cautions, diff.unread)
        found.setdefault(key, []).append(diff)
    return tuple(
        Group(platforms=tuple(diff.platform for diff in diffs), told=diffs[0]) for diffs in found.values()
    )


def verdict(comparison: Comparison, show: Callable[[str], str] = str) -> str:
    """Where this is no change at all, that, in one sentence without a final full stop; else nothing.

    `show` makes the names of platforms, which are an image's own, safe.
    """
    if comparison.old.digest == comparison.new.digest:
        return "both are the same image"
    if not comparison.equal:
        return ""
    told = ["nothing changed for " + _platforms(comparison.same, show)]
    if comparison.elsewhere:
        told.append(f"{_platforms(comparison.elsewhere, show)} changed, which was not asked about")
    if comparison.attestations:
        told.append("attestations changed")
    return "; ".join(told)


def origin(diff: PlatformDiff) -> str:
    """Where the new image comes from, as far as the images say; empty if they say nothing."""
    of = diff.origin
    match of.kind:
        case Source.SAME:
            return "rebuilt from the same source"
        case Source.REVISION:
            return "built from another revision of the source"
        case Source.MOVED:
            return "built from another source"
        case Source.UNKNOWN:
            return "the images do not say whether the source changed"


def counts(packages: PackageDiff) -> str:
    """How many packages changed, by what became of them; e.g. `2 upgraded, 1 added`."""
    if packages.evidence is Evidence.SHARED:
        return "no package changed: their list lies in layers that both images share"
    moves = [change.move for change in packages.changes]
    told = ", ".join(f"{moves.count(move)} {move}" for move in _ORDER if move in moves)
    of = packages.counts
    among = f"of {of.new}" if of.old == of.new else f"of {of.old} before and {of.new} now"
    claimed = ", as an SBOM claims" if packages.evidence is Evidence.CLAIMED else ""
    return f"packages: {told or 'none changed'}, {among}{claimed}"


def exposure(found: VulnerabilityDiff) -> str:
    """How many known vulnerabilities went and came."""
    return f"known vulnerabilities: {len(found.fixed)} fixed, {len(found.new)} new, {found.remaining} remain"


def affected(exposed: Exposed) -> str:
    """The packages that have, or had, a vulnerability."""
    names = dict.fromkeys(f"{package.name} {package.version}" for package in exposed.packages)
    shown = ", ".join([*names][:_MOST_AFFECTED])
    return shown if len(names) <= _MOST_AFFECTED else f"{shown} and {len(names) - _MOST_AFFECTED} more"


def cost(spent: Cost) -> str:
    """What the comparison took."""
    share = f" of {human_size(spent.whole)} ({spent.received / spent.whole:.0%})" if spent.whole else ""
    requests = "1 request" if spent.requests == 1 else f"{spent.requests} requests"
    return f"read {human_size(spent.received)}{share} in {requests}"


def value(of: Value) -> str:
    """A value of the config as it is written in a Dockerfile: words in brackets."""
    if isinstance(of, tuple):
        return "[" + ", ".join(f'"{word}"' for word in of) + "]"
    return of or ""


def unread(left: Unread) -> str:
    """What could not be looked at, and why."""
    return f"{left.part}: {left.reason}"


def _platforms(platforms: Sequence[Platform], show: Callable[[str], str]) -> str:
    return ", ".join(show(str(platform)) for platform in platforms) or "the image"
