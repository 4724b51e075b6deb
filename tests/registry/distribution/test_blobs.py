"""Blobs, whole and as streams, from a real registry."""

import asyncio
import hashlib
import random
import tracemalloc
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from pinbot.errors import AccessDenied, NotFound, RegistryError, Unreachable, Unsupported, Untrustworthy
from pinbot.model.manifest import Descriptor, Manifest
from pinbot.model.plan import Resolution
from pinbot.model.reference import Digest, ImageReference
from pinbot.registry.asking.hosts import Patience
from pinbot.registry.client import RegistryClient
from pinbot.registry.wire.troubles import Timing
from tests.registry.conftest import AMD64
from tests.support.oci import OCI_CONFIG, OCI_LAYER, Pusher, digest_of
from tests.support.registry import RegistryServer
from tests.support.registry_client import ALICE, Asker
from tests.support.registry_link import Fault, Faults, LinkProxy, Seen
from tests.support.registry_token import TokenServer

pytestmark = pytest.mark.needs("docker-registry")

LAYER = random.Random(4).randbytes(1_500_000)
CONFIG = b'{"os":"linux"}'
PIECE = 65536


def descriptor(data: bytes, *, size: int | None = None, kind: str = OCI_LAYER) -> Descriptor:
    digest = Digest("sha256", hashlib.sha256(data).hexdigest())
    return Descriptor(media_type=kind, digest=digest, size=len(data) if size is None else size)


@pytest.fixture(scope="module")
def filled(registry: RegistryServer) -> RegistryServer:
    pusher = Pusher(registry.base_url)
    pusher.blob("blobs", LAYER)
    pusher.blob("blobs", CONFIG)
    pusher.close()
    return registry


@pytest.fixture
def link(filled: RegistryServer) -> Iterator[LinkProxy]:
    with LinkProxy(filled.host) as proxy:
        yield proxy


def image(host: str) -> ImageReference:
    return ImageReference.parse(f"{host}/blobs:1")


def blob(host: str, wanted: Descriptor, asker: Asker | None = None) -> bytes:
    return (asker or Asker()).ask(lambda client: client.blob(image(host), wanted))


def stream(
    host: str,
    wanted: Descriptor,
    start: int = 0,
    *,
    asker: Asker | None = None,
    into: list[bytes] | None = None,
) -> bytes:
    """All bytes; the pieces are also put `into` a list, as they come."""
    pieces: list[bytes] = [] if into is None else into

    async def read(client: RegistryClient) -> None:
        async for piece in client.stream(image(host), wanted, start):
            pieces.append(piece)  # noqa: PERF401 - what came before an error counts

    (asker or Asker()).ask(read)
    return b"".join(pieces)


def ranges(link: LinkProxy) -> list[str | None]:
    return [seen.headers.get("range") for seen in link.requests]


def first(fault: Fault) -> Faults:
    """The fault for the first request, whatever it is."""
    return lambda seen: fault if seen.number == 1 else None


def from_the_second_on(fault: Fault) -> Faults:
    """An interruption, and the fault for what follows."""
    return lambda seen: Fault(cut=PIECE * 3) if seen.number == 1 else fault


def test_a_small_blob_is_read_whole_by_one_get(link: LinkProxy) -> None:
    assert blob(link.host, descriptor(CONFIG, kind=OCI_CONFIG)) == CONFIG
    assert [(seen.method, seen.path) for seen in link.requests] == [
        ("GET", f"/v2/blobs/blobs/{descriptor(CONFIG).digest}")
    ]


@pytest.mark.parametrize(
    ("wanted", "fault", "error", "words"),
    [
        (descriptor(CONFIG, size=13), None, Untrustworthy, "should have 13 bytes and has 14"),
        (descriptor(CONFIG), Fault(body=CONFIG[:-1] + b" "), Untrustworthy, "where it should be sha256:"),
        (descriptor(CONFIG), Fault(cut=5), Unreachable, "broke off"),
        (descriptor(CONFIG), Fault(cut=5, unsized=True), Untrustworthy, "where it should be sha256:"),
        (descriptor(CONFIG), Fault(body=bytes(2**22 + 1)), Untrustworthy, "sent more than 4194304 bytes"),
        (descriptor(CONFIG), Fault(headers={"Content-Encoding": "gzip"}), Untrustworthy, "'gzip'"),
        (descriptor(CONFIG), Fault(status=500), Unreachable, "is in trouble (status 500)"),
        (descriptor(b"gone"), None, NotFound, "in blobs, though a manifest names it"),
    ],
)
def test_a_blob_that_cannot_be_had_is_an_error(
    link: LinkProxy, wanted: Descriptor, fault: Fault | None, error: type[RegistryError], words: str
) -> None:
    link.faults = lambda _: fault
    with pytest.raises(error) as caught:
        blob(link.host, wanted)
    assert words in caught.value.message
    assert caught.value.image == str(image(link.host))


