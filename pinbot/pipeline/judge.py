"""Whether the time for an update has come: what is new about it, and how long that has been known."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from pinbot.errors import InvalidReference, NotFound, RegistryError
from pinbot.model.ledger import Ledger, age
from pinbot.model.manifest import Index, Manifest
from pinbot.model.plan import Update, UpdateKind, Wait
from pinbot.model.proposal import Subject
from pinbot.model.reference import Digest, ImageReference, Platform
from pinbot.model.treatment import CooldownMode, Digests
from pinbot.ports.registries import PushDates, Registry

_MOST_AT_ONCE = 16


class Judge:
    """Decides over updates; a first pin and a repair are never kept waiting.

    A tag without a digest means the new image already, so there is nothing to be gained by waiting. And a
    digest that the registry no longer has breaks the next build. Where both are kept as they are by the
    rules, nothing but a repair is made.

    Args:
        registry: is asked for old and new manifests of what moves, once each.
        ledger: what earlier runs saw, and what people turned down.
        now: the time, with its zone.
        hurried: what people asked not to keep waiting.
        dates: what registries say, asked only where the rules trust it and something would wait without;
            None where nothing is asked.
    """

    def __init__(
        self,
        registry: Registry,
        ledger: Ledger,
        now: datetime,
        *,
        hurried: Iterable[Subject] = (),
        dates: PushDates | None = None,
    ) -> None:
        self._registry = registry
        self._dates = dates
        self._ledger = ledger
        self._now = now.replace(microsecond=0)
        self._hurried = {(one.image, one.digest) for one in hurried}
        self._turns = asyncio.Semaphore(_MOST_AT_ONCE)

    async def judge(self, updates: Iterable[Update]) -> tuple[tuple[Update, ...], tuple[Wait, ...]]:
        """Look at every update; gives those that can be made, and those that are not to be made yet.

        Those that the rules do not want are in neither.
        """
        judged = await asyncio.gather(*map(self._one, updates))
        return (
            tuple(one for one in judged if isinstance(one, Update)),
            tuple(one for one in judged if isinstance(one, Wait)),
        )

    async def _one(self, update: Update) -> Update | Wait | None:
        digest = update.new.digest
        if digest is None:
            return update
        if rejection := self._ledger.rejected(str(update.image), digest, update.new_tag):
            return Wait(update=update, reason=rejection.why)
        if (str(update.image), digest) in self._hurried:
            return update
        if update.kind is UpdateKind.PIN:
            return update
        async with self._turns:
            found = await self._look(update, update.old.digest, digest)
        if found is None:
            return replace(update, kind=UpdateKind.REPAIR)
        if not update.new_tag and update.treatment.digests is Digests.KEEP:
            return None
        update = replace(update, seen=self._first_seen(update))
        if self._dates is not None and self._would_wait(update):
            update = replace(update, pushed=await self._dates.pushed(update.followed, digest))
        verdict = self._patient(update, *found)
        if isinstance(verdict, Update) and not verdict.treatment.remembers:
            return replace(verdict, seen=None)  # nobody keeps it, so it would be another one in each run
        return verdict

    async def _look(
        self, update: Update, old: Digest | None, new: Digest
    ) -> tuple[Manifest | Index | None, Manifest | Index | None] | None:
        """Both documents, each None where it could not be had; None for all where the old one is gone.

        Where no digest is written, the old one is what the tag means now.
        """
        before, after = await asyncio.gather(
            self._document(update.image, old), self._document(update.followed, new), return_exceptions=True
        )
        if old and isinstance(before, NotFound):
            return None
        for answer in (before, after):
            if isinstance(answer, BaseException) and not isinstance(answer, RegistryError):
                raise answer
        return (
            None if isinstance(before, BaseException) else before,
            None if isinstance(after, BaseException) else after,
        )

    async def _document(self, image: ImageReference, digest: Digest | None) -> Manifest | Index:
        return await self._registry.manifest(image.with_digest(digest))

    def _patient(
        self, update: Update, before: Manifest | Index | None, after: Manifest | Index | None
    ) -> Update | Wait:
        """Let the update pass, or say what it has to wait for."""
        treatment, seen = update.treatment, update.seen or self._now
        if isinstance(before, Index) and after is not None:
            used = tuple(one for one in _used(update, before) if _child(before, one) or _child(after, one))
            same = all(_child(before, one) == _child(after, one) for one in used)
            if used and same and not update.new_tag:
                names = ", ".join(map(str, used))
                return Wait(update=update, reason=f"nothing has changed for {names}")
            lacking = _lacking(after, used)
            full = seen + timedelta(seconds=treatment.settle)
            if lacking and update.new_tag:
                return Wait(update=update, reason=lacking)
            if lacking and self._now < full:
                return Wait(update=update, reason=f"{lacking}, and may still be on its way", until=full)
        moved = self._ledger.moved(str(update.image))
        # A move in the future was written by a clock that was wrong: it would hold the image until then.
        if moved is not None and moved <= self._now and not self._was_known(update, moved):
            free = moved + timedelta(seconds=treatment.interval)
            if self._now < free:
                return Wait(update=update, reason=f"the image last moved on {moved:%Y-%m-%d}", until=free)
        ripe = _ripe(update, self._now)
        if treatment.cooldown_mode is CooldownMode.OFF or ripe <= self._now:
            return update
        if treatment.cooldown_mode is CooldownMode.WARN:
            return replace(update, ripe=ripe)
        return Wait(update=update, reason=_known_for(update, self._now), until=ripe)

    def _would_wait(self, update: Update) -> bool:
        """Whether a date that is trusted could make a difference."""
        treatment = update.treatment
        waits = treatment.cooldown_mode is not CooldownMode.OFF and _ripe(update, self._now) > self._now
        return treatment.trust_registry_dates and waits

    def _was_known(self, update: Update, moved: datetime) -> bool:
        """Whether the last move of the image was to this very digest, so that it is no second one."""
        assert update.new.digest is not None  # noqa: S101 - only such updates come here
        seen = self._ledger.first_seen(str(update.followed), update.new.digest)
        return seen is not None and seen <= moved

    def _first_seen(self, update: Update) -> datetime:
        """When the new digest was first seen under its tag; now at the latest, whatever a clock said then."""
        assert update.new.digest is not None  # noqa: S101 - only such updates come here
        return min(self._ledger.first_seen(str(update.followed), update.new.digest) or self._now, self._now)


def _ripe(update: Update, now: datetime) -> datetime:
    return (update.since or now) + timedelta(seconds=update.treatment.cooldown)


def _known_for(update: Update, now: datetime) -> str:
    told = f"first seen {_ago(update.seen or now, now)}"
    if update.pushed is not None:
        told += f", pushed {_ago(update.pushed.when, now)} as {update.pushed.source} says"
    return told


def _used(update: Update, before: Index) -> tuple[Platform, ...]:
    """The platforms that count: those that the rules name, else the file, else all that there were."""
    if update.treatment.platforms:
        return update.treatment.platforms
    try:
        written = [Platform.parse(occurrence.platform or "") for occurrence in update.occurrences]
    except InvalidReference:  # at one of the places none is written, or none that could be known
        return before.platforms
    return tuple(sorted(set(written)))


def _lacking(after: Manifest | Index, used: tuple[Platform, ...]) -> str:
    """What an image has not got of the platforms in use, in words; empty where it has all."""
    if isinstance(after, Manifest):  # it does not say for which one it is
        return f"all but one of {', '.join(map(str, used))} is missing in it" if len(used) > 1 else ""
    lost = [str(one) for one in used if _child(after, one) is None]
    return f"{', '.join(lost)} is missing in it" if lost else ""


def _child(image: Manifest | Index, platform: Platform) -> tuple[Digest, ...] | None:
    """Digests of what an index has for a platform: several where a system has several versions."""
    if isinstance(image, Manifest):
        return None
    found = tuple(
        child.digest
        for child in image.manifests
        if child.platform is not None and child.platform.normal == platform.normal
    )
    return found or None


def _ago(seen: datetime, now: datetime) -> str:
    """How long ago, in words."""
    minutes = int(age(seen, now).total_seconds()) // 60
    if minutes == 0:
        return "just now"
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    raise AssertionError(minutes)
