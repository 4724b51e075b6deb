"""A comparison for people at a terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Console

from pinbot.errors import PinbotError
from pinbot.model.comparison import (
    Caution,
    Comparison,
    Explanation,
    Move,
    Pair,
    PlatformDiff,
    SettingChange,
    Unread,
)
from pinbot.model.vulnerability import Rating, VulnerabilityDiff
from pinbot.render import console
from pinbot.render.comparison import wording
from pinbot.render.console import Cell
from pinbot.render.printable import human_size, size_change

_STYLES = {
    Move.ADDED: "cyan",
    Move.REMOVED: "magenta",
    Move.UPGRADED: "green",
    Move.DOWNGRADED: "bold red",
    Move.CHANGED: "yellow",
}
_MOST_VALUE = 60


def show(out: Console, comparison: Comparison) -> None:
    """All of it: platforms, then what deserves a look, then the details of each."""
    for mark, side in (("-", comparison.old), ("+", comparison.new)):
        name = side.name if str(side.digest) in side.name else f"{side.name} {side.digest}"
        console.line(out, f"{mark} {name}", "red" if mark == "-" else "green")
    body(out, comparison)


def body(out: Console, comparison: Comparison) -> None:
    """All but the names of the images."""
    if told := wording.verdict(comparison):
        console.line(out, f"{told[:1].upper()}{told[1:]}.")
    platforms(out, comparison)
    cautions(out, comparison.cautions)
    for group in wording.groups(comparison.changed):
        console.line(out, "")
        console.line(out, group.name, "bold")
        _details(out, group.told)
    _unread(out, comparison.unread)
    console.line(out, "")
    console.line(out, f"{wording.cost(comparison.cost)}", "dim")


def explanations(out: Console, told: Iterable[Explanation]) -> None:
    """What each update means."""
    for explanation in told:
        console.line(out, "")
        name = f"{explanation.image.familiar}: {' -> '.join(explanation.move)}"
        console.line(out, name, "bold")
        outcome = explanation.outcome
        if isinstance(outcome, PinbotError):
            console.line(out, f"not known what changed: {outcome.message}", "yellow")
        else:
            body(out, outcome)


def platforms(out: Console, comparison: Comparison) -> None:
    """One line a platform."""
    rows: list[tuple[Cell, ...]] = [_platform(diff) for diff in comparison.changed]
    rows += [(str(platform), ("the same", "green")) for platform in comparison.same]
    rows += [(str(platform), ("new", "cyan")) for platform in comparison.gained]
    rows += [(str(platform), ("gone", "bold red")) for platform in comparison.lost]
    rows += [(str(platform), ("changed, not looked into", "dim")) for platform in comparison.elsewhere]
    header = ("PLATFORM", "", "OLD", "NEW", "SIZE", "CHANGE", "LAYERS")
    console.table(out, header, [(*row, *[""] * (len(header) - len(row))) for row in rows])


def cautions(out: Console, told: Iterable[Caution]) -> None:
    """What deserves a look."""
    for caution in told:
        console.line(out, f"warning: {caution.alarm}: {caution.message}", "bold yellow")


def _platform(diff: PlatformDiff) -> tuple[Cell, ...]:
    layers, size = diff.layers, diff.layers.size
    return (
        str(diff.platform or "image"),
        ("changed", "yellow"),
        diff.digests.old.short,
        diff.digests.new.short,
        human_size(size.new),
        size_change(size.old, size.new),
        f"{len(layers.shared)} shared, {len(layers.gone)} gone, {len(layers.new)} new",
    )


def _details(out: Console, diff: PlatformDiff) -> None:
    cautions(out, diff.cautions)
    console.line(out, wording.origin(diff))
    origin = diff.origin
    for name, pair in (
        ("source", origin.source),
        ("revision", origin.revision),
        ("version", origin.version),
        ("system", diff.packages.distribution if diff.packages else Pair(old=None, new=None)),
        ("created (the builder's claim)", origin.created),
    ):
        if pair.old or pair.new:
            console.line(out, f"  {name}: {_arrow(pair)}")
    if origin.link:
        console.line(out, f"  {origin.link}")
    if diff.packages:
        console.line(out, wording.counts(diff.packages))
        console.table(
            out,
            ("PACKAGE", "ECOSYSTEM", "CHANGE", "OLD", "NEW"),
            [
                (
                    change.name,
                    str(change.ecosystem),
                    (str(change.move), _STYLES[change.move]),
                    change.old or "",
                    change.new or "",
                )
                for change in diff.packages.changes
            ],
        )
    if diff.vulnerabilities:
        _vulnerabilities(out, diff.vulnerabilities)
    if not diff.settings:
        console.line(out, "config: unchanged")
    console.table(out, ("CONFIG", "OLD", "NEW"), map(_setting, diff.settings))
    _unread(out, diff.unread)


def _vulnerabilities(out: Console, found: VulnerabilityDiff) -> None:
    console.line(out, wording.exposure(found))
    rows: list[tuple[Cell, ...]] = []
    for outcome, style, exposed in (("new", "bold red", found.new), ("fixed", "green", found.fixed)):
        for one in exposed:
            of = one.vulnerability
            rating = "" if of.rating is Rating.UNKNOWN else str(of.rating)
            rows.append((of.name, (outcome, style), rating, wording.affected(one), of.summary))
    console.table(out, ("VULNERABILITY", "CHANGE", "RATING", "PACKAGES", "SUMMARY"), rows)
    for reason in found.unasked:
        console.line(out, f"not known: vulnerabilities: {reason}", "yellow")


def _arrow(pair: Pair[str | None]) -> str:
    if not pair.differ:
        return _short(pair.old or "")
    return f"{_short(pair.old or 'none')} -> {_short(pair.new or 'none')}"


def _setting(change: SettingChange) -> Sequence[Cell]:
    name = f"{change.setting} {change.name}" if change.name else str(change.setting)
    return name, _short(wording.value(change.old)), _short(wording.value(change.new))


def _short(text: str) -> str:
    return text if len(text) <= _MOST_VALUE else text[: _MOST_VALUE - 1] + "…"


def _unread(out: Console, left: Iterable[Unread]) -> None:
    for unread in left:
        console.line(out, f"not known: {wording.unread(unread)}", "yellow")
