"""Occurrences and resolutions to a plan: which references move, how, and why the others do not."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from pinbot import rewrite
from pinbot.errors import NotFound, PinbotError
from pinbot.formats import pinning
from pinbot.model.occurrence import Occurrence, SourceFile, Status
from pinbot.model.plan import (
    FileChange,
    Plan,
    Resolution,
    Skip,
    Update,
    UpdateKind,
    Version,
    Wait,
    updates_within,
)
from pinbot.model.reference import ImageReference
from pinbot.model.treatment import Treatment
from pinbot.pipeline.candidates import Candidate, laid_over, places, updates, without
from pinbot.pipeline.judge import Judge
from pinbot.pipeline.resolve import Answer, resolve_all
from pinbot.pipeline.scan import format_for, scan
from pinbot.pipeline.upgrade import Upgrades, look_for_newer
from pinbot.policy import Policy
from pinbot.ports.machine import Progress
from pinbot.ports.registries import Registry, Resolver
from pinbot.worktree.search import Found

NO_TAG = "there is no tag to follow; write it before the digest, like alpine:3.22@sha256:…"


async def make_plan(
    found: Found,
    resolver: Resolver,
    policy: Policy,
    progress: Progress,
    *,
    naming: Callable[[str], str] = str,
    registry: Registry | None = None,
    judge: Judge | None = None,
) -> Plan:
    """Look at every file, ask for every image once, and decide.

    Args:
        found: the files.
        resolver: what tags mean now.
        policy: what may move.
        progress: is told of each image.
        naming: the path of a file from the root of its repository, by which rules know it.
        registry: knows which tags there are; None where tags do not move.
        judge: decides whether the time for an update has come; None lets all pass.
    """
    scanned = scan(found.sources)
    candidates: list[Candidate] = []
    skips: list[Skip] = []
    for occurrence in scanned.occurrences:
        image = occurrence.image
        if image is not None and not policy.covers(image):
            continue
        treatment = _treatment(occurrence, policy, naming)
        reason = _why_not(occurrence, treatment, policy)
        if image is None or reason is not None:
            skips.append(_skip(occurrence, reason or ""))
        else:
            candidates.append(Candidate(occurrence, image, treatment))

    asked = [one for one in candidates if policy.move or one.occurrence.status is Status.UNPINNED]
    answers = await resolve_all(resolver.resolve, (one.tagged for one in asked), progress)
    newer = Upgrades()
    if registry is not None and policy.move:
        newer = await look_for_newer(_hopeful(asked, answers), registry, progress)
    failures = [
        *((one, answer) for one in asked if isinstance(answer := answers[one.tagged], PinbotError)),
        *newer.failures,
    ]
    ready, waits = await _judged(updates(_moved(asked, answers)), newer.updates, judge)
    changes, unwritable = change_files(found.sources, ready)
    touched = places((*ready, *(wait.update for wait in waits)))
    unsettled = {one.occurrence for one, _ in (*failures, *newer.skips)}
    return Plan(
        updates=updates_within(ready, {change.path for change in changes}),
        waits=waits,
        skips=(*skips, *(skip for _, skip in newer.skips)),
        changes=changes,
        sources=tuple(found.sources),
        errors=(*found.errors, *scanned.errors, *_told_once(failures), *unwritable),
        current=len({one.occurrence for one in candidates} - touched - unsettled),
    )


def _hopeful(candidates: Iterable[Candidate], answers: Mapping[ImageReference, Answer]) -> list[Candidate]:
    """Those whose registry answers, be it that a tag is no longer there."""
    return [one for one in candidates if isinstance(answers[one.tagged], Resolution | NotFound)]


def _moved(
    candidates: Iterable[Candidate], answers: Mapping[ImageReference, Answer]
) -> Iterator[tuple[Candidate, Version]]:
    """The references whose tags mean something else than what they are fixed to."""
    for one in candidates:
        answer = answers[one.tagged]
        if isinstance(answer, Resolution) and answer.digest != one.image.digest:
            yield one, Version(tag=one.image.tag, digest=answer.digest)


async def _judged(
    moves: tuple[Update, ...], upgrades: tuple[Update, ...], judge: Judge | None
) -> tuple[tuple[Update, ...], tuple[Wait, ...]]:
    """What can be done now, and what waits: a newer tag, if it can be had; the digest of the old one, if not.

    What is broken is repaired with the digest of its own tag.
    """
    ready, waits = (moves, ()) if judge is None else await judge.judge(moves)
    broken = places(update for update in ready if update.kind is UpdateKind.REPAIR)
    wanted = without(upgrades, broken)
    newer, later = (wanted, ()) if judge is None else await judge.judge(wanted)
    taken = places(newer)
    left = [replace(wait, update=one) for wait in waits for one in without((wait.update,), taken)]
    return laid_over(ready, newer), (*later, *left)


def _treatment(occurrence: Occurrence, policy: Policy, naming: Callable[[str], str]) -> Treatment:
    if occurrence.image is None:
        return policy.standard
    return policy.treatment(occurrence.image, naming(occurrence.file))


def _why_not(occurrence: Occurrence, treatment: Treatment, policy: Policy) -> str | None:
    if occurrence.status is Status.SKIPPED:
        return occurrence.reason
    if treatment.ignore is not None:
        return treatment.ignore
    if policy.move and occurrence.image is not None and occurrence.image.effective_tag is None:
        return NO_TAG
    return None


def _skip(occurrence: Occurrence, reason: str) -> Skip:
    image = str(occurrence.image) if occurrence.image else occurrence.raw
    return Skip(image=image, file=occurrence.file, line=occurrence.position.line, reason=reason)


def _told_once(failures: Iterable[tuple[Candidate, PinbotError]]) -> Iterator[PinbotError]:
    """The error of each image, once, at the first place that names the image."""
    told: set[ImageReference] = set()
    for one, error in sorted(
        failures, key=lambda pair: (pair[0].occurrence.file, pair[0].occurrence.position)
    ):
        if one.tagged not in told:
            told.add(one.tagged)
            place = one.occurrence.position
            yield error.at(file=one.occurrence.file, line=place.line, column=place.column)


def change_files(
    sources: Iterable[SourceFile], updates: Iterable[Update]
) -> tuple[tuple[FileChange, ...], tuple[PinbotError, ...]]:
    """Apply the edits of each file and prove the result; a file that fails is left out and reported."""
    pins: dict[str, dict[Occurrence, pinning.Pin]] = {}
    for update in updates:
        for occurrence in update.occurrences:
            if update.new.digest is not None:
                pin = pinning.Pin(update.new.digest, update.new_tag)
                pins.setdefault(occurrence.file, {})[occurrence] = pin
    changes: list[FileChange] = []
    errors: list[PinbotError] = []
    for source in sources:
        intended = pins.get(source.path)
        if not intended:
            continue
        edits = tuple(
            dict.fromkeys(pinning.pin(place, pin.digest, pin.tag) for place, pin in intended.items())
        )
        try:
            after = rewrite.apply(source.data, edits)
            pinning.prove(format_for(source.path), source, after, intended)
        except PinbotError as error:
            errors.append(error.at(file=source.path, line=error.line, column=error.column))
        else:
            changes.append(FileChange(source=source, edits=edits, after=after))
    return tuple(changes), tuple(errors)
