"""How much of an image is looked at before it is given up as too much."""

from dataclasses import dataclass

_MIB = 1024**2
_GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Beyond any of these an image, or the content of a file, is refused: never cut short in silence.

    Attributes:
        layer_size: bytes of one layer when it is not compressed.
        image_size: bytes of all layers when they are not compressed.
        ratio: bytes that one compressed byte may stand for, on average, once `ratio_after` are exceeded.
        ratio_after: bytes of a layer that may be as compressible as they like.
        window: bytes that a zstd stream may ask a reader to keep (RFC 8878, section 3.1.1.1.2).
        entries: names in all layers together.
        name: bytes of a name, or of where a link leads.
        kept: bytes of the files' contents that are kept; the content of further files is then not.
    """

    layer_size: int = 16 * _GIB
    image_size: int = 64 * _GIB
    ratio: int = 200
    ratio_after: int = _GIB
    window: int = 128 * _MIB
    entries: int = 1_000_000
    name: int = 4096
    kept: int = 256 * _MIB


DEFAULT = Limits()
