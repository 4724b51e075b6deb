"""Two images, wherever they lie, to what changed between them."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self

from pinbot import indexes
from pinbot.comparison import cautions, contents, layers, origin, settings
from pinbot.comparison.learning import Learner
from pinbot.comparison.notes import Notes
from pinbot.comparison.origin import Claims
from pinbot.errors import ImageError, PinbotError
from pinbot.image import look, platforms
from pinbot.image.platforms import Listing
from pinbot.model.comparison import Comparison, Cost, Pair, Part, PlatformDiff, Subject, Unread
from pinbot.model.image import ImageConfig
from pinbot.model.manifest import Descriptor, Index, Manifest
from pinbot.model.reference import Digest, Platform
from pinbot.ports import ImageSource

USUAL = Platform("linux", "amd64")
"""What is compared where there are images for several platforms and none was asked for."""

Images = Mapping[Platform | None, Descriptor]
"""The manifest for each platform, by the one way to write it; None where an image does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What to compare.

    Attributes:
        platforms: those in use; where none is named, the only one there is, or that for linux/amd64.
        every: all platforms are in use.
        thorough, system: read more layers, see `contents.compare`.
    """

    platforms: tuple[Platform, ...] = ()
    every: bool = False
    thorough: bool = False
    system: bool = False


async def compare(old: ImageSource, new: ImageSource, *, scope: Scope, learner: Learner) -> Comparison:
    """What changed; a platform that cannot be compared does not stop the others.

    Raises:
        NotFound: a platform in use is in neither image.
        RegistryError, ImageError: one of the images cannot be had at all.
    """
    before, after = await asyncio.gather(
        _Side.open(learner.remembering(old)), _Side.open(learner.remembering(new))
    )
    if before.listing.root.digest == after.listing.root.digest:
        return Comparison(old=before.subject, new=after.subject, cost=_cost(before, after, ()))
    there = _there(before, after, scope)
    in_use = _in_use(there, scope, after)
    comparer = _Comparer(old=before, new=after, learner=learner, scope=scope)
    found = await asyncio.gather(
        *(
            comparer.compare(platform, Pair(old=there.old[platform], new=there.new[platform]))
            for platform in in_use
            if platform in there.old and platform in there.new
        )
    )
    changed = tuple(diff for diff in found if isinstance(diff, PlatformDiff))
    lost = _named(platform for platform in there.old if platform not in there.new)
    return Comparison(
        old=before.subject,
        new=after.subject,
        changed=changed,
        same=_named(same.platform for same in found if isinstance(same, _Same)),
        in_use=_named(in_use),
        gained=_named(platform for platform in there.new if platform not in there.old),
        lost=lost,
        elsewhere=_named(
            platform
            for platform, digest in there.old.items()
            if platform not in in_use and there.new.get(platform, digest) != digest
        ),
        attestations={one.digest for one in before.listing.others}
        != {one.digest for one in after.listing.others},
        cautions=tuple(cautions.of_index(lost)),
        unread=tuple(unread for unread in found if isinstance(unread, Unread)),
        cost=_cost(before, after, changed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Same:
    """A platform whose images are equal."""

    platform: Platform | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One of the two images: all that is under its name."""

    source: ImageSource
    document: Manifest | Index
    listing: Listing

    @classmethod
    async def open(cls, source: ImageSource) -> Self:
        _, document = await source.root()
        return cls(source=source, document=document, listing=await platforms.images(source))

    @property
    def subject(self) -> Subject:
        root = self.listing.root
        return Subject(name=self.source.name, digest=root.digest, media_type=self.document.media_type)

    @property
    def images(self) -> Images:
        """The first image for each platform; for Windows there is one for each version of it."""
        found: dict[Platform | None, Descriptor] = {}
        for image in self.listing.images:
            found.setdefault(image.platform and image.platform.normal, image.descriptor)
        return found


def _there(before: _Side, after: _Side, scope: Scope) -> Pair[Images]:
    """The images of both by platform."""
    old, new = before.images, after.images
    single = isinstance(before.document, Manifest) and isinstance(after.document, Manifest)
    if single and not scope.platforms:
        # There is nothing to choose from: if the platform changed, that is told.
        return Pair(old=dict(zip(new, old.values(), strict=True)), new=new)
    return Pair(old=old, new=new)