def test_a_large_blob_is_not_read_whole(link: LinkProxy) -> None:
    with pytest.raises(Unsupported, match="has 4194305 bytes, more than the 4194304"):
        blob(link.host, descriptor(b"", size=2**22 + 1))
    assert not link.requests


def test_a_layer_is_streamed_in_small_pieces_by_one_get(link: LinkProxy) -> None:
    pieces: list[bytes] = []
    assert stream(link.host, descriptor(LAYER), into=pieces) == LAYER
    assert max(map(len, pieces)) == PIECE
    assert ranges(link) == [None]


@pytest.mark.parametrize("start", [1, PIECE, len(LAYER) - 1])
def test_a_layer_is_streamed_from_a_byte_on(link: LinkProxy, start: int) -> None:
    assert stream(link.host, descriptor(LAYER), start) == LAYER[start:]
    assert ranges(link) == [f"bytes={start}-"]


def test_nothing_is_asked_for_where_there_is_nothing(link: LinkProxy) -> None:
    assert stream(link.host, descriptor(LAYER), len(LAYER)) == b""
    assert stream(link.host, descriptor(b"")) == b""
    assert not link.requests
    with pytest.raises(Untrustworthy, match="where it should be"):
        stream(link.host, descriptor(LAYER, size=0))


@pytest.mark.parametrize("start", [-1, len(LAYER) + 1])
def test_a_byte_outside_of_the_blob_is_a_mistake_of_the_caller(link: LinkProxy, start: int) -> None:
    with pytest.raises(ValueError, match=f"byte {start} of a blob with {len(LAYER)}"):
        stream(link.host, descriptor(LAYER), start)


def test_a_blob_without_measure_is_not_begun(link: LinkProxy) -> None:
    with pytest.raises(Unsupported):
        stream(link.host, descriptor(LAYER, size=2**34 + 1))
    assert not link.requests


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(cut=700_000), id="cut"),
        pytest.param(Fault(cut=700_000, unsized=True), id="cut, without a length"),
        pytest.param(Fault(cut=1), id="cut after the first byte"),
        pytest.param(Fault(cut=0), id="cut before the first byte"),
        pytest.param(Fault(cut=len(LAYER) - 1), id="cut before the last byte"),
        pytest.param(Fault(cut=len(LAYER), unsized=True), id="no length"),
        pytest.param(Fault(cut=700_000, silence=60.0), id="silence in the middle"),
        pytest.param(Fault(body=LAYER[:700_000]), id="an early end"),
        pytest.param(Fault(headers={"Content-Length": "1600000"}), id="a length that is too large"),
        pytest.param(Fault(reset=True), id="connection reset"),
        pytest.param(Fault(raw=b""), id="connection closed without an answer"),
        pytest.param(Fault(status=429), id="429"),
        pytest.param(Fault(status=503), id="503"),
    ],
)
def test_the_whole_layer_comes_in_spite_of(link: LinkProxy, fault: Fault) -> None:
    link.faults = first(fault)
    pieces: list[bytes] = []
    asker = Asker(timing=Timing(read=0.3))
    assert stream(link.host, descriptor(LAYER), asker=asker, into=pieces) == LAYER
    assert max(map(len, pieces)) <= PIECE


@pytest.mark.parametrize("start", [0, 1000])
def test_what_broke_off_goes_on_where_it_broke(link: LinkProxy, start: int) -> None:
    link.faults = lambda seen: Fault(cut=PIECE * 4) if seen.number < 5 else None
    asker = Asker()
    assert stream(link.host, descriptor(LAYER), start, asker=asker) == LAYER[start:]
    places = [start + PIECE * 4 * number for number in range(5)]
    assert ranges(link) == [f"bytes={place}-" if place else None for place in places]
    assert asker.clock.slept == [0.15, 0.3, 0.6, 1.2]


def test_a_layer_that_breaks_off_again_and_again_is_given_up(link: LinkProxy) -> None:
    link.faults = lambda _: Fault(cut=PIECE)
    with pytest.raises(Unreachable, match="broke off"):
        stream(link.host, descriptor(LAYER))
    assert len(link.requests) == 5


