"""What there is to say of an image that was looked into: what breaks the rules, and the plain facts."""

from dataclasses import dataclass

from pinbot.model.binary import Binary
from pinbot.model.finding import Audit
from pinbot.model.image import ImageConfig
from pinbot.model.reference import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A binary of the image, and where it lies."""

    path: str
    binary: Binary


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """An image for one platform, and its audit.

    Attributes:
        audit: what the rules say.
        digest: of its manifest.
        config: how a container of it is started.
        size: compressed bytes of all layers.
        layers: how many there are.
        budget: compressed bytes that it may have; None where nobody says.
        programs: its binaries that could be read, ordered by path.
    """

    audit: Audit
    digest: Digest
    config: ImageConfig
    size: int
    layers: int
    budget: int | None = None
    programs: tuple[Program, ...] = ()