def _in_use(there: Pair[Images], scope: Scope, after: _Side) -> tuple[Platform | None, ...]:
    """The platforms to compare, in the order of the new image."""
    known = dict.fromkeys((*there.new, *there.old))
    if scope.every:
        return tuple(known)
    if scope.platforms:
        wanted = dict.fromkeys(platform.normal for platform in scope.platforms)
        for platform in wanted:
            if platform not in known:
                error = indexes.absent(platform, _named(known))
                error.image = after.source.name
                raise error
        return tuple(wanted)
    common = [platform for platform in known if platform in there.old and platform in there.new]
    if USUAL in known:
        return (USUAL,)
    return tuple(common[:1] or known)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparer:
    """Compares the images of one platform at a time, any number at once."""

    old: _Side
    new: _Side
    learner: Learner
    scope: Scope

    async def compare(self, platform: Platform | None, of: Pair[Descriptor]) -> PlatformDiff | _Same | Unread:
        """What changed for a platform."""
        if of.old.digest == of.new.digest:
            return _Same(platform=platform)
        try:
            old, new = await asyncio.gather(_Image.open(self.old, of.old), _Image.open(self.new, of.new))
        except PinbotError as error:
            name = f"{platform}: " if platform else ""
            return Unread(part=Part.PLATFORM, reason=f"{name}{error.message}")
        if old.content == new.content:
            return _Same(platform=platform)
        stacks = layers.stacks(old.manifest.layers, new.manifest.layers)
        diff = layers.difference(*stacks)
        found = await contents.compare(
            Pair(old=stacks[0], new=stacks[1]),
            Pair(old=partial(self._read, old), new=partial(self._read, new)),
            thorough=self.scope.thorough,
            system=self.scope.system,
        )
        come_from = origin.compare(old.claims, new.claims)
        configs = Pair(old=old.config, new=new.config)
        return PlatformDiff(
            platform=platform,
            digests=Pair(old=of.old.digest, new=of.new.digest),
            layers=diff,
            origin=come_from,
            packages=found.packages,
            inventories=found.inventories,
            settings=tuple(
                change
                for change in settings.changes(old.config, new.config)
                if (change.name, change.old, change.new) not in origin.labels(come_from)
            ),
            cautions=(
                *found.cautions,
                *cautions.of_config(configs, platform),
                *cautions.of_origin(come_from),
                *cautions.of_layers(diff),
            ),
            unread=found.unread,
        )

    async def _read(self, image: "_Image", number: int) -> Notes:
        layer, diff_id = image.manifest.layers[number], image.config.diff_ids[number]
        return await self.learner.notes(image.side.source, layer, diff_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Image:
    """One image for one platform."""

    side: _Side
    descriptor: Descriptor
    manifest: Manifest
    config: ImageConfig

    @classmethod
    async def open(cls, side: _Side, descriptor: Descriptor) -> Self:
        manifest = side.document
        if descriptor.digest != side.listing.root.digest:
            manifest = await side.source.document(descriptor)
        if not isinstance(manifest, Manifest):
            raise ImageError(f"{descriptor.digest.short}… is said to be an image and is an index")
        return cls(
            side=side,
            descriptor=descriptor,
            manifest=manifest,
            config=await look.config(side.source, manifest),
        )

    @property
    def content(self) -> tuple[Digest, ...]:
        """What makes a container of the image: two that have the same differ in annotations alone."""
        return self.manifest.config.digest, *(layer.digest for layer in self.manifest.layers)

    @property
    def claims(self) -> Claims:
        """What the image says of itself, the most particular last."""
        annotations = (
            *self.side.document.annotations,
            *self.descriptor.annotations,
            *self.manifest.annotations,
        )
        return Claims(
            labels=dict(self.config.labels), annotations=dict(annotations), created=self.config.created
        )


def _named(found: Iterable[Platform | None]) -> tuple[Platform, ...]:
    return tuple(platform for platform in found if platform is not None)


def _cost(before: _Side, after: _Side, changed: Iterable[PlatformDiff]) -> Cost:
    taken = (before.source.taken, after.source.taken)
    return Cost(
        requests=sum(one.parts for one in taken),
        received=sum(one.size for one in taken),
        whole=sum(diff.layers.size.old + diff.layers.size.new for diff in changed),
    )