def test_a_layer_that_ends_early_again_and_again_is_given_up(link: LinkProxy) -> None:
    link.faults = lambda seen: (
        Fault(cut=PIECE, unsized=True) if seen.number == 1 else Fault(cut=0, unsized=True)
    )
    with pytest.raises(Unreachable, match=f"after {PIECE} of {len(LAYER)} bytes"):
        stream(link.host, descriptor(LAYER))
    assert len(link.requests) == 5


def test_a_registry_that_no_longer_answers_is_not_asked_more_often_than_usual(link: LinkProxy) -> None:
    link.faults = from_the_second_on(Fault(status=503))
    with pytest.raises(Unreachable, match="is in trouble"):
        stream(link.host, descriptor(LAYER))
    assert len(link.requests) == 5


@pytest.mark.parametrize("start", [0, 1000])
def test_a_registry_that_ignores_ranges_is_read_from_the_beginning(link: LinkProxy, start: int) -> None:
    link.faults = from_the_second_on(Fault(status=200, body=LAYER))
    if start:
        link.faults = lambda _: Fault(status=200, body=LAYER)
    assert stream(link.host, descriptor(LAYER), start) == LAYER[start:]


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (from_the_second_on(Fault(headers={"Content-Range": None})), "and sent ''"),
        (
            from_the_second_on(Fault(headers={"Content-Range": "bytes 0-9/1500000"})),
            "and sent 'bytes 0-9/1500000'",
        ),
        (
            from_the_second_on(Fault(headers={"Content-Range": "bytes 196608-9/7"})),
            "and sent 'bytes 196608-9/7'",
        ),
        (from_the_second_on(Fault(headers={"Content-Range": "items x"})), "and sent 'items x'"),
        (
            from_the_second_on(Fault(headers={"Content-Range": "x" * 5000})),
            f"from byte 196608 of 1500000 and sent '{'x' * 60}'",
        ),
        (first(Fault(status=206, body=LAYER)), "from byte 0 of 1500000 and sent ''"),
        (
            first(Fault(status=206, headers={"Content-Range": "bytes 5-9/1500000"}, body=b"12345")),
            "and sent 'bytes 5-9/1500000'",
        ),
        (from_the_second_on(Fault(status=416)), "should have 1500000 bytes and ends before byte 196608"),
        (first(Fault(body=LAYER + b"x")), "should have 1500000 bytes and has more"),
        (first(Fault(body=LAYER * 2, unsized=True)), "should have 1500000 bytes and has more"),
        (first(Fault(body=LAYER[:-1] + bytes([LAYER[-1] ^ 1]))), "where it should be sha256:"),
        (from_the_second_on(Fault(body=bytes(1_500_000 - PIECE * 3))), "where it should be sha256:"),
        (first(Fault(headers={"Content-Encoding": "gzip"})), "'gzip', though it was asked not to"),
        (
            first(Fault(status=302, headers={"Location": "http://169.254.169.254/"})),
            "a network that it is not",
        ),
    ],
)
def test_a_layer_that_is_not_what_it_should_be_is_refused_before_its_last_piece(
    link: LinkProxy, faults: Faults, words: str
) -> None:
    link.faults = faults
    pieces: list[bytes] = []
    with pytest.raises(Untrustworthy) as caught:
        stream(link.host, descriptor(LAYER), into=pieces)
    assert words in caught.value.message
    assert caught.value.image == str(image(link.host))
    assert len(b"".join(pieces)) < len(LAYER)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=404), NotFound),
        (Fault(status=403), AccessDenied),
        (Fault(status=401), AccessDenied),
        (Fault(status=500), Unreachable),
        (Fault(status=204), Unreachable),
        (Fault(status=404, body=bytes(2**17)), Untrustworthy),
    ],
)
def test_a_layer_that_is_refused_is_an_error(
    link: LinkProxy, fault: Fault, error: type[RegistryError]
) -> None:
    link.faults = lambda _: fault
    with pytest.raises(error):
        stream(link.host, descriptor(LAYER))


def test_a_layer_that_drips_is_cut_off(link: LinkProxy) -> None:
    link.faults = lambda _: Fault(drip=0.05, at_once=PIECE * 2)
    with pytest.raises(Unreachable, match=r"sent less than 65536 bytes in 0\.5 seconds"):
        stream(link.host, descriptor(LAYER), asker=Asker(timing=Timing(read=9.0, total=0.5)))
    assert len(link.requests) == 1


def test_a_layer_may_take_longer_than_any_other_answer(link: LinkProxy) -> None:
    """The time of its reader does not count either."""
    timing = Timing(read=0.2, total=0.2)

    async def read(client: RegistryClient) -> bytes:
        data = b""
        async for piece in client.stream(image(link.host), descriptor(LAYER)):
            await asyncio.sleep(0.03)
            data += piece
        return data

    assert Asker(timing=timing).ask(read) == LAYER


