"""What one layer changes in the file system below it (image-spec 1.1, layer.md).

    keep = lambda entry: 2**20 if entry.path == "lib/apk/db/installed" else 0
    async with aclosing(read(source, layer, keep=keep)) as changes:
        async for change in changes:
            ...

Nothing is stored but what `keep` asks for, and whoever leaves the loop stops the download.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace

from pinbot import documents
from pinbot.errors import ImageError, Mismatch
from pinbot.image import names, tar
from pinbot.image.decompress import Inflater
from pinbot.image.limits import DEFAULT, Limits
from pinbot.model.image import Entry, EntryKind
from pinbot.model.manifest import Descriptor
from pinbot.model.reference import Digest
from pinbot.ports import ImageSource

_LAYER = re.compile(r"[\w.+/-]*[./]tar(?:[.+](?:gzip|gz|zstd))?", re.ASCII)
_WHITEOUT = ".wh."
_META = ".wh..wh."
_OPAQUE = ".wh..wh..opq"

_KINDS = {
    tar.Kind.FILE: EntryKind.FILE,
    tar.Kind.DIRECTORY: EntryKind.DIRECTORY,
    tar.Kind.SYMLINK: EntryKind.SYMLINK,
    tar.Kind.DEVICE: EntryKind.DEVICE,
    tar.Kind.FIFO: EntryKind.FIFO,
}


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
    """A hard link: a further name for what `target` names, in this layer or a lower one."""

    path: str
    target: str


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


class Layer:
    """Takes a layer piece by piece, as it is stored, and gives its changes; without any I/O.

    Args:
        number: of the layer, from 0, the lowest.
        diff_id: its digest when it is not compressed, to be compared at the end.
        keep: of which files to keep how much.
        hashed: of which files to give the digest.
        allowance: what is left of the limits.
    """

    def __init__(
        self,
        *,
        number: int = 0,
        diff_id: Digest | None = None,
        keep: Keep = nothing,
        hashed: Wanted = none,
        allowance: Allowance | None = None,
    ) -> None:
        self._number = number
        self._diff_id = diff_id
        self._keep = keep
        self._hashed = hashed
        self._allowance = allowance or Allowance()
        self._inflater = Inflater(self._allowance.limits)
        self._whole = None if diff_id is None else hashlib.new(diff_id.algorithm)
        self._parser = tar.Parser()
        self._file: _File | None = None

    def feed(self, piece: bytes) -> Iterator[Change]:
        """The changes that are complete now; to be exhausted before more is fed.

        Raises:
            ImageError: the layer is damaged, or too large, or cannot be unpacked.
        """
        for step in self._inflater.feed(piece):
            yield from self._parse(step)

    def close(self) -> Iterator[Change]:
        """Say that the layer ends here.

        Raises:
            ImageError: it is cut off, or not the one that the config names.
        """
        for step in self._inflater.close():
            yield from self._parse(step)
        self._parser.close()
        if self._whole is not None and self._diff_id is not None:
            actual = self._whole.hexdigest()
            if actual != self._diff_id.hex:
                raise Mismatch(
                    f"is not the one that the config names: its digest when it is not compressed is "
                    f"{self._diff_id.algorithm}:{actual}, where it should be {self._diff_id}",
                    hint="push the image anew",
                )

    def _parse(self, step: bytes) -> Iterator[Change]:
        self._allowance.inflate(len(step))
        if self._whole is not None:
            self._whole.update(step)
        for event in self._parser.feed(step):
            if isinstance(event, tar.Member):
                self._allowance.count_entry()
                change = self._change(event)
                if change is not None:
                    yield change
            elif self._file is not None and self._file.take(event):
                yield self._file.added()
                self._file = None

    def _change(self, member: tar.Member) -> Change | None:
        """The change that a member is; None where it is not complete yet, or changes nothing."""
        limit = self._allowance.limits.name
        path = names.inside(member.name, limit)
        folder, _, base = path.rpartition("/")
        if base.startswith(_WHITEOUT) or path.startswith(_META):
            return _whiteout(folder, base, path)
        if not path and member.kind is not tar.Kind.DIRECTORY:
            raise ImageError(f"holds a {member.kind} in place of the root", hint="make the image anew")
        if member.kind is tar.Kind.HARD_LINK:
            return Linked(path=path, target=names.inside(member.link, limit))
        link = names.target(member.link, limit) if member.kind is tar.Kind.SYMLINK else ""
        entry = Entry(
            path=path,
            kind=_KINDS[member.kind],
            mode=member.mode,
            uid=member.uid,
            gid=member.gid,
            size=member.size,
            link=link,
            capabilities=member.capabilities,
            layer=self._number,
        )
        return Added(entry=entry) if entry.kind is not EntryKind.FILE else self._open(entry, member)

    def _open(self, entry: Entry, member: tar.Member) -> Added | None:
        """Begin to read a file whose content is wanted; one of which nothing is wanted is added at once."""
        asked = self._keep(entry)
        wanted = min(asked, entry.size)
        hashed = self._hashed(entry)
        unkept = ""
        if member.sparse and (wanted or hashed):
            unkept, wanted, hashed = "it is stored as a sparse file, which is not read", 0, False
        elif wanted and not self._allowance.keep(wanted):
            unkept = f"more than {self._allowance.limits.kept} bytes of files would have to be kept"
            wanted = 0
        if not wanted and not hashed and (entry.size or not asked):
            return Added(entry=entry, unkept=unkept)
        file = _File(entry, wanted=wanted if asked and not unkept else None, hashed=hashed, unkept=unkept)
        if not entry.size:
            return file.added()
        self._file = file
        return None


class _File:
    """A file whose content is coming."""

    def __init__(self, entry: Entry, *, wanted: int | None, hashed: bool, unkept: str) -> None:
        self._entry = entry
        self._left = entry.size
        self._wanted = wanted or 0
        self._content = None if wanted is None else bytearray()
        self._hash = hashlib.sha256() if hashed else None
        self._unkept = unkept

    def take(self, piece: memoryview) -> bool:
        """Whether this was the last of it."""
        self._left -= len(piece)
        if self._hash is not None:
            self._hash.update(piece)
        if self._content is not None and len(self._content) < self._wanted:
            self._content += piece[: self._wanted - len(self._content)]
        return not self._left

    def added(self) -> Added:
        """The file as it was read."""
        entry = self._entry
        if self._hash is not None:
            entry = replace(entry, digest=Digest("sha256", self._hash.hexdigest()))
        content = None if self._content is None else bytes(self._content)
        return Added(entry=entry, content=content, unkept=self._unkept)


async def read(
    source: ImageSource,
    descriptor: Descriptor,
    *,
    number: int = 0,
    diff_id: Digest | None = None,
    keep: Keep = nothing,
    hashed: Wanted = none,
    allowance: Allowance | None = None,
) -> AsyncGenerator[Change, None]:
    """The changes of one layer, in its order; see `Layer` for the arguments.

    Use it with `contextlib.aclosing`: leaving early then stops the download. Only who reads to the end knows
    that the layer is the one that the manifest and the config name.

    Raises:
        ImageError: the layer is damaged, or too large, or cannot be unpacked.
        RegistryError: it cannot be had.
    """
    layer = Layer(number=number, diff_id=diff_id, keep=keep, hashed=hashed, allowance=allowance)
    async with aclosing(_pieces(source, descriptor)) as pieces:
        async for piece in pieces:
            with about(source, descriptor):
                for change in layer.feed(piece):
                    yield change
    with about(source, descriptor):
        for change in layer.close():
            yield change


async def pour(
    source: ImageSource, descriptor: Descriptor, layer: Layer, take: Callable[[Change], None]
) -> None:
    """Read a layer to its end, giving each change to `take`: what `read` does, in less time.

    Raises:
        ImageError, RegistryError: as for `read`; also what `take` raises.
    """
    async with aclosing(_pieces(source, descriptor)) as pieces:
        async for piece in pieces:
            with about(source, descriptor):
                for change in layer.feed(piece):
                    take(change)
    with about(source, descriptor):
        for change in layer.close():
            take(change)


async def _pieces(source: ImageSource, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
    if not _LAYER.fullmatch(descriptor.media_type):
        kind = documents.clean(descriptor.media_type)
        raise ImageError(
            f"layer {descriptor.digest.short}… is {kind}, which holds no files",
            hint="name a container image",
            image=source.name,
        )
    async with aclosing(source.stream(descriptor)) as pieces:
        async for piece in pieces:
            yield piece
            # Inflating is long work: let others have their turn.
            await asyncio.sleep(0)


@contextmanager
def about(source: ImageSource, descriptor: Descriptor) -> Iterator[None]:
    """Say of which layer an error tells, whose message goes on from there, and of which image."""
    try:
        yield
    except ImageError as error:
        raise ImageError(
            f"layer {descriptor.digest.short}… {error.message}", hint=error.hint, image=source.name
        ) from error


def _whiteout(folder: str, base: str, path: str) -> Change | None:
    """What a whiteout tells; None for the notes that AUFS keeps for itself."""
    if base == _OPAQUE:
        return Cleared(path=folder)
    if base.startswith(_META) or path.startswith(_META):
        return None
    hidden = base.removeprefix(_WHITEOUT)
    if hidden in {"", ".", ".."}:
        raise ImageError(f"removes {tar.shown(base)}, which names nothing", hint="do not run this image")
    return Removed(path=f"{folder}/{hidden}" if folder else hidden)
