"""How much of an image is looked at before it is given up as too much."""

from dataclasses import dataclass

from pinbot.errors import ImageError

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
        layers: how many there are; runtimes take little more than a hundred.
        entries: names in all layers together.
        name: bytes of a name, or of where a link leads.
        names: characters of all names together, where they come to stand, and of where links lead.
        steps: folders and links to be passed on the way to names that lie behind links, all together.
        kept: bytes of the files' contents that are kept; the content of further files is then not.
    """

    layer_size: int = 16 * _GIB
    image_size: int = 32 * _GIB
    ratio: int = 200
    ratio_after: int = _GIB
    window: int = 128 * _MIB
    layers: int = 500
    entries: int = 1_000_000
    name: int = 4096
    names: int = 256 * _MIB
    steps: int = 20_000_000
    kept: int = 256 * _MIB


DEFAULT = Limits()


class Allowance:
    """What is left of the limits that all layers of an image share."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.limits = limits
        self._entries = limits.entries
        self._inflated = limits.image_size
        self._kept = limits.kept

    def count_entry(self) -> None:
        """One more name.

        Raises:
            ImageError: that is one too many.
        """
        self._entries -= 1
        if self._entries < 0:
            raise ImageError(
                f"brings the names in the image to more than {self.limits.entries}, the most that are read",
                hint="put fewer files into the image, or pack them",
            )

    def inflate(self, size: int) -> None:
        """So many more bytes.

        Raises:
            ImageError: that is too many.
        """
        self._inflated -= size
        if self._inflated < 0:
            raise ImageError(
                f"brings the image to more than {self.limits.image_size} bytes when it is not compressed, "
                "the most that are read",
                hint="make the image smaller",
            )

    def keep(self, size: int) -> bool:
        """Whether there is room for a content of that size; it is then taken."""
        if size > self._kept:
            return False
        self._kept -= size
        return True
