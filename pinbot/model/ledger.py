"""What pinbot remembers from run to run: when it first saw a digest, and what people turned down.

Dates that registries and builders give can be made up; the time at which pinbot itself first saw a digest
under a tag cannot be earlier than that tag had it. Ledgers of several runs are merged: in whatever order, and
however often, the outcome is the same, so that runs at the same time lose nothing.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from pinbot.errors import InvalidReference
from pinbot.model.reference import Digest, is_tag

SCHEMA = "pinbot-ledger/v1"

_MOST_FOR_ONE_IMAGE = 24
_MOST_IMAGES = 4_000
_MOST_REJECTIONS = 2_000
_MOST_PULLS = 2_000
_LONGEST_NAME = 512


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Sighting:
    """A digest that a tag had: `image` is the whole tagged name, `seen` the time (UTC) of the first look."""

    image: str
    digest: Digest
    seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rejection:
    """A digest that people turned down for an image, by closing the pull request of that number unmerged.

    `tag` is the one that the image would have got with it; empty where that would have been the same.
    """

    image: str
    digest: Digest
    number: int
    tag: str = ""

    @property
    def subject(self) -> tuple[str, Digest, str]:
        """What was turned down, whatever the number of the pull request was."""
        return self.image, self.digest, self.tag

    @property
    def why(self) -> str:
        """The reason to tell."""
        what = f"the tag {self.tag}" if self.tag else "this digest"
        return f"pull request #{self.number} with {what} was closed without a merge"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Opened:
    """The last pull request from a branch, and whether everything that follows from its end was done."""

    branch: str
    number: int
    settled: bool = False


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Everything that is remembered, sorted; see `merged`.

    Attributes:
        sightings: one for each digest of each image.
        rejections: what is not to be proposed again.
        pardons: rejections that people took back.
        moves: for each image when a change of it was last proposed or written.
        pulls: one for each branch.
        dashboard: number of the issue that tells of everything; 0 where there is none.
    """

    sightings: tuple[Sighting, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    pardons: tuple[Rejection, ...] = ()
    moves: tuple[tuple[str, datetime], ...] = ()
    pulls: tuple[Opened, ...] = ()
    dashboard: int = 0

    def first_seen(self, image: str, digest: Digest) -> datetime | None:
        """When the digest was first seen under this name; None if it never was."""
        return self._seen.get((image, digest))

    def rejected(self, image: str, digest: Digest, tag: str = "") -> Rejection | None:
        """Why the digest, or the tag if it comes with another one, is not to be proposed again, if so.

        A tag that was turned down stays so whatever it means by now: another one has to come.
        """
        return self._rejected.get((image, tag or digest))

    @property
    def standing(self) -> tuple[Rejection, ...]:
        """The rejections that nobody took back."""
        pardoned = {one.subject: one.number for one in self.pardons}
        return tuple(one for one in self.rejections if one.number > pardoned.get(one.subject, -1))

    def moved(self, image: str) -> datetime | None:
        """When a change of the image was last made."""
        return self._moved.get(image)

    # Of several entries that say the same of one image the first counts, but the last move.

    @cached_property
    def _seen(self) -> dict[tuple[str, Digest], datetime]:
        return {(one.image, one.digest): one.seen for one in reversed(self.sightings)}

    @cached_property
    def _rejected(self) -> dict[tuple[str, Digest | str], Rejection]:
        return {(one.image, one.tag or one.digest): one for one in reversed(self.standing)}

    @cached_property
    def _moved(self) -> dict[str, datetime]:
        return dict(self.moves)


def merged(*ledgers: Ledger) -> Ledger:
    """What all of them know together, and no more of it than is worth keeping.

    Of a digest the earliest sighting counts, of moves and pull requests the latest. Of one image the digests
    that were seen last are kept, and of all images those that were seen last.
    """
    first: dict[tuple[str, Digest], datetime] = {}
    moves: dict[str, datetime] = {}
    rejections: dict[tuple[str, Digest, str], Rejection] = {}
    pardons: dict[tuple[str, Digest, str], Rejection] = {}
    pulls: dict[str, Opened] = {}
    for ledger in ledgers:
        for one in ledger.sightings:
            key = (one.image, one.digest)
            first[key] = min(one.seen, first.get(key, one.seen))
        for known, news in ((rejections, ledger.rejections), (pardons, ledger.pardons)):
            for rejection in news:
                known[rejection.subject] = max(rejection, known.get(rejection.subject, rejection))
        for opened in ledger.pulls:
            pulls[opened.branch] = max(opened, pulls.get(opened.branch, opened))
        for image, when in ledger.moves:
            moves[image] = max(when, moves.get(image, when))
    kept = _newest(Sighting(image=image, digest=digest, seen=seen) for (image, digest), seen in first.items())
    newest_moves = sorted(moves.items(), key=lambda move: (move[1], move[0]))[-_MOST_IMAGES:]
    newest_pulls = sorted(pulls.values(), key=lambda one: (one.number, one))[-_MOST_PULLS:]
    return Ledger(
        sightings=kept,
        rejections=_newest_rejections(rejections.values()),
        pardons=_newest_rejections(pardons.values()),
        moves=tuple(sorted(newest_moves)),
        pulls=tuple(sorted(newest_pulls)),
        dashboard=max((ledger.dashboard for ledger in ledgers), default=0),
    )


def _newest_rejections(all_of_them: Iterable[Rejection]) -> tuple[Rejection, ...]:
    return tuple(sorted(sorted(all_of_them, key=lambda one: (one.number, one))[-_MOST_REJECTIONS:]))


def _newest(sightings: Iterable[Sighting]) -> tuple[Sighting, ...]:
    by_image: dict[str, list[Sighting]] = {}
    for one in sightings:
        by_image.setdefault(one.image, []).append(one)
    groups = [
        sorted(group, key=lambda one: (one.seen, one.digest))[-_MOST_FOR_ONE_IMAGE:]
        for group in by_image.values()
    ]
    groups.sort(key=lambda group: (group[-1].seen, group[-1].image))
    return tuple(sorted(one for group in groups[-_MOST_IMAGES:] for one in group))


def to_bytes(ledger: Ledger) -> bytes:
    """The ledger as JSON, the same bytes for the same ledger."""
    sightings: dict[str, dict[str, str]] = {}
    for one in ledger.sightings:
        sightings.setdefault(one.image, {})[str(one.digest)] = _written(one.seen)
    document = {
        "schema": SCHEMA,
        "sightings": sightings,
        "rejections": [_rejection(one) for one in ledger.rejections],
        "pardons": [_rejection(one) for one in ledger.pardons],
        "moves": {image: _written(when) for image, when in ledger.moves},
        "pulls": {one.branch: {"number": one.number, "settled": one.settled} for one in ledger.pulls},
        "dashboard": ledger.dashboard,
    }
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def from_bytes(data: bytes) -> Ledger:
    """Read what `to_bytes` wrote; entries that make no sense are left out, for anybody could have edited it.

    Raises:
        ValueError: it is no ledger of this version at all.
    """
    try:
        document = json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError(f"it does not call itself {SCHEMA}")
    sightings = [
        Sighting(image=image, digest=digest, seen=seen)
        for image, digests in _entries(document.get("sightings"))
        for text, when in _entries(digests)
        if (digest := _digest(text)) and (seen := _time(when))
    ]
    moves = [(image, when) for image, text in _entries(document.get("moves")) if (when := _time(text))]
    pulls = [
        Opened(branch=branch, number=number, settled=entry.get("settled") is True)
        for branch, entry in _entries(document.get("pulls"))
        if isinstance(entry, dict) and (number := _number(entry.get("number")))
    ]
    return merged(
        Ledger(
            sightings=tuple(sightings),
            rejections=_rejections(document.get("rejections")),
            pardons=_rejections(document.get("pardons")),
            moves=tuple(moves),
            pulls=tuple(pulls),
            dashboard=_number(document.get("dashboard")),
        )
    )


def age(seen: datetime, now: datetime) -> timedelta:
    """How long ago something was seen; a clock that went back makes it no less than nothing."""
    return max(now - seen, timedelta())


def _rejection(one: Rejection) -> dict[str, str | int]:
    tag = {"tag": one.tag} if one.tag else {}
    return {"image": one.image, "digest": str(one.digest), "number": one.number, **tag}


def _rejections(listed: Any) -> tuple[Rejection, ...]:
    return tuple(
        Rejection(image=image, digest=digest, number=number, tag=tag)
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, dict)
        and isinstance(image := entry.get("image"), str)
        and len(image) <= _LONGEST_NAME
        and (number := _number(entry.get("number")))
        and (digest := _digest(entry.get("digest")))
        and isinstance(tag := entry.get("tag", ""), str)
        and (not tag or is_tag(tag))
    )


def _number(value: Any) -> int:
    """A number of an issue or a pull request; 0 where it is none."""
    return value if type(value) is int and value > 0 else 0


def _entries(value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        return []
    return [(key, entry) for key, entry in value.items() if len(key) <= _LONGEST_NAME]


def _digest(text: Any) -> Digest | None:
    try:
        return Digest.parse(text) if isinstance(text, str) else None
    except InvalidReference:
        return None


def _written(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: Any) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
        return None if when.tzinfo is None else when.astimezone(UTC).replace(microsecond=0)
    except (TypeError, ValueError, OverflowError):  # the last for a time that UTC has no year for
        return None
