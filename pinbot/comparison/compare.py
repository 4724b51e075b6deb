"""Two images, wherever they lie, to what changed between them."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Self

from pinbot.comparison import attestations, cautions, contents, layers, origin, scope, settings
from pinbot.comparison.learning import Learner
from pinbot.comparison.notes import Notes
from pinbot.comparison.origin import Claims
from pinbot.comparison.scope import Scope, Side
from pinbot.errors import ImageError, PinbotError
from pinbot.image import look
from pinbot.model.comparison import Comparison, Cost, Pair, Part, PlatformDiff, Unread
from pinbot.model.image import ImageConfig
from pinbot.model.manifest import Descriptor, Manifest
from pinbot.model.reference import Digest, Platform
from pinbot.ports.images import ImageSource


async def compare(old: ImageSource, new: ImageSource, *, wanted: Scope, learner: Learner) -> Comparison:
    """What changed; a platform that cannot be compared does not stop the others.

    Raises:
        NotFound: a platform in use is in neither image.
        RegistryError, ImageError: one of the images cannot be had at all.
    """
    sides = await scope.open_both(Pair(old=learner.remembering(old), new=learner.remembering(new)))
    if sides.old.digest == sides.new.digest:
        return Comparison(old=sides.old.subject, new=sides.new.subject, cost=_cost(sides, ()))
    there = scope.images(sides, wanted)
    used = scope.in_use(there, wanted, name=new.name)
    comparer = _Comparer(sides=sides, learner=learner, wanted=wanted)
    both = [platform for platform in used if platform in there.old and platform in there.new]
    found = await asyncio.gather(
        *(comparer.compare(one, Pair(old=there.old[one], new=there.new[one])) for one in both)
    )
    changed = tuple(one for outcomes in found for one in outcomes if isinstance(one, PlatformDiff))
    lost = scope.named(platform for platform in there.old if platform not in there.new)
    return Comparison(
        old=sides.old.subject,
        new=sides.new.subject,
        changed=changed,
        same=scope.named(platform for platform, outcomes in zip(both, found, strict=True) if not outcomes),
        in_use=scope.named(used),
        gained=scope.named(platform for platform in there.new if platform not in there.old),
        lost=lost,
        elsewhere=scope.elsewhere(there, used),
        attestations=sides.old.others != sides.new.others,
        cautions=tuple(cautions.of_index(lost)),
        unread=tuple(one for outcomes in found for one in outcomes if isinstance(one, Unread)),
        cost=_cost(sides, changed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparer:
    """Compares the images of one platform at a time, any number at once."""

    sides: Pair[Side]
    learner: Learner
    wanted: Scope

    async def compare(
        self, platform: Platform | None, of: Pair[tuple[Descriptor, ...]]
    ) -> tuple[PlatformDiff | Unread, ...]:
        """What changed for a platform; nothing if it is the same."""
        if len(of.old) != len(of.new):
            reason = f"{platform}: there were {len(of.old)} images for it, and there are {len(of.new)}"
            return (Unread(part=Part.PLATFORM, reason=reason),)
        found = [
            await self._compare(platform, Pair(old=old, new=new))
            for old, new in zip(of.old, of.new, strict=True)
        ]
        return tuple(one for one in found if one is not None)

    async def _compare(self, platform: Platform | None, of: Pair[Descriptor]) -> PlatformDiff | Unread | None:
        if of.old.digest == of.new.digest:
            return None
        try:
            old, new = await asyncio.gather(
                _Image.open(self.sides.old, of.old), _Image.open(self.sides.new, of.new)
            )
        except PinbotError as error:
            name = f"{platform}: " if platform else ""
            return Unread(part=Part.PLATFORM, reason=f"{name}{error.message}")
        return None if old.content == new.content else await self._diff(platform, Pair(old=old, new=new))

    async def _diff(self, platform: Platform | None, images: "Pair[_Image]") -> PlatformDiff:
        old, new = images.old, images.new
        stacks = layers.stacks(old.manifest.layers, new.manifest.layers)
        diff = layers.difference(*stacks)
        found = await contents.compare(
            Pair(old=stacks[0], new=stacks[1]),
            Pair(old=partial(self._read, old), new=partial(self._read, new)),
            thorough=self.wanted.thorough,
            system=self.wanted.system,
        )
        packages, claimed = found.packages, None
        if packages is None:
            descriptors = Pair(old=old.descriptor, new=new.descriptor)
            packages = claimed = await attestations.packages(self.sides, descriptors)
        come_from = origin.compare(old.claims, new.claims)
        told_already = origin.labels(come_from)
        return PlatformDiff(
            platform=platform,
            digests=Pair(old=old.descriptor.digest, new=new.descriptor.digest),
            layers=diff,
            origin=come_from,
            packages=packages,
            inventories=found.inventories if claimed is None else None,
            settings=tuple(
                change
                for change in settings.changes(old.config, new.config)
                if (change.name, change.old, change.new) not in told_already
            ),
            cautions=(
                *found.cautions,
                *cautions.of_packages(claimed.changes if claimed else ()),
                *cautions.of_config(Pair(old=old.config, new=new.config), platform),
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

    side: Side
    descriptor: Descriptor
    manifest: Manifest
    config: ImageConfig

    @classmethod
    async def open(cls, side: Side, descriptor: Descriptor) -> Self:
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


def _cost(sides: Pair[Side], changed: Iterable[PlatformDiff]) -> Cost:
    taken = (sides.old.source.taken, sides.new.source.taken)
    return Cost(
        requests=sum(one.parts for one in taken),
        received=sum(one.size for one in taken),
        whole=sum(diff.layers.size.old + diff.layers.size.new for diff in changed),
    )
