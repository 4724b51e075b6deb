"""One layer, as its bytes come: inflated, parsed, and told as changes, without any I/O."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from pinbot.errors import ImageError, Mismatch
from pinbot.image.layers import headers, names, tar
from pinbot.image.layers.changes import Added, Change, Cleared, Keep, Linked, Removed, Wanted, none, nothing
from pinbot.image.layers.inflate import Inflater
from pinbot.image.limits import Allowance
from pinbot.model.image import Entry, EntryKind
from pinbot.model.reference import Digest

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

    def close(self) -> None:
        """Say that the layer ends here.

        Raises:
            ImageError: it is cut off.
            Mismatch: it is not the one that the config names.
        """
        if short := self._inflater.close():
            raise headers.damaged(f"it has {len(short)} bytes")
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
            return Linked(
                path=path,
                target=names.inside(member.link, limit),
                mode=member.mode,
                uid=member.uid,
                gid=member.gid,
                capabilities=member.capabilities,
            )
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


def _whiteout(folder: str, base: str, path: str) -> Change | None:
    """What a whiteout tells; None for the notes that AUFS keeps for itself."""
    if base == _OPAQUE:
        return Cleared(path=folder)
    if base.startswith(_META) or path.startswith(_META):
        return None
    hidden = base.removeprefix(_WHITEOUT)
    if hidden in {"", ".", ".."}:
        raise ImageError(f"removes {headers.shown(base)}, which names nothing", hint="do not run this image")
    return Removed(path=f"{folder}/{hidden}" if folder else hidden)
