"""Layers as tar, however they are compressed: in steps of bounded size, without any I/O.

Sources: OCI image-spec 1.1, layer.md; RFC 1952 (gzip), RFC 8878 (zstd).
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

import zstandard

from pinbot.errors import ImageError
from pinbot.image.limits import Limits

STEP = 1024**2
"""Bytes that one step inflates, at most; a step of zstd may be up to sixteen times as much."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
_SKIPPABLE = 0x50
_LONGEST_MAGIC = 4
# For zlib: a gzip header is expected.
_WITH_HEADER = 31
# A block of zstd has at most 128 KiB, and takes at least four bytes: so few bytes make 16 MiB at most.
_ZSTD_SLICE = 512
# None of them can be the name of a file that stands first in a tar archive.
_FOREIGN = {b"BZh91AY&SY": "bzip2", b"\xfd7zX": "xz", b"\x04\x22\x4d\x18": "lz4", b"PK\3\4": "zip"}


class _Stream(Protocol):
    """One kind of compression."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the data stands for, in steps; to be exhausted before more is fed."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the data may end here."""
        ...


class Inflater:
    """Takes a layer piece by piece and gives the tar archive that it is; finds out how it is compressed.

    What the bytes say counts, and not the media type: builders have been wrong about it, and runtimes do not
    look at it either.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._head = b""
        self._stream: _Stream | None = None
        self.taken = 0
        self.given = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The next bytes of the archive, in steps; to be exhausted before more is fed.

        Raises:
            ImageError: the data is damaged, or stands for more than the limits allow.
        """
        self.taken += len(data)
        if self._stream is None:
            self._head += data
            if len(self._head) < _LONGEST_MAGIC:
                return
            data, self._head = self._head, b""
            self._stream = _stream_for(data, self._limits)
        yield from self._checked(self._stream.feed(data))

    def close(self) -> bytes:
        """Say that nothing more comes; gives the bytes of what is too short to be compressed.

        Raises:
            ImageError: something is missing.
        """
        if self._stream is not None and not self._stream.complete:
            raise ImageError("is cut off: its compressed data has no end", hint="push the image anew")
        return self._head

    @property
    def plain(self) -> bool:
        """Whether what was fed so far turned out not to be compressed."""
        return isinstance(self._stream, _Plain)

    def _checked(self, steps: Iterator[bytes]) -> Iterator[bytes]:
        limits = self._limits
        for step in steps:
            self.given += len(step)
            if self.given > limits.layer_size:
                raise ImageError(
                    f"stands for more than {limits.layer_size} bytes, the most that are read of one layer",
                    hint="make the layer smaller; no usual image has such a one",
                )
            if self.given > max(limits.ratio_after, limits.ratio * self.taken):
                raise ImageError(
                    f"is a bomb, it seems: its first {self.taken} bytes stand for more than {self.given}",
                    hint="do not run this image; tell whoever made it",
                )
            yield step


class _Plain:
    complete = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Gzip:
    """One member after another."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=_WITH_HEADER)
        self._begun = False

    @property
    def complete(self) -> bool:
        return not self._begun

    def feed(self, data: bytes) -> Iterator[bytes]:
        pending = False
        while data or pending:
            if not self._begun:
                # Some tools pad the end with zeros.
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._member, self._begun = zlib.decompressobj(wbits=_WITH_HEADER), True
            try:
                step = self._member.decompress(data, STEP)
            except zlib.error as error:
                raise _damaged("gzip", error) from error
            if step:
                yield step
            if self._member.eof:
                self._begun, pending = False, False
                data = self._member.unused_data
            else:
                data = self._member.unconsumed_tail
                pending = len(step) == STEP


class _Zstd:
    """One frame after another; frames that are to be skipped stand for nothing."""

    def __init__(self, limits: Limits) -> None:
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=limits.window)
        self._frame: zstandard.ZstdDecompressionObj | None = None

    @property
    def complete(self) -> bool:
        return self._frame is None

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_SLICE):
            rest = data[start : start + _ZSTD_SLICE]
            while rest:
                if self._frame is None:
                    self._frame = self._decompressor.decompressobj()
                try:
                    step = self._frame.decompress(rest)
                except zstandard.ZstdError as error:
                    raise _damaged("zstd", error) from error
                rest = b""
                if self._frame.eof:
                    rest, self._frame = self._frame.unused_data, None
                if step:
                    yield step


def _stream_for(head: bytes, limits: Limits) -> _Stream:
    if head.startswith(_GZIP):
        return _Gzip()
    if head.startswith(_ZSTD) or (head[0] & 0xF0 == _SKIPPABLE and head[1:4] == _ZSTD_SKIPPABLE):
        return _Zstd(limits)
    for magic, name in _FOREIGN.items():
        if head.startswith(magic):
            raise ImageError(
                f"is compressed as {name}, which is none of the forms that layers have",
                hint="push the image with layers in gzip or zstd",
            )
    return _Plain()


def _damaged(form: str, error: Exception) -> ImageError:
    return ImageError(
        f"is damaged, or wants too much memory, as its {form} data shows: {error}", hint="push the image anew"
    )
