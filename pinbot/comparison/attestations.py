"""What attestations in the index claim of the packages in its images, for where the images do not tell.

As BuildKit stores them: a manifest beside that of the image, whose layers are statements of in-toto.
"""

import asyncio

from pinbot.comparison import sbom
from pinbot.comparison.packages import changes
from pinbot.comparison.scope import Side
from pinbot.errors import PinbotError
from pinbot.model.comparison import Evidence, PackageDiff, Pair
from pinbot.model.image import Package
from pinbot.model.manifest import Descriptor, Manifest

_PREDICATE = "in-toto.io/predicate-type"


async def packages(sides: Pair[Side], images: Pair[Descriptor]) -> PackageDiff | None:
    """What changed by the SBOMs of both images; None unless both have one that can be read."""
    try:
        old, new = await asyncio.gather(_claimed(sides.old, images.old), _claimed(sides.new, images.new))
    except PinbotError:
        return None  # it is told already why the image itself does not tell; a claim would only have helped
    if old is None or new is None:
        return None
    return PackageDiff(
        evidence=Evidence.CLAIMED,
        changes=changes(old, new),
        counts=Pair(old=len(old), new=len(new)),
    )


async def _claimed(side: Side, image: Descriptor) -> tuple[Package, ...] | None:
    for attestation in side.attestations_of(image):
        document = await side.source.document(attestation)
        for layer in document.layers if isinstance(document, Manifest) else ():
            if dict(layer.annotations).get(_PREDICATE) in sbom.PREDICATES:
                return sbom.read(await side.source.blob(layer), f"{layer.digest.short}…")
    return None
