"""Tags that move: what newer ones there are, what they mean, and where they can be written."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pinbot import tags
from pinbot.errors import PinbotError
from pinbot.model.plan import Skip, TagList, Update, Version
from pinbot.model.reference import ImageReference
from pinbot.model.treatment import Reach, Treatment
from pinbot.pipeline.candidates import Candidate, updates
from pinbot.pipeline.resolve import bare, list_all, resolve_all
from pinbot.ports.machine import Progress
from pinbot.ports.registries import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrades:
    """What came of looking for newer tags.

    Attributes:
        updates: references that could move to one.
        skips: references that could, were their tag written in one piece, each with what to say of it.
        failures: references about which a registry could not be asked, each with the reason.
    """

    updates: tuple[Update, ...] = ()
    skips: tuple[tuple[Candidate, Skip], ...] = ()
    failures: tuple[tuple[Candidate, PinbotError], ...] = ()


async def look_for_newer(candidates: Iterable[Candidate], registry: Registry, progress: Progress) -> Upgrades:
    """List the tags of each repository whose tags may move, once, and ask what the newest ones mean."""
    wanting = [one for one in candidates if one.treatment.tags is not Reach.KEEP and _is_followed(one)]
    if not wanting:
        return Upgrades()
    lists = await list_all(registry, (one.image for one in wanting), progress)
    failures: list[tuple[Candidate, PinbotError]] = []
    skips: list[tuple[Candidate, Skip]] = []
    writable: list[tuple[Candidate, ImageReference]] = []
    newest: dict[tuple[ImageReference, Treatment], ImageReference | None] = {}
    for one in wanting:
        listed = lists[bare(one.image)]
        if isinstance(listed, PinbotError):
            failures.append((one, listed))
            continue
        key = (one.tagged, one.treatment)
        if key not in newest:  # an image may stand in hundreds of files, and have thousands of tags
            newest[key] = _newest(one, listed)
        new = newest[key]
        if new is not None and one.occurrence.place and one.occurrence.place.tag:
            writable.append((one, new))
        elif new is not None:
            skips.append((one, _skip(one, new)))
    answers = await resolve_all(registry.resolve, (new for _, new in writable), progress)
    moves: list[tuple[Candidate, Version]] = []
    for one, new in writable:
        answer = answers[new]
        if isinstance(answer, PinbotError):
            failures.append((one, answer))
        else:
            moves.append((one, Version(tag=new.tag, digest=answer.digest)))
    return Upgrades(updates=updates(moves), skips=tuple(skips), failures=tuple(failures))


def _is_followed(candidate: Candidate) -> bool:
    return candidate.image.tag is not None and tags.is_version(candidate.image.tag)


def _newest(candidate: Candidate, found: TagList) -> ImageReference | None:
    assert candidate.image.tag is not None  # noqa: S101 - only such candidates come here
    treatment = candidate.treatment
    tag = tags.newest(candidate.image.tag, found.tags, reach=treatment.tags, versions=treatment.versions)
    return None if tag is None else replace(candidate.image, tag=tag, digest=None)


def _skip(candidate: Candidate, new: ImageReference) -> Skip:
    occurrence = candidate.occurrence
    return Skip(
        image=str(candidate.image),
        file=occurrence.file,
        line=occurrence.position.line,
        reason=f"the tag {new.tag} is newer, but the one here is not written straight before the digest: "
        "change it by hand",
    )
