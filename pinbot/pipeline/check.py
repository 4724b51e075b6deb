"""`check` from end to end: a plan that nobody carries out, and what is gone, as findings."""

import asyncio
from collections.abc import Iterator

from pinbot.audit import pins
from pinbot.errors import PinbotError
from pinbot.model.check import CheckReport, PinFinding, PinRule
from pinbot.model.manifest import Index, Manifest
from pinbot.model.occurrence import Status
from pinbot.model.plan import Plan, Update, UpdateKind, Wait
from pinbot.model.reference import Digest, ImageReference
from pinbot.pipeline import presence
from pinbot.pipeline.candidates import known_platforms
from pinbot.pipeline.judge import Judge
from pinbot.pipeline.plan import NO_TAG, make_plan
from pinbot.pipeline.presence import Pinned, Presence
from pinbot.pipeline.scan import scan
from pinbot.policy import Policy
from pinbot.ports.building import WorkTree
from pinbot.ports.machine import Progress
from pinbot.ports.registries import Registry
from pinbot.render.printable import moment
from pinbot.worktree.search import Found

_Move = tuple[ImageReference, Digest, Digest]


async def check(
    found: Found,
    *,
    tree: WorkTree,
    registry: Registry,
    policy: Policy,
    judge: Judge,
    platforms: bool,
    progress: Progress,
) -> CheckReport:
    """Look at every reference, and change none.

    Args:
        found: the files.
        tree: the repository, whose paths the rules know.
        registry: knows what tags mean, and what is there.
        policy: what may move.
        judge: decides whether the time for an update has come.
        platforms: whether to see that what pinned indexes name is there, too.
        progress: is told of each image.
    """
    plan = await make_plan(
        found, registry, policy, progress, naming=tree.name, registry=registry, judge=judge
    )
    pinned = tuple(_pinned(found, tree, policy))
    single = await _single(plan, registry)
    untagged = await presence.of_untagged(pinned, registry, progress)
    children = await presence.of_platforms(pinned, registry, progress) if platforms else Presence()
    errors = (*plan.errors, *untagged.errors)
    told = {(error.file, error.line, error.column) for error in errors}
    findings = (
        *(one for update in plan.updates for one in _of_update(update, single)),
        *(one for wait in plan.waits for one in _of_wait(wait)),
        *untagged.findings,
        *children.findings,
    )
    return CheckReport(
        findings=tuple(sorted(findings, key=_by_place)),
        skips=tuple(skip for skip in plan.skips if skip.reason != NO_TAG),
        errors=(*errors, *(one for one in children.errors if (one.file, one.line, one.column) not in told)),
        current=plan.current,
    )


def _pinned(found: Found, tree: WorkTree, policy: Policy) -> Iterator[Pinned]:
    """The references that have a digest, and are not to be left alone."""
    for occurrence in scan(found.sources).occurrences:
        image = occurrence.image
        if image is None or occurrence.status is not Status.PINNED or not policy.covers(image):
            continue
        treatment = policy.treatment(image, tree.name(occurrence.file))
        if image.digest is not None and treatment.ignore is None:
            platforms = treatment.platforms or tuple(known_platforms((occurrence.platform,)))
            yield Pinned(occurrence=occurrence, image=image, digest=image.digest, platforms=platforms)


def _of_update(update: Update, single: set[_Move]) -> Iterator[PinFinding]:
    image, old, new = update.image.familiar, update.old.digest, update.new.digest
    was, will = ("none" if one is None else one.short for one in (old, new))
    match update.kind:
        case UpdateKind.PIN:
            rule, text = PinRule.UNPINNED, f"{image} has no digest"
        case UpdateKind.REPAIR:
            rule, text = PinRule.GONE, f"the registry no longer has {was} of {image}"
        case UpdateKind.TAG:
            rule, text = PinRule.NEWER_TAG, f"the tag {update.new_tag} is newer than {image}"
        case UpdateKind.DIGEST if old and new and (update.image, old, new) in single:
            rule, text = PinRule.ONE_PLATFORM, f"{was} is {image} for one platform, while the tag has several"
        case _:
            rule, text = PinRule.OUTDATED, f"{image} is {will} now, and {was} is pinned"
    fix = update.followed.with_digest(new).familiar
    for occurrence in update.occurrences:
        if update.kind is UpdateKind.TAG and old is None:
            yield pins.found(occurrence, PinRule.UNPINNED, f"{image} has no digest", fix=fix)
        yield pins.found(occurrence, rule, text, fix=fix)


def _of_wait(wait: Wait) -> Iterator[PinFinding]:
    update = wait.update
    new = update.new_tag or ("" if update.new.digest is None else update.new.digest.short)
    until = f", until {moment(wait.until)}" if wait.until else ""
    text = f"{update.image.familiar} could move to {new}, and waits: {wait.reason}{until}"
    for occurrence in update.occurrences:
        yield pins.found(occurrence, PinRule.WAITING, text)


async def _single(plan: Plan, registry: Registry) -> set[_Move]:
    """The moves from the image for one platform to an index of several: it was pinned by mistake."""
    moves = {
        (update.image, update.old.digest, update.new.digest)
        for update in plan.updates
        if update.kind is UpdateKind.DIGEST and update.old.digest and update.new.digest
    }

    async def is_single(image: ImageReference, old: Digest, new: Digest) -> bool:
        try:
            before, after = await asyncio.gather(
                *(registry.manifest(image.with_digest(digest)) for digest in (old, new))
            )
        except PinbotError:
            return False  # nothing is known that would speak for it
        return isinstance(before, Manifest) and isinstance(after, Index) and len(after.platforms) > 1

    answers = await asyncio.gather(*(is_single(*move) for move in moves))
    return {move for move, single in zip(moves, answers, strict=True) if single}


def _by_place(one: PinFinding) -> tuple[str, int, int, str]:
    found = one.finding
    return found.file or "", found.line or 0, found.column or 0, found.rule
