"""Layers from where they lie: in their order, no more of them than is wanted, and a few ahead."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from pinbot.errors import ImageError, Mismatch, Unreachable
from pinbot.image.layers import reading
from pinbot.image.layers.changes import Added, Change
from pinbot.image.layers.layer import Layer
from pinbot.model.image import Taken
from pinbot.model.manifest import Descriptor, Index, Manifest
from pinbot.model.reference import Digest
from tests.support.oci import OCI_LAYER, digest_of
from tests.support.tarballs import Member, archive, hard_link, member

MIB = 1024**2


@dataclass
class Source:
    """An image of some blobs, each given in pieces; knows what was begun and how far it was read."""

    blobs: list[bytes]
    piece: int = 64 * 1024
    name: str = "app:1"
    taken: Taken = field(default_factory=Taken)
    begun: list[int] = field(default_factory=list)
    given: dict[int, int] = field(default_factory=dict)
    closed: list[int] = field(default_factory=list)
    broken: dict[int, Exception] = field(default_factory=dict)
    at_once: int = 0
    most_at_once: int = 0

    @property
    def layers(self) -> list[Descriptor]:
        return [
            Descriptor(media_type=OCI_LAYER, digest=Digest.parse(digest_of(blob)), size=len(blob))
            for blob in self.blobs
        ]

    async def root(self) -> tuple[Descriptor, Manifest | Index]:
        raise NotImplementedError

    async def document(self, descriptor: Descriptor) -> Manifest | Index:
        raise NotImplementedError

    async def blob(self, descriptor: Descriptor) -> bytes:
        raise NotImplementedError

    async def stream(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        number = self.layers.index(descriptor)
        blob = self.blobs[number]
        self.begun.append(number)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if number in self.broken:
                raise self.broken[number]
            for start in range(0, len(blob), self.piece):
                await asyncio.sleep(0)
                self.given[number] = start + self.piece
                yield blob[start : start + self.piece]
        finally:
            self.at_once -= 1
            self.closed.append(number)


def packed(*members: Member) -> bytes:
    return gzip.compress(archive(*members), 1, mtime=0)


def numbered(count: int, *, size: int = 0) -> list[bytes]:
    """Layers with one file each, that cannot be compressed."""
    noise = b"".join(digest_of(str(number).encode()).encode() for number in range(size // 71 + 1))
    return [archive(member(f"file{number}", noise[:size])) for number in range(count)]


def read_all(source: Source, take: Callable[[Change, int], None]) -> None:
    layers = [(layer, Layer(number=number)) for number, layer in enumerate(source.layers)]
    asyncio.run(reading.read_all(source, layers, take))


def paths_of(source: Source) -> list[str]:
    found: list[str] = []
    read_all(source, lambda change, number: found.append(f"{number}:{change.path}"))
    return found


def test_who_leaves_early_stops_the_download() -> None:
    source = Source(blobs=[archive(member("first", b"x"), member("second", bytes(50 * MIB)))])

    async def look() -> str:
        async with aclosing(reading.read(source, source.layers[0])) as changes:
            async for change in changes:
                return change.path
        raise AssertionError

    assert asyncio.run(look()) == "first"
    assert source.given[0] == source.piece
    assert source.closed == [0]


def test_what_is_not_asked_for_is_not_kept_in_memory() -> None:
    # A layer of 200 MiB, made as it is read.
    class Large(Source):
        async def stream(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:  # noqa: ARG002
            info, _ = member("large")
            info.size = 200 * MIB
            yield info.tobuf()
            for _ in range(200):
                await asyncio.sleep(0)
                yield bytes(MIB)
            yield bytes(1024)

    source = Large(blobs=[b""])

    async def look() -> int:
        changes = reading.read(source, source.layers[0], keep=lambda _: 10, hashed=lambda _: True)
        async with aclosing(changes):
            return sum([change.entry.size async for change in changes if isinstance(change, Added)])

    tracemalloc.start()
    try:
        assert asyncio.run(look()) == 200 * MIB
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


def test_layers_are_read_in_their_order_though_they_are_fetched_ahead() -> None:
    source = Source(blobs=numbered(12, size=1000))
    assert paths_of(source) == [f"{number}:file{number}" for number in range(12)]
    assert sorted(source.begun) == list(range(12))
    assert 2 <= source.most_at_once <= 5


def test_no_more_is_fetched_ahead_than_there_is_room_for() -> None:
    source = Source(blobs=numbered(4, size=7 * MIB))
    ahead: list[int] = []

    def take(_: Change, number: int) -> None:
        ahead.append(sum(source.given.get(later, 0) for later in range(number + 1, 4)))

    read_all(source, take)
    assert max(ahead) <= 16 * MIB
    assert sorted(source.begun) == [0, 1, 2, 3]


def test_a_large_layer_is_read_when_it_is_its_turn_and_small_ones_meanwhile() -> None:
    small, large = numbered(1, size=1000), numbered(1, size=20 * MIB)
    source = Source(blobs=[*small, *large, *numbered(2, size=500)[1:]])
    begun: dict[int, list[int]] = {}

    def take(_: Change, number: int) -> None:
        begun[number] = sorted(source.begun)

    read_all(source, take)
    assert begun == {0: [0], 1: [0, 1, 2], 2: [0, 1, 2]}


def test_an_error_is_that_of_the_first_layer_that_has_one() -> None:
    source = Source(blobs=numbered(4))
    source.broken = {3: Unreachable("layer 3 is gone"), 1: Unreachable("layer 1 is gone")}
    found: list[int] = []
    with pytest.raises(Unreachable, match="layer 1 is gone"):
        read_all(source, lambda _, number: found.append(number))
    assert found == [0]
    assert source.at_once == 0
    assert sorted(source.closed) == sorted(source.begun)


def test_what_is_under_way_ends_with_whoever_wanted_it() -> None:
    source = Source(blobs=numbered(5, size=10_000), piece=100)

    async def give_up() -> None:
        layers = [(layer, Layer(number=number)) for number, layer in enumerate(source.layers)]
        task = asyncio.create_task(reading.read_all(source, layers, lambda *_: None))
        for _ in range(10):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    assert source.begun
    assert source.at_once == 0


def refused(blob: bytes, kind: type[ImageError] = ImageError, **arguments: object) -> ImageError:
    source = Source(blobs=[blob])

    async def read() -> None:
        async with aclosing(reading.read(source, source.layers[0], **arguments)) as changes:  # type: ignore[arg-type]
            async for _ in changes:
                pass

    with pytest.raises(kind) as caught:
        asyncio.run(read())
    return caught.value


def test_an_error_tells_of_its_layer_and_image() -> None:
    blob = packed(member("../x"))
    error = refused(blob)
    short = digest_of(blob).removeprefix("sha256:")[:12]
    assert error.message == f"layer {short}… holds '../x', which leads out of the image"
    assert error.hint == "do not run this image"
    assert error.image == "app:1"
    good = packed(member("a"))
    assert "… is cut off: its compressed data has no end" in refused(good[:-20]).message
    error = refused(good, Mismatch, diff_id=Digest("sha256", "0" * 64))
    assert "… is not the one that the config names" in error.message


def test_what_cannot_be_merged_tells_of_its_layer_too() -> None:
    source = Source(blobs=[packed(hard_link("a", "none"))])

    def take(change: Change, number: int) -> None:
        raise ImageError(f"cannot take {change.path} of {number}")

    with pytest.raises(ImageError, match=r"layer [0-9a-f]{12}… cannot take a of 0"):
        read_all(source, take)


@pytest.mark.parametrize(
    ("media_type", "good"),
    [
        ("application/vnd.oci.image.layer.v1.tar", True),
        ("application/vnd.oci.image.layer.v1.tar+gzip", True),
        ("application/vnd.oci.image.layer.v1.tar+zstd", True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", True),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", True),
        ("application/vnd.docker.image.rootfs.diff.tar", True),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", True),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", False),
        ("application/vnd.in-toto+json", False),
        ("application/vnd.cncf.helm.chart.content.v1.tar+lz4", False),
        ("", False),
        ("text/plain\x1b[31m", False),
    ],
)
def test_only_layers_are_read(media_type: str, *, good: bool) -> None:
    source = Source(blobs=[packed(member("a"))])
    descriptor = Descriptor(media_type=media_type, digest=source.layers[0].digest, size=len(source.blobs[0]))

    class Typed(Source):
        @property
        def layers(self) -> list[Descriptor]:
            return [descriptor]

    typed = Typed(blobs=source.blobs)
    if good:
        assert paths_of(typed) == ["0:a"]
    else:
        with pytest.raises(ImageError, match="which holds no files"):
            paths_of(typed)
        assert typed.begun == []


def test_others_have_their_turn_while_a_layer_is_read() -> None:
    source = Source(
        blobs=[packed(*(member(f"{number}", bytes(100_000)) for number in range(100)))], piece=1000
    )
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def both() -> None:
        task = asyncio.create_task(other())
        await reading.read_all(source, [(source.layers[0], Layer())], lambda *_: None)
        task.cancel()

    asyncio.run(both())
    assert turns >= len(source.blobs[0]) // 1000
