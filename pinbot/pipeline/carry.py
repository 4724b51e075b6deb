"""What an open pull request proposes already goes on being proposed, while something newer has to wait.

Without it a pull request of several images would lose one whenever that image got a digest too young to be
taken, and get it back days later.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pinbot.errors import NotFound, PinbotError
from pinbot.model.ledger import Ledger
from pinbot.model.plan import Update, Version
from pinbot.model.proposal import OwnPull, Subject
from pinbot.pipeline.candidates import kind_of
from pinbot.ports.registries import Resolver


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Finds what to carry on.

    Attributes:
        resolver: tells whether a digest is still there.
        known: what was seen, and what was turned down.
    """

    resolver: Resolver
    known: Ledger

    async def carried(self, waiting: Iterable[Update], pull: OwnPull) -> tuple[Update, ...]:
        """What the pull request proposes for those images that could move further, and wait.

        A digest that is no longer there is not carried on. One that could not be asked about is, since
        nothing speaks against it.
        """
        proposed = {subject.image: subject for subject in pull.subjects}
        found = [
            earlier
            for update in waiting
            if (subject := proposed.get(str(update.image))) is not None
            and (earlier := self._earlier(update, subject)) is not None
        ]
        return tuple([update for update in found if await self._is_there(update)])

    def _earlier(self, update: Update, subject: Subject) -> Update | None:
        """The update as it is proposed; None where that changes nothing, or was turned down."""
        if subject.digest == update.old.digest:
            return None
        if self.known.rejected(subject.image, subject.digest, subject.tag):
            return None
        new = Version(tag=subject.tag or update.old.tag, digest=subject.digest)
        kind = kind_of(update.old, new)
        earlier = replace(update, kind=kind, new=new, seen=None, pushed=None, ripe=None)
        if not update.treatment.remembers:
            return earlier
        return replace(earlier, seen=self.known.first_seen(subject.followed, subject.digest))

    async def _is_there(self, update: Update) -> bool:
        try:
            await self.resolver.resolve(replace(update.image, tag=None, digest=update.new.digest))
        except NotFound:
            return False
        except PinbotError:
            return True
        return True
