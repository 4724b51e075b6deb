"""Occurrences and resolutions to a plan: which references move, how, and why the others do not."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pinbot import rewrite
from pinbot.errors import PinbotError
from pinbot.formats import pinning
from pinbot.model.occurrence import Occurrence, SourceFile, Status
from pinbot.model.plan import FileChange, Plan, Skip, Update, UpdateKind, Version, updates_within
from pinbot.model.reference import Digest, ImageReference
from pinbot.model.treatment import Treatment
from pinbot.pipeline.judge import Judge
from pinbot.pipeline.resolve import Answer, resolve_all
from pinbot.pipeline.scan import format_for, scan
from pinbot.policy import Policy
from pinbot.ports.machine import Progress
from pinbot.ports.registries import Resolver
from pinbot.worktree.search import Found

NO_TAG = "there is no tag to follow; write it before the digest, like alpine:3.22@sha256:…"


async def make_plan(
    found: Found,
    resolver: Resolver,
    policy: Policy,
    progress: Progress,
    *,
    naming: Callable[[str], str] = str,
    judge: Judge | None = None,
) -> Plan:
    """Look at every file, ask for every image once, and decide.

    Args:
        found: the files.
        resolver: what tags mean now.
        policy: what may move.
        progress: is told of each image.
        naming: the path of a file from the root of its repository, by which rules know it.
        judge: decides whether the time for an update has come; None lets all pass.
    """
    scanned = scan(found.sources)
    candidates: list[_Candidate] = []
    skips: list[Skip] = []
    for occurrence in scanned.occurrences:
        if occurrence.image is not None and not policy.covers(occurrence.image):
            continue
        candidate = _Candidate(occurrence, _treatment(occurrence, policy, naming))
        reason = _why_not(candidate, policy)
        if reason is None:
            candidates.append(candidate)
        else:
            skips.append(_skip(occurrence, reason))

    asked = [one for one in candidates if policy.move or one.occurrence.status is Status.UNPINNED]
    answers = await resolve_all(resolver.resolve, (one.tagged for one in asked), progress)
    moving = _updates(asked, answers)
    ready, waits = (moving, ()) if judge is None else await judge.judge(moving)
    changes, unwritable = change_files(found.sources, ready)
    updates = updates_within(ready, {change.path for change in changes})
    failed = [one for one in asked if isinstance(answers[one.tagged], PinbotError)]
    return Plan(
        updates=updates,
        waits=waits,
        skips=tuple(skips),
        changes=changes,
        errors=(*found.errors, *scanned.errors, *_failures(failed, answers), *unwritable),
        current=len(candidates) - sum(len(update.occurrences) for update in moving) - len(failed),
    )


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A reference that may be looked at, and how."""

    occurrence: Occurrence
    treatment: Treatment

    @property
    def tagged(self) -> ImageReference:
        assert self.occurrence.image is not None  # noqa: S101 - only skipped occurrences have none
        return self.occurrence.image.tagged


def _treatment(occurrence: Occurrence, policy: Policy, naming: Callable[[str], str]) -> Treatment:
    if occurrence.image is None:
        return policy.standard
    return policy.treatment(occurrence.image, naming(occurrence.file))


def _why_not(candidate: _Candidate, policy: Policy) -> str | None:
    occurrence = candidate.occurrence
    if occurrence.status is Status.SKIPPED:
        return occurrence.reason
    if candidate.treatment.ignore is not None:
        return candidate.treatment.ignore
    if policy.move and occurrence.image is not None and occurrence.image.effective_tag is None:
        return NO_TAG
    return None


def _skip(occurrence: Occurrence, reason: str) -> Skip:
    image = str(occurrence.image) if occurrence.image else occurrence.raw
    return Skip(image=image, file=occurrence.file, line=occurrence.position.line, reason=reason)


def _updates(
    candidates: Iterable[_Candidate], answers: Mapping[ImageReference, Answer]
) -> tuple[Update, ...]:
    """One update for each image, old version and treatment; places that are right already do not appear."""
    groups: dict[tuple[ImageReference, Version, Digest, Treatment], list[Occurrence]] = {}
    for one in candidates:
        image = one.occurrence.image
        answer = answers[one.tagged]
        if image is None or isinstance(answer, PinbotError) or answer.digest == image.digest:
            continue
        old = Version(tag=image.tag, digest=image.digest)
        groups.setdefault((image.tagged, old, answer.digest, one.treatment), []).append(one.occurrence)
    updates = (
        Update(
            image=image,
            kind=UpdateKind.PIN if old.digest is None else UpdateKind.DIGEST,
            old=old,
            new=Version(tag=image.tag, digest=digest),
            occurrences=tuple(places),
            treatment=treatment,
        )
        for (image, old, digest, treatment), places in groups.items()
    )
    return tuple(sorted(updates, key=lambda update: (str(update.image), str(update.old.digest))))


def _failures(
    candidates: Iterable[_Candidate], answers: Mapping[ImageReference, Answer]
) -> Iterable[PinbotError]:
    """The error of each image, once, at the first place that names the image."""
    first = {one.tagged: one.occurrence for one in reversed(list(candidates))}
    for image, occurrence in sorted(first.items(), key=lambda item: (item[1].file, item[1].position)):
        error = answers[image]
        if isinstance(error, PinbotError):
            place = occurrence.position
            yield error.at(file=occurrence.file, line=place.line, column=place.column)


def change_files(
    sources: Iterable[SourceFile], updates: Iterable[Update]
) -> tuple[tuple[FileChange, ...], tuple[PinbotError, ...]]:
    """Apply the edits of each file and prove the result; a file that fails is left out and reported."""
    pins: dict[str, dict[Occurrence, Digest]] = {}
    for update in updates:
        for occurrence in update.occurrences:
            if update.new.digest is not None:
                pins.setdefault(occurrence.file, {})[occurrence] = update.new.digest
    changes: list[FileChange] = []
    errors: list[PinbotError] = []
    for source in sources:
        intended = pins.get(source.path)
        if not intended:
            continue
        edits = tuple(
            dict.fromkeys(pinning.pin(occurrence, digest) for occurrence, digest in intended.items())
        )
        try:
            after = rewrite.apply(source.data, edits)
            pinning.prove(format_for(source.path), source, after, intended)
        except PinbotError as error:
            errors.append(error.at(file=source.path, line=error.line, column=error.column))
        else:
            changes.append(FileChange(source=source, edits=edits, after=after))
    return tuple(changes), tuple(errors)
