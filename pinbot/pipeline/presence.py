"""Whether what is pinned can still be pulled: registries collect what no tag leads to any more."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pinbot.audit import pins
from pinbot.errors import NotFound, PinbotError
from pinbot.model.check import PinFinding, PinRule
from pinbot.model.manifest import Index
from pinbot.model.occurrence import Occurrence
from pinbot.model.plan import Resolution
from pinbot.model.reference import Digest, ImageReference, Platform
from pinbot.pipeline.resolve import ask_all, resolve_all
from pinbot.ports.machine import Progress
from pinbot.ports.registries import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """A reference that has a digest; `platforms` are those that the rules or its file name for it."""

    occurrence: Occurrence
    image: ImageReference
    digest: Digest
    platforms: tuple[Platform, ...] = ()

    @property
    def by_digest(self) -> ImageReference:
        """What its digest alone names."""
        return replace(self.image, tag=None)

    @property
    def name(self) -> str:
        """What people call it, without the digest."""
        return self.image.familiar.partition("@")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What was found out, and what could not be asked about."""

    findings: tuple[PinFinding, ...] = ()
    errors: tuple[PinbotError, ...] = ()


async def of_untagged(pinned: Iterable[Pinned], registry: Registry, progress: Progress) -> Presence:
    """Whether what is pinned without a tag is there: one HEAD for each, and all that can be known of it."""
    ones = [one for one in pinned if one.image.tag is None]
    answers = await resolve_all(registry.resolve, (one.by_digest for one in ones), progress)
    findings: list[PinFinding] = []
    for one in ones:
        answer, digest = answers[one.by_digest], one.digest.short
        if isinstance(answer, NotFound):
            text = f"the registry no longer has {digest} of {one.name}"
            findings.append(pins.found(one.occurrence, PinRule.GONE, text, remedy=pins.BY_HAND))
        elif isinstance(answer, Resolution):
            text = f"{one.name} is pinned without a tag, so nobody can tell what comes after {digest}"
            findings.append(pins.found(one.occurrence, PinRule.UNTAGGED, text))
    errors = _troubles(((one, one.by_digest) for one in ones), answers)
    return Presence(findings=tuple(findings), errors=tuple(errors))


async def of_platforms(pinned: Iterable[Pinned], registry: Registry, progress: Progress) -> Presence:
    """Whether what pinned indexes name is there for the platforms in use: one GET, and a HEAD for each.

    That an index itself is gone is not told here.
    """
    ones = tuple(pinned)
    documents = await ask_all("Reading indexes", registry.manifest, (one.by_digest for one in ones), progress)
    children = [
        (one, platform, child)
        for one in ones
        if isinstance(document := documents[one.by_digest], Index)
        for platform, child in _children(one, document)
    ]
    answers = await resolve_all(registry.resolve, (child for _, _, child in children), progress)
    lost: dict[Pinned, dict[str, None]] = {}  # several versions of one system share the name of a platform
    for one, platform, child in children:
        if isinstance(answers[child], NotFound):
            lost.setdefault(one, {})[str(platform)] = None
    findings = (
        pins.found(
            one.occurrence,
            PinRule.INCOMPLETE,
            f"{one.digest.short} of {one.name} names an image for {', '.join(names)}, which is gone",
        )
        for one, names in lost.items()
    )
    return Presence(
        findings=tuple(findings),
        errors=(
            *_troubles(((one, one.by_digest) for one in ones), documents),
            *_troubles(((one, child) for one, _, child in children), answers),
        ),
    )


def _children(pinned: Pinned, index: Index) -> Iterator[tuple[Platform, ImageReference]]:
    """The images of an index for the platforms in use; for all, where nobody says which these are."""
    used = {platform.normal for platform in pinned.platforms}
    for child in index.manifests:
        platform = child.runs_on
        if platform is not None and (not used or platform.normal in used):
            yield platform, pinned.by_digest.with_digest(child.digest)


def _troubles(
    asked: Iterable[tuple[Pinned, ImageReference]], answers: Mapping[ImageReference, object]
) -> Iterator[PinbotError]:
    """The errors that leave a question open, each once, at the first place that asks it."""
    first: dict[ImageReference, Pinned] = {}
    for one, reference in asked:
        first.setdefault(reference, one)
    for reference, one in first.items():
        answer = answers[reference]
        if isinstance(answer, PinbotError) and not isinstance(answer, NotFound):
            place = one.occurrence.position
            yield answer.at(file=one.occurrence.file, line=place.line, column=place.column)
