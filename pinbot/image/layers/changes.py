"""What a layer can change in the file system below it (image-spec 1.1, layer.md), as values."""

from collections.abc import Callable
from dataclasses import dataclass

from pinbot.model.image import Entry


@dataclass(slots=True, kw_only=True)
class Added:
    """A name that is new, or takes the place of what a lower layer had there.

    Attributes:
        content: the first bytes of a file, as many as were asked for; None if none were, or by `unkept`.
        unkept: why there is no content though it was asked for.
    """

    entry: Entry
    content: bytes | None = None
    unkept: str = ""

    @property
    def path(self) -> str:
        """Where the layer puts it; a link on the way there may lead elsewhere."""
        return self.entry.path


@dataclass(slots=True, kw_only=True)
class Linked:
    """A hard link: a further name for what `target` names, in this layer or a lower one.

    Runtimes give the file the owner and mode that stand here, whichever of its names it is used by.
    """

    path: str
    target: str
    mode: int
    uid: int
    gid: int
    capabilities: bool


@dataclass(slots=True, kw_only=True)
class Removed:
    """A whiteout: what lower layers have under this name is gone, with all below it."""

    path: str


@dataclass(slots=True, kw_only=True)
class Cleared:
    """An opaque directory: it stays, but what lower layers have in it is gone."""

    path: str


Change = Added | Linked | Removed | Cleared

Keep = Callable[[Entry], int]
"""How many first bytes of a file to keep; asked once for each file, in the order of the layer."""

Wanted = Callable[[Entry], bool]


def nothing(_: Entry) -> int:
    """Keep no content at all."""
    return 0


def none(_: Entry) -> bool:
    """Hash no file."""
    return False
