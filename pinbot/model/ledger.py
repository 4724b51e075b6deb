"""What pinbot remembers from run to run: when it first saw a digest, and what people turned down.

Dates that registries and builders give can be made up; the time at which pinbot itself first saw a digest
under a tag cannot be earlier than that tag had it. Ledgers of several runs are merged: in whatever order, and
however often, the outcome is the same, so that runs at the same time lose nothing.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pinbot.errors import InvalidReference
from pinbot.model.reference import Digest

SCHEMA = "pinbot-ledger/v1"

_MOST_FOR_ONE_IMAGE = 24
_MOST_IMAGES = 4_000
_MOST_REJECTIONS = 2_000
_LONGEST_NAME = 512


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Sighting:
    """A digest that a tag had: `image` is the whole tagged name, `seen` the time (UTC) of the first look."""

    image: str
    digest: Digest
    seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rejection:
    """A digest that people turned down for an image, by closing the pull request of that number unmerged."""

    image: str
    digest: Digest
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Everything that is remembered, sorted; see `merged`.

    Attributes:
        sightings: one for each digest of each image.
        rejections: what is not to be proposed again.
        moves: for each image when a change of it was last proposed or written.
    """

    sightings: tuple[Sighting, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    moves: tuple[tuple[str, datetime], ...] = ()

    def first_seen(self, image: str, digest: Digest) -> datetime | None:
        """When the digest was first seen under this name; None if it never was."""
        return next((one.seen for one in self.sightings if (one.image, one.digest) == (image, digest)), None)

    def rejected(self, image: str, digest: Digest) -> Rejection | None:
        """Why the digest is not to be proposed again, if so."""
        return next((one for one in self.rejections if (one.image, one.digest) == (image, digest)), None)

    def moved(self, image: str) -> datetime | None:
        """When a change of the image was last made."""
        return dict(self.moves).get(image)

    def without_rejections(self, images: Iterable[str]) -> "Ledger":
        """The same, with these images open to be proposed again."""
        again = frozenset(images)
        return replace(self, rejections=tuple(one for one in self.rejections if one.image not in again))


def merged(*ledgers: Ledger) -> Ledger:
    """What all of them know together, and no more of it than is worth keeping.

    Of a digest the earliest sighting counts, of moves the latest. Of one image the digests that were seen
    last are kept, and of all images those that were seen last.
    """
    first: dict[tuple[str, Digest], datetime] = {}
    moves: dict[str, datetime] = {}
    rejections: dict[tuple[str, Digest], Rejection] = {}
    for ledger in ledgers:
        for one in ledger.sightings:
            key = (one.image, one.digest)
            first[key] = min(one.seen, first.get(key, one.seen))
        for rejection in ledger.rejections:
            name = (rejection.image, rejection.digest)
            rejections[name] = max(rejection, rejections.get(name, rejection))
        for image, when in ledger.moves:
            moves[image] = max(when, moves.get(image, when))
    kept = _newest(Sighting(image=image, digest=digest, seen=seen) for (image, digest), seen in first.items())
    images = {one.image for one in kept}
    newest_rejections = sorted(rejections.values(), key=lambda one: (one.number, one))[-_MOST_REJECTIONS:]
    return Ledger(
        sightings=kept,
        rejections=tuple(sorted(newest_rejections)),
        moves=tuple(sorted((image, when) for image, when in moves.items() if image in images)),
    )


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
        "rejections": [
            {"image": one.image, "digest": str(one.digest), "number": one.number} for one in ledger.rejections
        ],
        "moves": {image: _written(when) for image, when in ledger.moves},
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
    listed = document.get("rejections")
    rejections = [
        Rejection(image=image, digest=digest, number=number)
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, dict)
        and isinstance(image := entry.get("image"), str)
        and len(image) <= _LONGEST_NAME
        and isinstance(number := entry.get("number"), int)
        and (digest := _digest(entry.get("digest")))
    ]
    moves = [(image, when) for image, text in _entries(document.get("moves")) if (when := _time(text))]
    return merged(Ledger(sightings=tuple(sightings), rejections=tuple(rejections), moves=tuple(moves)))


def age(seen: datetime, now: datetime) -> timedelta:
    """How long ago something was seen; a clock that went back makes it no less than nothing."""
    return max(now - seen, timedelta())


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
    except (TypeError, ValueError):
        return None
    return None if when.tzinfo is None else when.astimezone(UTC).replace(microsecond=0)
