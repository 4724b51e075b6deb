"""Test builds for another job to propose by: what that one will propose is what has to be built here."""

from collections.abc import Iterator
from dataclasses import replace

from pinbot.model.build import ChangedFile
from pinbot.model.plan import Plan, Update
from pinbot.model.proposing import Grouping
from pinbot.model.report import UpdateReport
from pinbot.pipeline.candidates import laid_over
from pinbot.pipeline.grouping import groups
from pinbot.pipeline.parts import joined, part_of
from pinbot.pipeline.verify import changed_files
from pinbot.ports.building import Verifying, WorkTree
from pinbot.ports.machine import Progress

_MOST_ALONE = 8
"""Of those that wait: each may be one build more for each of its files."""


class Rehearsal:
    """Has the updates verified in the groups in which they will be proposed, each on its own.

    A file whose images go into several pull requests has another content in each of them. And what waits here
    for nothing but time may have waited for long enough there: since when a digest is known, and when an
    image last moved, stands in a ledger that only the job that proposes can read.

    Args:
        verifier: builds.
        grouping: which updates share a pull request where no rule says so.
    """

    def __init__(self, verifier: Verifying, grouping: Grouping) -> None:
        self._verifier = verifier
        self._grouping = grouping

    async def verify(self, report: UpdateReport, tree: WorkTree, progress: Progress) -> UpdateReport:
        """See `Verifying.verify`; a file that does not pass in one group is held.

        What does not pass with something that waits is told, and holds nothing: it may never be proposed.
        """
        whole, built = report, set[tuple[ChangedFile, ...]]()
        for number, updates in enumerate(_rounds(whole.plan)):
            for group in groups(updates, self._grouping, tree.name):
                part = part_of(whole, group.updates)
                files = changed_files({tree.relative(change.path): change for change in part.plan.changes})
                if not files or files in built:
                    continue
                built.add(files)
                done = await self._verifier.verify(part, tree, progress)
                report = joined(report, done if number == 0 else replace(done, held=()))
        return report


def _rounds(plan: Plan) -> Iterator[tuple[Update, ...]]:
    """What may be proposed together: first what need not wait; then that with what may have waited by then.

    A newer tag that waits leaves its place to the digest of the old one, so there is a round for each. And
    where several wait, the time of one of them may come before that of the others.
    """
    in_time = [wait.update for wait in plan.waits if wait.until is not None]
    digests = [update for update in in_time if not update.new_tag]
    tags = [update for update in in_time if update.new_tag]
    yield plan.updates
    yield laid_over(plan.updates, digests)
    yield laid_over(laid_over(plan.updates, digests), tags)
    for update in in_time[:_MOST_ALONE]:
        yield laid_over(plan.updates, (update,))
