"""Compressed layers, in steps that fit into memory."""

import gzip
import struct
import zlib
from collections.abc import Callable, Iterable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import ImageError
from pinbot.image.layers.inflate import STEP, Inflater
from pinbot.image.limits import Limits

MIB = 1024**2
SKIPPED = struct.pack("<II", 0x184D2A50, 5) + b"hello"


def inflate(data: bytes, sizes: Iterable[int] = (), limits: Limits | None = None) -> bytes:
    inflater = Inflater(limits or Limits())
    found = bytearray()
    start = 0
    for size in [*sizes, len(data)]:
        for step in inflater.feed(data[start : start + size]):
            found += step
        start += size
    found += inflater.close()
    return bytes(found)


def zstd(data: bytes, window: int | None = None) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        3, **({"window_log": window} if window else {})
    )
    return zstandard.ZstdCompressor(compression_params=parameters).compress(data)


def stream(size: int) -> bytes:
    """Zeros as zstd, without their size in the header, so that a reader cannot know it beforehand."""
    squeeze = zstandard.ZstdCompressor().compressobj()
    return b"".join((*(squeeze.compress(bytes(MIB)) for _ in range(size // MIB)), squeeze.flush()))


@given(
    st.lists(st.binary(max_size=300).map(lambda part: part * 50), min_size=1, max_size=4),
    st.sampled_from([gzip.compress, zstd]),
    st.lists(st.integers(0, 40), max_size=20),
)
def test_parts_that_follow_each_other_are_read_as_one(
    parts: list[bytes], compress: Callable[[bytes], bytes], sizes: list[int]
) -> None:
    assert inflate(b"".join(compress(part) for part in parts), sizes) == b"".join(parts)


@given(st.binary(max_size=100), st.lists(st.integers(0, 5), max_size=20))
def test_what_is_not_compressed_is_given_as_it_is(data: bytes, sizes: list[int]) -> None:
    assert inflate(b"x" + data, sizes) == b"x" + data


@pytest.mark.parametrize("data", [b"", b"a", b"\x1f", b"\x28\xb5\x2f"])
def test_what_is_too_short_to_be_compressed_is_given_as_it_is(data: bytes) -> None:
    assert inflate(data) == data


@pytest.mark.parametrize("data", [SKIPPED + zstd(b"a"), zstd(b"a") + SKIPPED, SKIPPED + SKIPPED + zstd(b"a")])
def test_frames_that_are_to_be_skipped_are(data: bytes) -> None:
    assert inflate(data) == b"a"
    assert inflate(data, [1] * len(data)) == b"a"


def test_zeros_behind_gzip_are_no_data() -> None:
    assert inflate(gzip.compress(b"a") + bytes(1000)) == b"a"
    assert inflate(gzip.compress(b"a") + bytes(10) + gzip.compress(b"b")) == b"ab"


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_data_that_is_cut_off_is_refused_wherever_it_is(compress: Callable[[bytes], bytes]) -> None:
    data = compress(bytes(range(256)) * 3)
    for end in range(4, len(data)):
        with pytest.raises(ImageError, match="is cut off: its compressed data has no end"):
            inflate(data[:end])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(b"a" * 100, mtime=0)[:-8] + bytes(8), "its gzip data"),
        (gzip.compress(b"a", mtime=0) + b"garbage", "its gzip data"),
        (zstd(b"a" * 100) + b"garbage", "its zstd data"),
        (zstd(b"a" * 100)[:8] + b"\xff" * 40, "its zstd data"),
    ],
)
def test_data_that_is_damaged_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ImageError) as caught:
        inflate(data)
    assert words in caught.value.message


def test_a_frame_that_wants_more_memory_than_it_may_have_is_refused() -> None:
    data = zstd(bytes(64 * MIB), window=25)
    assert len(inflate(data)) == 64 * MIB
    with pytest.raises(ImageError, match="wants too much memory"):
        inflate(data, limits=Limits(window=16 * MIB))


@pytest.mark.parametrize(
    ("magic", "name"),
    [(b"BZh91AY&SY", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"PK\3\4", "zip"), (b"\x04\x22\x4d\x18", "lz4")],
)
def test_what_no_runtime_inflates_is_named(magic: bytes, name: str) -> None:
    with pytest.raises(ImageError, match=f"is compressed as {name}, which is none of the forms"):
        inflate(magic + bytes(100))


@pytest.mark.parametrize("name", [b"PKGBUILD", b"BZh9", b"LZIP"])
def test_a_name_is_not_taken_for_compression(name: bytes) -> None:
    assert inflate(name + bytes(100)) == name + bytes(100)


@pytest.mark.parametrize("data", [gzip.compress(bytes(64 * MIB), mtime=0), stream(64 * MIB)])
def test_steps_stay_small_however_much_a_piece_stands_for(data: bytes) -> None:
    steps = [len(step) for step in Inflater(Limits()).feed(data)]
    assert sum(steps) == 64 * MIB
    assert max(steps) <= 16 * STEP


@pytest.mark.parametrize(
    "data", [gzip.compress(bytes(64 * MIB), mtime=0), stream(64 * MIB), zstd(bytes(64 * MIB))]
)
def test_a_bomb_is_refused_before_it_goes_off(data: bytes) -> None:
    limits = Limits(ratio=20, ratio_after=2 * MIB)
    inflater = Inflater(limits)
    with pytest.raises(ImageError, match=r"is a bomb, it seems: its first [0-9]+ bytes stand for more than"):
        list(inflater.feed(data))
    assert inflater.given <= 18 * MIB


def test_a_layer_may_be_compressible_for_a_while() -> None:
    limits = Limits(ratio=20, ratio_after=2 * MIB)
    assert len(inflate(gzip.compress(bytes(2 * MIB)), limits=limits)) == 2 * MIB


@pytest.mark.parametrize("compress", [gzip.compress, zstd, bytes])
def test_a_layer_that_is_too_large_is_refused(compress: Callable[[bytes], bytes]) -> None:
    limits = Limits(layer_size=MIB, ratio=10**6)
    assert len(inflate(compress(bytes(MIB)), limits=limits)) == MIB
    with pytest.raises(
        ImageError, match="stands for more than 1048576 bytes, the most that are read of one layer"
    ):
        inflate(compress(bytes(MIB + 1)), limits=limits)


def test_flags_of_gzip_headers_are_read_over() -> None:
    squeeze = zlib.compressobj(wbits=-15)
    body = squeeze.compress(b"data") + squeeze.flush()
    head = b"\x1f\x8b\x08\x1c" + bytes(6) + b"\x02\x00ab" + b"name\0" + b"comment\0"
    tail = struct.pack("<II", zlib.crc32(b"data"), 4)
    assert inflate(head + body + tail, [1] * 60) == b"data"
