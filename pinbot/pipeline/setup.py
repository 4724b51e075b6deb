"""`init` from end to end: leave what is there, pin what can be pinned, write the rest."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pinbot.errors import PinbotError
from pinbot.formats.discover import format_of
from pinbot.model.occurrence import SourceFile
from pinbot.model.plan import Plan
from pinbot.model.setup import Draft, DraftOutcome, DraftStatus, SetupReport
from pinbot.pipeline.plan import make_plan
from pinbot.pipeline.scan import scan
from pinbot.policy import Policy
from pinbot.ports.machine import Progress
from pinbot.ports.registries import Resolver
from pinbot.worktree import files
from pinbot.worktree.search import Found


async def set_up(
    drafts: Sequence[Draft],
    *,
    root: Path,
    resolver: Resolver | None,
    progress: Progress,
    dry_run: bool,
) -> SetupReport:
    """Write the files that are not there, and never another.

    Args:
        drafts: what is to be there.
        root: of the repository; all is written below it.
        resolver: what tags mean now; None leaves images with their tags.
        progress: is told of each image.
        dry_run: write nothing.
    """
    wanted = [draft for draft in drafts if _obstacle(draft, root) is None]
    plan = await _pin(wanted, resolver, progress)
    pinned = {change.path: change.after for change in plan.changes}
    outcomes: list[DraftOutcome] = []
    errors: list[PinbotError] = []
    for draft in drafts:
        obstacle = _obstacle(draft, root) if draft not in wanted else None
        if obstacle is not None:
            outcomes.append(obstacle)
            continue
        try:
            outcomes.append(
                _write(replace(draft, data=pinned.get(draft.path, draft.data)), root, dry_run=dry_run)
            )
        except PinbotError as error:
            errors.append(error)
            outcomes.append(DraftOutcome(path=draft.path, status=DraftStatus.FAILED, note=error.message))
    return SetupReport(
        files=tuple(outcomes),
        pinned=tuple(update.image.with_digest(update.new.digest) for update in plan.updates),
        unpinned=plan.errors,
        errors=tuple(errors),
    )


def _obstacle(draft: Draft, root: Path) -> DraftOutcome | None:
    """What is there in a draft's place; None where nothing is."""
    if os.path.lexists(root / draft.path):
        return DraftOutcome(path=draft.path, status=DraftStatus.KEPT, note=_advice(draft, root))
    other = next((path for path in draft.instead if os.path.lexists(root / path)), None)
    if other is None:
        return None
    note = ": ".join(part for part in (f"{other} is there", draft.advice) if part)
    return DraftOutcome(path=draft.path, status=DraftStatus.LEFT_OUT, note=note)


def _advice(draft: Draft, root: Path) -> str:
    """What to do about a file that is kept; nothing where it is as it would be written."""
    try:
        found = files.read(root / draft.path, shown=draft.path).data
    except PinbotError:
        return draft.advice
    return "" if found == draft.data else draft.advice


async def _pin(drafts: Sequence[Draft], resolver: Resolver | None, progress: Progress) -> Plan:
    sources = tuple(
        SourceFile(path=draft.path, data=draft.data) for draft in drafts if format_of(draft.path) is not None
    )
    if resolver is None:
        images = dict.fromkeys(one.image.tagged for one in scan(sources).occurrences if one.image is not None)
        return Plan(errors=tuple(PinbotError("nobody was asked", image=str(image)) for image in images))
    return await make_plan(
        Found(sources=sources, errors=()), resolver, replace(Policy(), move=False), progress
    )


def _write(draft: Draft, root: Path, *, dry_run: bool) -> DraftOutcome:
    if dry_run:
        return DraftOutcome(path=draft.path, status=DraftStatus.PLANNED)
    written = files.create(root / draft.path, draft.data, within=root, shown=draft.path)
    if not written:  # something came in between
        return DraftOutcome(path=draft.path, status=DraftStatus.KEPT, note=draft.advice)
    return DraftOutcome(path=draft.path, status=DraftStatus.WRITTEN)
