"""Updates to pull requests: which there are to be, which there are, and what follows from that."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from pinbot.errors import ForgeDenied, ForgeError
from pinbot.model.ledger import Ledger, Opened, merged
from pinbot.model.notice import Wishes
from pinbot.model.plan import Update, Wait
from pinbot.model.proposal import (
    OwnPull,
    Proposal,
    PullRequest,
    PullRequestAction,
    Survey,
)
from pinbot.model.report import UpdateReport
from pinbot.pipeline.carry import Carrier, with_carried
from pinbot.pipeline.grouping import Group, groups
from pinbot.pipeline.parts import joined, part_of, postponed
from pinbot.pipeline.proposal import Terms, proposal_of, subjects_of
from pinbot.ports.building import WorkTree
from pinbot.ports.forges import Forge

Prepare = Callable[[UpdateReport], Awaitable[UpdateReport]]
"""Explains and test-builds what a report is about."""


class Proposer:
    """Makes the pull requests of one run.

    Args:
        forge: where.
        tree: the repository.
        terms: how.
        prepare: explains and test-builds what is about to be proposed; what is proposed already is not built
            another time.
        now: the time, with its zone.
        known: what earlier runs left to be remembered.
        wishes: what people ticked on the dashboard.
        carrier: finds what is proposed already and has to stay so; None where nothing waits.
    """

    def __init__(
        self,
        forge: Forge,
        tree: WorkTree,
        terms: Terms,
        prepare: Prepare,
        now: datetime,
        *,
        known: Ledger | None = None,
        wishes: Wishes | None = None,
        carrier: Carrier | None = None,
    ) -> None:
        self._forge = forge
        self._tree = tree
        self._terms = terms
        self._prepare = prepare
        self._now = now
        self._known = known or Ledger()
        self._wishes = wishes or Wishes()
        self._carrier = carrier
        self._learnt: list[Ledger] = []
        self._made: dict[int, OwnPull] = {}
        self._opened = 0

    async def propose(self, report: UpdateReport) -> UpdateReport:
        """Have one pull request for each group of updates, and none that nothing asks for.

        Each is a matter of its own: what goes wrong with one is told, and the others are made.
        """
        try:
            survey = await self._forge.survey(self._terms.base)
        except ForgeError as error:
            return replace(report, errors=(*report.errors, error))
        self._learn(pulls=tuple(Opened(branch=pull.branch, number=pull.number) for pull in survey.pulls))
        report = await self._make(await self._settle(report, survey), survey)
        closed = {pull.number for pull in report.pull_requests if pull.action is PullRequestAction.CLOSED}
        now_open = {pull.number: pull for pull in survey.pulls} | self._made
        return replace(
            report,
            open_pulls=tuple(pull for number, pull in now_open.items() if number not in closed),
            learnt=tuple(self._learnt),
        )

    async def _settle(self, report: UpdateReport, survey: Survey) -> UpdateReport:
        """See to the pull requests of earlier runs that have come to an end since."""
        open_ones = {pull.number for pull in survey.pulls}
        for opened in self._known.pulls:
            if opened.settled or opened.number in open_ones:
                continue
            try:
                rejections = await self._forge.settle(opened.branch, opened.number)
            except ForgeError as error:
                return replace(report, errors=(*report.errors, error))
            if rejections is not None:
                self._learn(pulls=(replace(opened, settled=True),), rejections=rejections)
        return report

    async def _make(self, report: UpdateReport, survey: Survey) -> UpdateReport:
        """Make those that are to be, then close those that are not."""
        wanted = await self._with_carried(report, survey, self._groups(report.plan.updates))
        for group in wanted:
            try:
                report = await self._one(report, group, survey)
            except ForgeDenied as error:
                return replace(report, errors=(*report.errors, error))  # it would be so with all of them
            except ForgeError as error:
                report = replace(report, errors=(*report.errors, error))
        return await self._close(report, survey, {group.branch for group in wanted})

    def _groups(self, updates: Iterable[Update]) -> tuple[Group, ...]:
        return groups(updates, self._terms.settings.group, self._tree.name)

    async def _with_carried(
        self, report: UpdateReport, survey: Survey, wanted: tuple[Group, ...]
    ) -> tuple[Group, ...]:
        """The groups, with what their open pull requests propose already of images that wait now."""
        waiting = {
            group.branch: group.updates for group in self._groups(wait.update for wait in report.plan.waits)
        }
        made: list[Group] = []
        for group in wanted:
            pull = survey.pull_of(group.branch)
            carried: tuple[Update, ...] = ()
            if self._carrier is not None and pull is not None:
                carried = await self._carrier.carried(waiting.get(group.branch, ()), pull)
            made.append(replace(group, updates=with_carried(group.updates, carried)))
        return tuple(made)

    async def _one(self, report: UpdateReport, group: Group, survey: Survey) -> UpdateReport:
        part = part_of(report, group.updates)
        if not part.plan.changes:
            return report
        if group.branch not in self._wishes.rebuild:
            existing = await self._forge.find(proposal_of(part, group, self._terms, self._tree), survey)
            if existing is not None:
                return _with_pull(report, existing)
        if survey.pull_of(group.branch) is None:
            part, waits = await self._allowed(part, group, survey)
            report = postponed(report, waits)
            if not part.plan.changes:
                return report
        asked, part = part, await self._prepare(part)
        waits = tuple(wait for wait in part.plan.waits if wait not in asked.plan.waits)
        report = joined(postponed(report, waits), part)
        if not part.passed:
            return report
        proposal = proposal_of(part, group, self._terms, self._tree)
        # What was held or waits makes it a smaller one than was looked for, and that may be there already.
        existing = await self._forge.find(proposal, survey) if part.held or waits else None
        made = existing or await self._forge.propose(proposal)
        self._note(made, proposal, part, survey.pull_of(group.branch))
        return _with_pull(report, made)

    def _note(
        self, made: PullRequest, proposal: Proposal, part: UpdateReport, before: OwnPull | None
    ) -> None:
        """Remember what was made; what was proposed before has not moved."""
        if made.action not in {PullRequestAction.OPENED, PullRequestAction.UPDATED}:
            return
        self._opened += made.action is PullRequestAction.OPENED
        proposed = before.subjects if before is not None else ()
        moved = [
            name
            for update in part.passed_updates
            if not set(proposed).issuperset(subjects_of((update,)))
            for name in update.held_names
        ]
        self._learn(
            moves=tuple((image, self._now) for image in moved),
            pulls=(Opened(branch=proposal.branch, number=made.number),),
        )
        self._made[made.number] = OwnPull(
            number=made.number,
            url=made.url,
            branch=proposal.branch,
            base=proposal.base or "",
            head="",
            subjects=proposal.subjects,
        )

    async def _allowed(
        self, part: UpdateReport, group: Group, survey: Survey
    ) -> tuple[UpdateReport, tuple[Wait, ...]]:
        """What of the group may be opened now, and why the rest may not."""
        self._learn(rejections=await self._forge.rejected(group.branch))
        known = merged(self._known, *self._learnt)
        waits = tuple(
            Wait(update=update, reason=rejection.why)
            for update in part.plan.updates
            for subject in subjects_of((update,))
            if (rejection := known.rejected(subject.image, subject.digest, subject.tag))
        )
        refused = {wait.update for wait in waits}
        left = tuple(update for update in part.plan.updates if update not in refused)
        urgent = group.urgent or self._wishes.now.issuperset(subjects_of(left))
        if left and not urgent and (why := self._not_now(survey)) is not None:
            reason, until = why
            waits += tuple(Wait(update=update, reason=reason, until=until) for update in left)
            left = ()
        return part_of(part, left), waits

    def _learn(self, **news: Any) -> None:
        self._learnt.append(Ledger(**news))

    def _not_now(self, survey: Survey) -> tuple[str, datetime | None] | None:
        """Why no other pull request may be opened now, and until when, if that is known."""
        settings, now = self._terms.settings, self._now
        if settings.schedule is not None and not settings.schedule.allows(now):
            return "pull requests are opened at other times", settings.schedule.next(now)
        are_open = len(survey.pulls) + self._opened
        if settings.limit is not None and are_open >= settings.limit:
            told = "1 pull request is" if are_open == 1 else f"{are_open} pull requests are"
            return f"{told} open, and no more are allowed", None
        if settings.per_run is not None and self._opened >= settings.per_run:
            told = "1 pull request was" if self._opened == 1 else f"{self._opened} pull requests were"
            return f"{told} opened in this run, and no more are allowed", None
        return None

    async def _close(self, report: UpdateReport, survey: Survey, wanted: Collection[str]) -> UpdateReport:
        """Close what nothing asks for any more, as far as this run can tell."""
        if not self._terms.whole or report.plan.errors:
            return report
        for pull in survey.pulls:
            if pull.branch in wanted or _is_pending(pull, report):
                continue
            try:
                made = await self._forge.close(pull, _why_needless(pull, report))
            except ForgeError as error:
                report = replace(report, errors=(*report.errors, error))
                continue
            report = _with_pull(report, made)
            settled = made.action is PullRequestAction.CLOSED
            self._learn(pulls=(Opened(branch=pull.branch, number=pull.number, settled=settled),))
        return report


def _is_pending(pull: OwnPull, report: UpdateReport) -> bool:
    """Whether an image that waits would still be changed by what the pull request proposes of it."""
    waiting = [(str(wait.update.image), wait.update.old.digest) for wait in report.plan.waits]
    return any(
        subject.image == image and (subject.tag or subject.digest != digest)
        for subject in pull.subjects
        for image, digest in waiting
    )


def _with_pull(report: UpdateReport, pull: PullRequest) -> UpdateReport:
    return replace(report, pull_requests=(*report.pull_requests, pull))


def _why_needless(pull: OwnPull, report: UpdateReport) -> str:
    """What to say to those who watch a pull request that is closed."""
    moving = {str(update.image) for update in report.plan.updates}
    if any(subject.image in moving for subject in pull.subjects):
        return "Its images are now part of another pull request of pinbot's."
    return "There is nothing left to change here: what it proposed is on the base branch, or no longer there."
