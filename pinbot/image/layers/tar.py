"""Reading tar archives as their bytes come, without any I/O.

Sources: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; the GNU tar manual, "Basic
Tar Format", for long names, base-256 numbers and sparse files. Where readers differ, this one does what the
runtimes do that unpack layers, which all read by Go's archive/tar.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pinbot.image.layers import headers

BLOCK = 512
_MOST_EXTENDED = 1024**2
_MOST_EXTENDED_TOGETHER = 256 * 1024**2
_ZEROS = bytes(BLOCK)
_FILES = frozenset(b"\x0007")
_GNU_SPARSE = ord("S")


class Kind(StrEnum):
    """What a member is; the types that are none of these are not members of layers."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARD_LINK = "hard link"
    DEVICE = "device"
    FIFO = "fifo"


_KINDS = {
    ord("1"): Kind.HARD_LINK,
    ord("2"): Kind.SYMLINK,
    ord("3"): Kind.DEVICE,
    ord("4"): Kind.DEVICE,
    ord("5"): Kind.DIRECTORY,
    ord("6"): Kind.FIFO,
}


@dataclass(slots=True, kw_only=True)
class Member:
    """The header of one member. It is not frozen, since there are millions, but nobody changes it.

    Attributes:
        name, link: as written; what is not UTF-8 is kept as lone surrogates (PEP 383).
        mode: the lowest twelve bits.
        size: bytes of a file's content; otherwise 0.
        stored: bytes that follow in the archive: `size`, but fewer for a sparse file.
        offset: where in the archive they begin.
        capabilities: whether it carries `security.capability`.
        sparse: whether the bytes that follow are no content but pieces of it, by one of GNU tar's formats.
    """

    name: str
    kind: Kind
    mode: int
    uid: int
    gid: int
    size: int
    stored: int
    link: str
    capabilities: bool
    sparse: bool
    offset: int


class Parser:
    """Takes an archive piece by piece; gives each member and then its content.

    Whoever can seek asks after each member for `skippable` and calls `skip`.
    """

    def __init__(self) -> None:
        self._position = 0
        self._buffer = bytearray()
        self._content = 0
        self._padding = 0
        self._pax: dict[str, str] = {}
        self._long: dict[int, str] = {}
        self._extensions = 0
        self._extended: tuple[int, bytearray] | None = None
        self._unmapped: Member | None = None
        self._zeros = 0

    def feed(self, data: bytes) -> Iterator[Member | memoryview]:
        """Members and, behind each, its content in pieces; to be exhausted before more is fed.

        Raises:
            ImageError: this is no tar archive, or one that is damaged.
        """
        view = memoryview(data)
        at, end = 0, len(data)
        while at < end and not self.ended:
            if self._content:
                size = min(self._content, end - at)
                self._content -= size
                self._position += size
                piece = view[at : at + size]
                at += size
                if self._extended is None:
                    yield piece
                else:
                    self._extended[1].extend(piece)
                    if not self._content:
                        self._take_extended()
            elif self._padding:
                size = min(self._padding, end - at)
                self._padding -= size
                self._position += size
                at += size
            else:
                size = min(BLOCK - len(self._buffer), end - at)
                self._buffer += view[at : at + size]
                self._position += size
                at += size
                if len(self._buffer) == BLOCK:
                    block = bytes(self._buffer)
                    self._buffer.clear()
                    member = self._take(block)
                    if member is not None:
                        yield member

    @property
    def ended(self) -> bool:
        """Whether the two blocks of zeros were seen that end an archive; what follows is not looked at."""
        return self._zeros == 2  # noqa: PLR2004  see the docstring

    @property
    def skippable(self) -> int:
        """Bytes that follow here and belong to the content of the last member."""
        return self._content + self._padding if self._extended is None else 0

    def skip(self, size: int) -> None:
        """Go on as if so many bytes of `skippable` had been fed."""
        of_content = min(size, self._content)
        self._content -= of_content
        self._padding -= size - of_content
        self._position += size

    def close(self) -> None:
        """Say that nothing more comes.

        Raises:
            ImageError: something is missing.
        """
        inside = self._content or self._padding or self._buffer
        if inside or self._pax or self._long or self._unmapped is not None:
            raise headers.damaged("it ends in the middle of a member")

    def _take(self, block: bytes) -> Member | None:
        if self._unmapped is not None:
            return self._map(block)
        if block == _ZEROS:
            self._zeros += 1
            return None
        if self._zeros:
            raise headers.damaged("a member follows the block of zeros that ends it")
        headers.check(block)
        flag = block[156]
        if flag in b"xgLK":
            size = headers.number(block, 124, 12)
            if size > _MOST_EXTENDED:
                raise headers.damaged(f"a header that extends another has {size} bytes")
            self._extensions += size
            if self._extensions > _MOST_EXTENDED_TOGETHER:
                raise headers.damaged(
                    f"headers that extend others have more than {_MOST_EXTENDED_TOGETHER} bytes"
                )
            self._content, self._padding = size, -size % BLOCK
            self._extended = (flag, bytearray())
            if not size:
                self._take_extended()
            return None
        return self._member(block, flag)

    def _take_extended(self) -> None:
        assert self._extended is not None  # noqa: S101  both callers have just seen one
        flag, data = self._extended
        self._extended = None
        if flag == ord("x"):
            # A second one in a row takes the place of the first, as it does for Go.
            self._pax = dict(headers.records(bytes(data)))
        elif flag in b"LK":
            self._long[flag] = headers.text(bytes(data))

    def _member(self, block: bytes, flag: int) -> Member | None:
        pax, self._pax = self._pax, {}
        long, self._long = self._long, {}
        name = pax.get("path") or long.get(ord("L")) or headers.name(block)
        size = headers.decimal(pax, "size", block, 124, 12)
        kind = Kind.FILE if flag in _FILES or flag == _GNU_SPARSE else _KINDS.get(flag)
        if kind is None:
            raise headers.damaged(f"{headers.shown(name)} is of type {chr(flag)!r}, which no layer may hold")
        if flag == 0 and name.endswith("/"):
            kind = Kind.DIRECTORY
        member = Member(
            name=name,
            kind=kind,
            mode=headers.number(block, 100, 8) & 0o7777,
            uid=headers.decimal(pax, "uid", block, 108, 8),
            gid=headers.decimal(pax, "gid", block, 116, 8),
            size=size,
            stored=size,
            link=pax.get("linkpath") or long.get(ord("K")) or headers.text(block[157:257]),
            capabilities="SCHILY.xattr.security.capability" in pax,
            sparse=False,
            offset=self._position,
        )
        if kind is not Kind.FILE:
            # Some archivers state the size of what a hard link leads to; no content follows.
            member.size = member.stored = 0
            return member
        if flag == _GNU_SPARSE:
            member.sparse = True
            member.size = headers.number(block, 483, 12)
            if block[482]:
                self._unmapped = member
                return None
        elif pax and any(key.startswith("GNU.sparse.") for key in pax):
            member.sparse = True
            member.name = pax.get("GNU.sparse.name") or name
            real = "GNU.sparse.realsize" if "GNU.sparse.realsize" in pax else "GNU.sparse.size"
            member.size = headers.decimal(pax, real, block, 124, 12)
        return self._with_content(member)

    def _map(self, block: bytes) -> Member | None:
        """One more block of the map of a sparse file, which stands between its header and its content."""
        member = self._unmapped
        if member is None or block[504]:
            return None
        self._unmapped = None
        return self._with_content(member)

    def _with_content(self, member: Member) -> Member:
        self._content, self._padding = member.stored, -member.stored % BLOCK
        member.offset = self._position
        return member