def test_a_moved_layer_is_read_elsewhere_without_credentials_and_from_there_on(
    guarded: RegistryServer, filled: RegistryServer
) -> None:
    pusher = Pusher(guarded.base_url, auth=guarded.auth)
    pusher.blob("blobs", LAYER)
    pusher.close()
    with LinkProxy(filled.host) as storage, LinkProxy(guarded.host) as link:

        def redirect(seen: Seen) -> Fault | None:
            if "authorization" not in seen.headers:
                return None
            place = f"{storage.base_url}{seen.path}?signature={len(link.requests)}"
            return Fault(status=307, headers={"Location": place, "Set-Cookie": "session=secret; Path=/"})

        link.faults = redirect
        storage.faults = lambda seen: Fault(cut=PIECE) if seen.target.endswith("=2") else None
        assert stream(link.host, descriptor(LAYER), asker=Asker(credentials=ALICE)) == LAYER
        # Each part is asked for at the registry, since what it signed may be out of date.
        assert [seen.target.partition("?")[2] for seen in storage.requests] == ["signature=2", "signature=3"]
        assert ranges(storage) == [None, f"bytes={PIECE}-"]
        for seen in storage.requests:
            assert "authorization" not in seen.headers
            assert "cookie" not in seen.headers


def test_one_token_serves_for_all_that_is_read_from_a_repository(storage: Path) -> None:
    with TokenServer() as tokens, RegistryServer(auth=tokens.section, storage=storage) as server:
        reference = ImageReference.parse(f"{server.host}/private/r:1@{digest_of(AMD64.manifest)}")

        async def read(client: RegistryClient) -> tuple[tuple[str, ...], bytes, bytes]:
            manifest = await client.manifest(reference)
            assert isinstance(manifest, Manifest)
            streamed = await rest(client.stream(reference, manifest.config))
            return await client.tags(reference), streamed, await client.blob(reference, manifest.config)

        expected = (("1",), AMD64.config_bytes, AMD64.config_bytes)
        assert Asker(credentials=ALICE).ask(read) == expected
        assert [request.repositories for request in tokens.requests] == [("private/r",)]
        with pytest.raises(AccessDenied):
            Asker().ask(read)


def test_a_stream_that_is_left_gives_its_connection_back(link: LinkProxy) -> None:
    push_one(link)

    async def read(client: RegistryClient) -> Resolution:
        for _ in range(5):
            async with aclosing(client.stream(image(link.host), descriptor(LAYER))) as pieces:
                async for _ in pieces:
                    break
        return await client.resolve(image(link.host))

    assert Asker(patience=Patience(at_once=1)).ask(read).image == image(link.host)


def test_open_streams_do_not_keep_others_from_asking(link: LinkProxy) -> None:
    push_one(link)

    async def read(client: RegistryClient) -> list[bytes]:
        streams = [client.stream(image(link.host), descriptor(LAYER)) for _ in range(5)]
        begun = [await anext(one) for one in streams]
        await client.resolve(image(link.host))
        return [start + await rest(one) for start, one in zip(begun, streams, strict=True)]

    assert Asker(patience=Patience(at_once=1)).ask(read) == [LAYER] * 5


def test_a_connection_is_used_again_once_a_layer_is_read(link: LinkProxy) -> None:
    async def read(client: RegistryClient) -> None:
        for _ in range(3):
            assert await rest(client.stream(image(link.host), descriptor(LAYER))) == LAYER

    Asker().ask(read)
    assert link.connections == 1


def test_a_layer_needs_little_memory_however_large_it_is(filled: RegistryServer) -> None:
    size = 8 * 2**20
    pusher = Pusher(filled.base_url)
    pusher.blob("blobs", bytes(size))
    pusher.close()
    wanted = descriptor(bytes(size))

    async def count(client: RegistryClient) -> tuple[int, int]:
        await client.tags(image(filled.host))  # what is loaded once does not count
        tracemalloc.start()
        try:
            length = 0
            async for piece in client.stream(image(filled.host), wanted):
                length += len(piece)
            return length, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    length, peak = Asker().ask(count)
    assert length == size
    assert peak < 2**21


def push_one(link: LinkProxy) -> None:
    pusher = Pusher(f"http://{link.target}")
    pusher.image("blobs", "1", AMD64)
    pusher.close()


async def rest(pieces: AsyncGenerator[bytes, None]) -> bytes:
    return b"".join([piece async for piece in pieces])
