"""References that may move, gathered to updates: one for all that move alike."""

from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from pinbot.errors import InvalidReference
from pinbot.model.occurrence import Occurrence
from pinbot.model.plan import Update, UpdateKind, Version
from pinbot.model.reference import ImageReference, Platform
from pinbot.model.treatment import Treatment


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reference to an image that may be looked at, and how."""

    occurrence: Occurrence
    image: ImageReference
    treatment: Treatment

    @property
    def tagged(self) -> ImageReference:
        """What its digest is looked up by."""
        return self.image.tagged

    @property
    def version(self) -> Version:
        """What it is fixed to."""
        return Version(tag=self.image.tag, digest=self.image.digest)


def known_platforms(names: Iterable[str | None]) -> Iterator[Platform]:
    """Those of the names that say a platform, and are no variable that only the builder knows."""
    for name in names:
        with suppress(InvalidReference):
            if name:
                yield Platform.parse(name)


def updates(moves: Iterable[tuple[Candidate, Version]]) -> tuple[Update, ...]:
    """One update for each image, old version, new version and treatment, ordered by image."""
    groups: dict[tuple[ImageReference, Version, Version, Treatment], list[Occurrence]] = {}
    for one, new in moves:
        groups.setdefault((one.tagged, one.version, new, one.treatment), []).append(one.occurrence)
    made = (
        Update(
            image=image,
            kind=kind_of(old, new),
            old=old,
            new=new,
            occurrences=tuple(places),
            treatment=treatment,
        )
        for (image, old, new, treatment), places in groups.items()
    )
    return in_order(made)


def kind_of(old: Version, new: Version) -> UpdateKind:
    """Why a reference changes, but for what is broken."""
    if old.tag != new.tag:
        return UpdateKind.TAG
    return UpdateKind.PIN if old.digest is None else UpdateKind.DIGEST


def in_order(updates: Iterable[Update]) -> tuple[Update, ...]:
    """The updates in the order of a plan."""
    return tuple(sorted(updates, key=lambda update: (str(update.image), str(update.old.digest))))


def places(updates: Iterable[Update]) -> set[Occurrence]:
    """Every reference that one of the updates is about."""
    return {place for update in updates for place in update.occurrences}


def without(updates: Iterable[Update], places: Container[Occurrence]) -> tuple[Update, ...]:
    """The updates without these places; those that have no others are left out."""
    left = (
        replace(update, occurrences=tuple(place for place in update.occurrences if place not in places))
        for update in updates
    )
    return tuple(update for update in left if update.occurrences)


def laid_over(below: Iterable[Update], above: Iterable[Update]) -> tuple[Update, ...]:
    """Both in the order of a plan, where those above take the places of those below."""
    above = tuple(above)
    return in_order((*above, *without(below, places(above))))
