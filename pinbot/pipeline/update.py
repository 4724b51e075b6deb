"""`pin` and `update` from end to end: plan, verify, then write or propose."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pinbot.errors import PinbotError
from pinbot.model.ledger import Ledger, Sighting, merged
from pinbot.model.notice import Wishes
from pinbot.model.plan import updates_within
from pinbot.model.report import UpdateReport
from pinbot.pipeline.carry import Carrier
from pinbot.pipeline.judge import Judge
from pinbot.pipeline.notify import Dashboard, with_granted
from pinbot.pipeline.plan import make_plan
from pinbot.pipeline.proposal import Terms
from pinbot.pipeline.propose import Proposer
from pinbot.policy import Policy
from pinbot.ports.building import Verifying, WorkTree
from pinbot.ports.forges import Forge, LedgerStore
from pinbot.ports.machine import Progress
from pinbot.ports.registries import PushDates, Registry
from pinbot.worktree import files
from pinbot.worktree.search import Found

if TYPE_CHECKING:  # it reads images, which takes modules that most runs do without
    from pinbot.pipeline.explain import Explainer


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What to do once the plan is made.

    Attributes:
        verifier: tells what becomes of the changes when they are built; None where nobody wants to know.
        forge: where to open pull requests; None to write to the working tree instead.
        terms: how pull requests are made.
        ledger: where is kept what earlier runs saw; None where nothing is.
        dates: what registries say about when a digest was pushed, for rules that trust it.
        now: the time, with its zone.
        explainer: tells what changed in the images that move; None where nobody wants to know.
        dry_run: plan and test-build, but write and propose nothing.
    """

    verifier: Verifying | None = None
    forge: Forge | None = None
    terms: Terms = field(default_factory=Terms)
    ledger: LedgerStore | None = None
    dates: PushDates | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    explainer: "Explainer | None" = None
    dry_run: bool = False


async def update(
    found: Found, *, tree: WorkTree, registry: Registry, policy: Policy, work: Work, progress: Progress
) -> UpdateReport:
    """Run it all. What cannot be done for one image or file is in the report; the rest goes on.

    With a forge the working tree stays as it is: the change lives on the pull request's branch.

    Raises:
        UsageError: a file lies outside of the tree that is to be built or proposed.
    """
    before = await _known(work, policy)
    dashboard, wishes = await _wishes(before, tree, work)
    known = with_granted(before, wishes)
    judge = Judge(registry, known, work.now, hurried=wishes.now, dates=work.dates)
    plan = await make_plan(
        found, registry, policy, progress, naming=tree.name, registry=registry, judge=judge
    )
    carrier = Carrier(resolver=registry, known=known, now=work.now)
    report = await _carry_out(
        UpdateReport(plan=plan), tree, work, progress, known=known, wishes=wishes, carrier=carrier
    )
    if not work.dry_run:
        after = merged(known, _news(report))
        if after != before:
            report = await _remember(report, work, after)
        if dashboard is not None:
            report = await dashboard.write(report, after)
    return report if work.forge is None else replace(report, requests=work.forge.calls)


async def _known(work: Work, policy: Policy) -> Ledger:
    """What earlier runs saw.

    A file of this machine that cannot be read stops nothing where no rule asks what is in it.
    """
    if work.ledger is None:
        return Ledger()
    try:
        return await work.ledger.read()
    except PinbotError:
        if work.forge is not None or policy.remembers:
            raise
        return Ledger()


async def _wishes(known: Ledger, tree: WorkTree, work: Work) -> tuple[Dashboard | None, Wishes]:
    """The dashboard, where there is to be one, and what is ticked on it."""
    if work.forge is None or work.ledger is None or work.dry_run or not work.terms.settings.dashboard:
        return None, Wishes()
    dashboard = Dashboard(work.forge, tree, work.ledger)
    return dashboard, await dashboard.read(known)


async def _carry_out(
    report: UpdateReport,
    tree: WorkTree,
    work: Work,
    progress: Progress,
    *,
    known: Ledger,
    wishes: Wishes,
    carrier: Carrier,
) -> UpdateReport:
    """Do with the plan what is to be done with it."""

    async def prepare(part: UpdateReport) -> UpdateReport:
        part = await _explain(part, tree, work, known, progress)
        return part if work.verifier is None else await work.verifier.verify(part, tree, progress)

    if work.forge is not None and not work.dry_run:
        proposer = Proposer(
            work.forge, tree, work.terms, prepare, work.now, known=known, wishes=wishes, carrier=carrier
        )
        return await proposer.propose(report)
    report = await prepare(report)
    return report if work.dry_run else _write(report, work.now)


def _news(report: UpdateReport) -> Ledger:
    """What was seen and what moved, as far as a later run will ask for it."""
    waits = [wait.update for wait in report.plan.waits]
    seen = Ledger(
        sightings=tuple(
            Sighting(image=str(update.followed), digest=update.new.digest, seen=update.seen)
            for update in (*waits, *(one for one in report.plan.updates if one.treatment.remembers))
            if update.seen is not None and update.new.digest is not None
        )
    )
    return merged(seen, *report.learnt)


async def _remember(report: UpdateReport, work: Work, known: Ledger) -> UpdateReport:
    """Have the ledger know all this."""
    if work.ledger is None:
        return report
    try:
        await work.ledger.add(known)
    except PinbotError as error:
        return replace(report, errors=(*report.errors, error))
    return report


async def _explain(
    report: UpdateReport, tree: WorkTree, work: Work, known: Ledger, progress: Progress
) -> UpdateReport:
    """Find out what changed in the images; a failure to do so is told, and changes nothing else."""
    if work.explainer is None:
        return report
    explanations = await work.explainer.explain(report.plan.updates, tree.name, known, progress)
    return replace(report, explanations=explanations)


def _write(report: UpdateReport, now: datetime) -> UpdateReport:
    written: list[str] = []
    errors = list(report.errors)
    for change in report.passed:
        try:
            files.replace(Path(change.path), expected=change.source.data, new=change.after, shown=change.path)
        except PinbotError as error:
            errors.append(error)
        else:
            written.append(change.path)
    made = updates_within(report.passed_updates, written)
    moved = [name for update in made for name in update.held_names]
    return replace(
        report,
        written=tuple(written),
        errors=tuple(errors),
        learnt=(Ledger(moves=tuple((image, now) for image in moved)),),
    )
