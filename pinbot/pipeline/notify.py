"""The dashboard in a run: read at its start, acted on, and written at its end."""

from dataclasses import replace
from datetime import UTC, datetime

from pinbot.errors import PinbotError
from pinbot.model.ledger import Ledger, Sighting, merged
from pinbot.model.notice import Notice, Wishes
from pinbot.model.report import UpdateReport
from pinbot.ports.building import WorkTree
from pinbot.ports.forges import Forge, LedgerStore
from pinbot.render import dashboard

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Dashboard:
    """One issue of the forge. What goes wrong with it is told, and stops nothing else.

    Args:
        forge: where it is.
        tree: the repository.
        store: remembers its number, and what was wished.
    """

    def __init__(self, forge: Forge, tree: WorkTree, store: LedgerStore) -> None:
        self._forge = forge
        self._tree = tree
        self._store = store
        self._notice: Notice | None = None
        self._problem: PinbotError | None = None

    async def read(self, known: Ledger) -> Wishes:
        """What people ticked since the last run."""
        try:
            self._notice = await self._forge.notice(known.dashboard)
        except PinbotError as error:
            self._problem = error
        return dashboard.wishes(self._notice.body) if self._notice else Wishes()

    async def write(self, report: UpdateReport, known: Ledger) -> UpdateReport:
        """Have it tell what came of the run; its boxes are empty again."""
        if self._problem is not None:
            return replace(report, errors=(*report.errors, self._problem))
        try:
            body = dashboard.dashboard(report, known, naming=self._tree.name)
            notice = await self._forge.post(self._notice, body)
            if notice.number != known.dashboard:
                await self._store.add(Ledger(dashboard=notice.number))
        except PinbotError as error:
            return replace(report, errors=(*report.errors, error))
        return report


def with_granted(known: Ledger, wishes: Wishes) -> Ledger:
    """What is known when wishes are granted; to be remembered, so that they hold in later runs, too.

    What is not to wait any longer counts as seen long ago; a rejection that was taken back does not stand.
    """
    granted = Ledger(
        sightings=tuple(
            Sighting(image=one.followed, digest=one.digest, seen=_LONG_AGO) for one in sorted(wishes.now)
        ),
        pardons=tuple(
            rejection
            for one in sorted(wishes.again)
            if (rejection := known.rejected(one.image, one.digest, one.tag)) is not None
        ),
    )
    return merged(known, granted)
