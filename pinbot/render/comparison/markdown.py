"""A comparison for a pull request: what deserves a look first, long lists folded.

What images say is untrusted and stands in code spans. The only links are those that were built from checked
parts, see `pinbot.comparison.origin`.
"""

from collections.abc import Iterable, Iterator, Sequence

from pinbot.errors import PinbotError
from pinbot.model.comparison import (
    Caution,
    Comparison,
    Explanation,
    Part,
    PlatformDiff,
    SettingChange,
    Unread,
)
from pinbot.model.vulnerability import Rating, VulnerabilityDiff
from pinbot.render.comparison import wording
from pinbot.render.comparison.wording import Group
from pinbot.render.gfm import cell, code, details, table
from pinbot.render.printable import human_size, size_change

LEAST_ROOM = 4_000
"""Characters with which something can be told."""

_UNFOLDED = 3
"""Images of one pull request that may stand there unfolded."""

SCREEN = 20
"""Rows of a table that may stand there unfolded."""

_MOST_CAUTIONS = 8
_MOST_UNREAD = 4
_ROOM_PLATFORMS = 1_000
_ROOM_REST = 0.4
_PLATFORM_HEADER = ("Platform", "", "Digest", "Size", "Change", "Layers")
_FRAME = 100
_MORE = "There is more than has room here; `pinbot diff` shows all of it."


def document(comparison: Comparison, *, room: int) -> str:
    """A text of its own, that says which images it is about."""
    title = f"### {code(comparison.old.name)} → {code(comparison.new.name)}\n\n"
    return f"{title}{show(comparison, room=room - len(title))}\n"


def show(comparison: Comparison, *, room: int, screen: int = SCREEN) -> str:
    """As much of it as `room` characters hold, which should be no less than `LEAST_ROOM`.

    Tables of more than `screen` rows are folded.
    """
    end = _sentence(wording.cost(comparison.cost))
    kept = _Kept(room - len(_MORE) - len(end) - 4)
    for part in _whole(comparison):
        kept.add(part)
    groups = wording.groups(comparison.changed)
    for number, group in enumerate(groups):
        share = kept.room // (len(groups) - number)
        kept.add("\n\n".join(_group(group, room=share, screen=screen)))
    return "\n\n".join([*kept.parts, end])


