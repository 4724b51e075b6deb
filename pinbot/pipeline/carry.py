"""What an open pull request proposes already goes on being proposed, while something newer has to wait.

Without it a pull request of several images would lose one whenever that image got a digest too young to be
taken, and get it back days later.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pinbot import tags
from pinbot.errors import NotFound, PinbotError
from pinbot.model.ledger import Ledger, age
from pinbot.model.plan import Update, UpdateKind, Version
from pinbot.model.proposal import OwnPull, Subject
from pinbot.model.treatment import Treatment
from pinbot.pipeline.candidates import kind_of, laid_over, places, without
from pinbot.ports.registries import Resolver


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Finds what to carry on.

    Attributes:
        resolver: tells whether a digest is still there.
        known: what was seen, and what was turned down.
        now: the time, with its zone.
    """

    resolver: Resolver
    known: Ledger
    now: datetime

    async def carried(self, waiting: Iterable[Update], pull: OwnPull) -> tuple[Update, ...]:
        """What the pull request proposes for those images that could move further, and wait.

        A digest that is no longer there is not carried on. One that could not be asked about is, since
        nothing speaks against it.
        """
        found = [
            earlier
            for update in waiting
            if (subject := self._proposed(update, pull.subjects)) is not None
            and (earlier := self._earlier(update, subject)) is not None
        ]
        return tuple([update for update in found if await self._is_there(update)])

    def _proposed(self, update: Update, subjects: Iterable[Subject]) -> Subject | None:
        """What is proposed instead of it: a tag that its rules allow for a tag, a digest for a digest.

        The pull request may propose several of one image, by the rules of several files: what is too young
        by those of this update is none of its own.
        """
        image, treatment = str(update.image), update.treatment
        own = [
            one
            for one in subjects
            if one.image == image
            and bool(one.tag) == bool(update.new_tag)
            and (one.tag, one.digest) != (update.new_tag, update.new.digest)
            and self._is_ripe(one, treatment)
        ]
        if update.new_tag and update.old.tag:
            among = (one.tag for one in own)
            tag = tags.newest(update.old.tag, among, reach=treatment.tags, versions=treatment.versions)
            own = [one for one in own if one.tag == tag]
        return max(reversed(own), key=self._seen, default=None)

    def _is_ripe(self, subject: Subject, treatment: Treatment) -> bool:
        """Whether it has been seen for long enough, as far as that is known here."""
        if treatment.trust_registry_dates or not treatment.cooldown:
            return True
        return age(self._seen(subject), self.now) >= timedelta(seconds=treatment.cooldown)

    def _seen(self, subject: Subject) -> datetime:
        return self.known.first_seen(subject.followed, subject.digest) or self.now

    def _earlier(self, update: Update, subject: Subject) -> Update | None:
        """The update as it is proposed; None where that was turned down, or brings nothing newer."""
        if not subject.tag and self._is_behind(subject, update):
            return None
        if self.known.rejected(subject.image, subject.digest, subject.tag):
            return None
        new = Version(tag=subject.tag or update.old.tag, digest=subject.digest)
        kind = kind_of(update.old, new)
        earlier = replace(update, kind=kind, new=new, seen=None, pushed=None, ripe=None)
        if not update.treatment.remembers:
            return earlier
        return replace(earlier, seen=self.known.first_seen(subject.followed, subject.digest))

    def _is_behind(self, subject: Subject, update: Update) -> bool:
        """Whether the base has the digest already, or one that came later."""
        if update.old.digest is None or subject.digest == update.old.digest:
            return subject.digest == update.old.digest
        there = self.known.first_seen(subject.image, update.old.digest)
        return there is not None and there > self._seen(subject)

    async def _is_there(self, update: Update) -> bool:
        try:
            await self.resolver.resolve(replace(update.image, tag=None, digest=update.new.digest))
        except NotFound:
            return False
        except PinbotError:
            return True
        return True


def with_carried(updates: Iterable[Update], carried: Iterable[Update]) -> tuple[Update, ...]:
    """Both together, with one update for each place: an earlier tag rather than the digest of the old one."""
    updates, carried = tuple(updates), tuple(carried)
    fixed = places(one for one in updates if one.new_tag or one.kind is UpdateKind.REPAIR)
    tagged = without((one for one in carried if one.new_tag), fixed)
    return laid_over((one for one in carried if not one.new_tag), laid_over(updates, tagged))
