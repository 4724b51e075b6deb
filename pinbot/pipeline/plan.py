"""Occurrences and resolutions to a plan: which references move, how, and why the others do not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pinbot import rewrite
from pinbot.errors import PinbotError
from pinbot.formats import pinning
from pinbot.model.occurrence import Occurrence, SourceFile, Status
from pinbot.model.plan import FileChange, Plan, Skip, Update, UpdateKind, Version, updates_within
from pinbot.model.reference import Digest, ImageReference
from pinbot.pipeline.resolve import Answer, resolve_all
from pinbot.pipeline.scan import format_for, scan
from pinbot.ports import Progress, Resolver
from pinbot.worktree.search import Found

NO_TAG = "there is no tag to follow; write it before the digest, like alpine:3.22@sha256:…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may move.

    Attributes:
        move: whether a digest that is already there follows its tag (`update`) or stays (`pin`).
        only: globs of images to look at, matched against short and long names; empty means all.
    """

    move: bool = True
    only: tuple[str, ...] = ()

    def covers(self, image: ImageReference) -> bool:
        """Whether the globs let this image through."""
        plain = image.with_digest(None)
        names = {plain.familiar, str(plain), plain.name, plain.familiar.partition(":")[0]}
        return not self.only or any(fnmatchcase(name, glob) for name in names for glob in self.only)


async def make_plan(found: Found, resolver: Resolver, policy: Policy, progress: Progress) -> Plan:
    """Look at every file, ask for every image once, and decide."""
    scanned = scan(found.sources)
    candidates: list[Occurrence] = []
    skips: list[Skip] = []
    for occurrence in scanned.occurrences:
        if occurrence.image is not None and not policy.covers(occurrence.image):
            continue
        reason = _why_not(occurrence, policy)
        if reason is None:
            candidates.append(occurrence)
        else:
            skips.append(_skip(occurrence, reason))

    asked = [occurrence for occurrence in candidates if policy.move or occurrence.status is Status.UNPINNED]
    answers = await resolve_all(resolver.resolve, (_tagged(occurrence) for occurrence in asked), progress)
    wanted = _updates(asked, answers)
    changes, unwritable = _changes(found.sources, wanted)
    updates = updates_within(wanted, {change.path for change in changes})
    moving = sum(len(update.occurrences) for update in wanted)
    failed = [occurrence for occurrence in asked if isinstance(answers[_tagged(occurrence)], PinbotError)]
    return Plan(
        updates=updates,
        skips=tuple(skips),
        changes=changes,
        errors=(*found.errors, *scanned.errors, *_failures(failed, answers), *unwritable),
        current=len(candidates) - moving - len(failed),
    )


def _why_not(occurrence: Occurrence, policy: Policy) -> str | None:
    if occurrence.status is Status.SKIPPED:
        return occurrence.reason
    if policy.move and occurrence.image is not None and occurrence.image.effective_tag is None:
        return NO_TAG
    return None


def _skip(occurrence: Occurrence, reason: str) -> Skip:
    image = str(occurrence.image) if occurrence.image else occurrence.raw
    return Skip(image=image, file=occurrence.file, line=occurrence.position.line, reason=reason)


def _tagged(occurrence: Occurrence) -> ImageReference:
    assert occurrence.image is not None  # noqa: S101 - only skipped occurrences have none
    return occurrence.image.tagged


def _updates(
    occurrences: Iterable[Occurrence], answers: Mapping[ImageReference, Answer]
) -> tuple[Update, ...]:
    """One update for each image and old version; places that are right already do not appear."""
    groups: dict[tuple[ImageReference, Version, Digest], list[Occurrence]] = {}
    for occurrence in occurrences:
        image = occurrence.image
        answer = answers[_tagged(occurrence)]
        if image is None or isinstance(answer, PinbotError) or answer.digest == image.digest:
            continue
        old = Version(tag=image.tag, digest=image.digest)
        groups.setdefault((image.tagged, old, answer.digest), []).append(occurrence)
    updates = (
        Update(
            image=image,
            kind=UpdateKind.PIN if old.digest is None else UpdateKind.DIGEST,
            old=old,
            new=Version(tag=image.tag, digest=digest),
            occurrences=tuple(places),
        )
        for (image, old, digest), places in groups.items()
    )
    return tuple(sorted(updates, key=lambda update: (str(update.image), str(update.old.digest))))


def _failures(
    occurrences: Iterable[Occurrence], answers: Mapping[ImageReference, Answer]
) -> Iterable[PinbotError]:
    """The error of each image, once, at the first place that names the image."""
    first = {_tagged(occurrence): occurrence for occurrence in reversed(list(occurrences))}
    for image, occurrence in sorted(first.items(), key=lambda item: (item[1].file, item[1].position)):
        error = answers[image]
        if isinstance(error, PinbotError):
            place = occurrence.position
            yield error.at(file=occurrence.file, line=place.line, column=place.column)


def _changes(
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