class _Kept:
    """The paragraphs that have room; the first that has none is the last, and says so."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.parts: list[str] = []

    def add(self, part: str) -> None:
        if self.room >= 0:
            self.room -= len(part) + 2
            self.parts.append(part if self.room >= 0 else _MORE)


def explanations(told: Sequence[Explanation], *, room: int) -> Iterator[str]:
    """A section of a pull request: what each update means, folded where there are many."""
    if not told:
        return
    yield "### What changed"
    for number, explanation in enumerate(told):
        share = room // (len(told) - number)
        if share < LEAST_ROOM and room < LEAST_ROOM:
            yield f"{len(told) - number} more images are left out here; `pinbot diff` tells of them."
            return
        part = _explanation(
            explanation,
            room=max(share, LEAST_ROOM),
            folded=len(told) > _UNFOLDED,
            screen=SCREEN // min(len(told), _UNFOLDED),
        )
        room -= len(part)
        yield part


def _explanation(explanation: Explanation, *, room: int, folded: bool, screen: int) -> str:
    title = f"{code(explanation.image.familiar)} {' → '.join(map(code, explanation.move))}"
    outcome = explanation.outcome
    if isinstance(outcome, PinbotError):
        return f"#### {title}\n\nWhat changed is not known: {code(outcome.message)}"
    content = show(outcome, room=room - len(title) - _FRAME, screen=screen)
    return f"#### {title}\n\n{details('What changed', content) if folded else content}"


def _whole(comparison: Comparison) -> Iterator[str]:
    if told := wording.verdict(comparison, code):
        yield _sentence(told)
    rows = [_platform(diff) for diff in comparison.changed]
    rows += [
        (cell(str(platform)), outcome, *[""] * (len(_PLATFORM_HEADER) - 2))
        for outcome, some in (
            ("**gone**", comparison.lost),
            ("new", comparison.gained),
            ("the same", comparison.same),
            ("changed, not looked into", comparison.elsewhere),
        )
        for platform in some
    ]
    if not told:
        yield table(_PLATFORM_HEADER, rows, room=_ROOM_PLATFORMS)
    yield from _cautions(comparison.cautions)
    yield from _unread(comparison.unread)


def _platform(diff: PlatformDiff) -> tuple[str, ...]:
    layers, size = diff.layers, diff.layers.size
    return (
        cell(str(diff.platform or "image")),
        "changed",
        f"{cell(diff.digests.old.short)} → {cell(diff.digests.new.short)}",
        human_size(size.new),
        size_change(size.old, size.new),
        f"{len(layers.shared)} shared, {len(layers.gone)} gone, {len(layers.new)} new",
    )


def _group(group: Group, *, room: int, screen: int) -> Iterator[str]:
    diff = group.told
    head = [f"**{code(group.name)}**: {_origin(diff)}", *_cautions(diff.cautions)]
    if diff.packages:
        head.append(_sentence(wording.counts(diff.packages)))
    tail = [*_unread(diff.unread)]
    yield from head
    room -= sum(len(part) + 2 for part in (*head, *tail))
    if diff.packages and diff.packages.changes:
        rows = [
            (
                cell(change.name),
                str(change.ecosystem),
                str(change.move),
                cell(change.old) if change.old is not None else "",
                cell(change.new) if change.new is not None else "",
            )
            for change in diff.packages.changes
        ]
        share = room - int(room * _ROOM_REST) if diff.settings or diff.vulnerabilities else room
        yield _folded(
            "Packages", ("Package", "Ecosystem", "Change", "Old", "New"), rows, room=share, screen=screen
        )
        room -= share
    if found := diff.vulnerabilities:
        share = room // 2 if diff.settings else room
        yield from _vulnerabilities(found, room=share, screen=screen)
        room -= share
    if diff.settings:
        yield _folded(
            "Config", ("Config", "Old", "New"), [*map(_setting, diff.settings)], room=room, screen=screen
        )
    yield from tail


def _vulnerabilities(found: VulnerabilityDiff, *, room: int, screen: int) -> Iterator[str]:
    yield _sentence(wording.exposure(found))
    rows = [
        (
            cell(one.vulnerability.name),
            outcome,
            "" if one.vulnerability.rating is Rating.UNKNOWN else str(one.vulnerability.rating),
            cell(wording.affected(one)),
            cell(one.vulnerability.summary) if one.vulnerability.summary else "",
        )
        for outcome, exposed in (("**new**", found.new), ("fixed", found.fixed))
        for one in exposed
    ]
    header = ("Vulnerability", "Change", "Rating", "Packages", "Summary")
    reasons = [Unread(part=Part.VULNERABILITIES, reason=reason) for reason in found.unasked]
    told = [*_unread(reasons)]
    if rows:
        yield _folded(
            "Vulnerabilities", header, rows, room=room - sum(map(len, told)) - _FRAME, screen=screen
        )
    yield from told


def _origin(diff: PlatformDiff) -> str:
    origin = diff.origin
    told = wording.origin(diff)
    if origin.link:
        told += f" ([compare]({origin.link}))"
    told += "."
    system = diff.packages.distribution if diff.packages else None
    for name, pair in (
        ("System", system),
        ("Version", origin.version),
        ("Revision", origin.revision if origin.link is None else None),
        ("Source", origin.source if origin.link is None else None),
        ("Made, as the builder claims,", origin.created),
    ):
        if pair and (pair.old or pair.new):
            old, new = (code(value) if value else "none" for value in (pair.old, pair.new))
            told += f" {name} {f'{old} → {new}' if pair.differ else new}."
    return told


def _setting(change: SettingChange) -> tuple[str, ...]:
    name = f"{change.setting} {cell(change.name)}" if change.name else str(change.setting)
    old, new = (cell(wording.value(value)) if value is not None else "" for value in (change.old, change.new))
    return name, old, new


def _cautions(told: Sequence[Caution]) -> Iterator[str]:
    if told:
        lines = (f"- **{caution.alarm}**: {code(caution.message)}" for caution in told[:_MOST_CAUTIONS])
        yield "Worth a look:\n" + "\n".join(lines)


def _unread(left: Iterable[Unread]) -> Iterator[str]:
    told = [f"- {unread.part}: {code(unread.reason)}" for unread in left][:_MOST_UNREAD]
    if told:
        yield "Not known:\n" + "\n".join(told)


def _folded(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, room: int, screen: int
) -> str:
    """A table, unfolded if a screen holds it."""
    shown = table(header, rows, room=room - 2 * len(title) - 200)
    return details(title, shown) if len(rows) > screen else shown


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
