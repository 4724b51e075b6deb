"""HTTP/2, where a registry offers it, and what becomes of one that is no good at it."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from h2.errors import ErrorCodes

from pinbot.config import Config, RegistrySettings
from pinbot.errors import NotFound, RegistryError, Untrustworthy
from pinbot.model.diagnosis import Access
from pinbot.model.manifest import Descriptor
from pinbot.model.plan import Resolution
from pinbot.model.reference import Digest, ImageReference
from pinbot.registry.auth.credentials import Credential
from pinbot.registry.wire.engine import httpcore
from pinbot.registry.wire.http2 import Http2Connection
from pinbot.registry.wire.troubles import Timing
from pinbot.registry.wire.wires import Network
from tests.registry.conftest import AMD64, push
from tests.support.oci import OCI_LAYER, Pusher, digest_of
from tests.support.project import ROOT
from tests.support.registry import RegistryServer
from tests.support.registry_client import Asker, Login
from tests.support.registry_http2 import Http2Front, Trouble, Troubles
from tests.support.registry_tls import Authority
from tests.support.registry_token import IDENTITY_TOKEN, TokenServer

pytestmark = pytest.mark.needs("docker-registry")

PATIENT = {"timeout": {"read": 2.0}}
TAGS = 40
LAYER = bytes(range(256)) * 2048


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def digest(registry: RegistryServer) -> str:
    """Of all forty tags of `app`."""
    pusher = Pusher(registry.base_url)
    pusher.blob("app", LAYER)
    digests = {pusher.index("app", f"v{number}", [AMD64]) for number in range(TAGS)}
    pusher.close()
    (only,) = digests
    return only


@pytest.fixture
def front(registry: RegistryServer, authority: Authority, digest: str) -> Iterator[Http2Front]:
    assert digest
    with Http2Front(registry.host, authority.pair) as server:
        yield server


@pytest.fixture
def asker(front: Http2Front, authority: Authority) -> Asker:
    return asker_of(front, authority)


def asker_of(front: Http2Front, authority: Authority, timing: Timing | None = None) -> Asker:
    settings = RegistrySettings(name=front.host, ca=str(authority.ca))
    return Asker(settings=Config(registries=(settings,)).registry, timing=timing or Timing())


def images(front: Http2Front) -> list[str]:
    return [f"{front.host}/app:v{number}" for number in range(TAGS)]


def right(results: list[Resolution | RegistryError], digest: str) -> bool:
    assert len(results) == TAGS
    return all(isinstance(found, Resolution) and str(found.digest) == digest for found in results)


def versions(asker: Asker) -> list[str | None]:
    return [exchange.version for exchange in asker.exchanges]


def test_all_requests_go_over_one_connection(front: Http2Front, asker: Asker, digest: str) -> None:
    assert right(asker.resolve_all(images(front)), digest)
    assert front.connections == ["h2"]
    assert set(versions(asker)) == {"HTTP/2"}
    assert [request.method for request in front.requests].count("HEAD") == TAGS


def test_a_real_registry_speaks_it_too(authority: Authority) -> None:
    with RegistryServer(tls=authority.pair) as server:
        pusher = Pusher(server.base_url, verify=authority.context)
        digest = pusher.index("library/alpine", "3.20", [AMD64])
        pusher.close()
        settings = RegistrySettings(name=server.host, ca=str(authority.ca))
        asker = Asker(settings=Config(registries=(settings,)).registry)
        assert str(asker.resolve(f"{server.host}/library/alpine:3.20").digest) == digest
        described = asker.ask(
            lambda client: client.describe(ImageReference.parse(f"{server.host}/library/alpine:3.20"))
        )
        assert described.platforms
    assert set(versions(asker)) == {"HTTP/2"}


def test_a_registry_that_does_not_offer_it_is_spoken_to_in_the_older_one(
    registry: RegistryServer, authority: Authority, digest: str
) -> None:
    with Http2Front(registry.host, authority.pair, protocols=("http/1.1",)) as front:
        asker = asker_of(front, authority)
        assert right(asker.resolve_all(images(front)), digest)
        assert set(front.connections) <= {"http/1.1"}
        assert 1 < len(front.connections) <= asker.patience.at_once
    assert set(versions(asker)) == {"HTTP/1.1"}


def test_no_more_requests_are_under_way_than_the_server_takes(
    registry: RegistryServer, authority: Authority, digest: str
) -> None:
    with Http2Front(
        registry.host, authority.pair, most_streams=3, troubles=lambda _: Trouble(silence=0.01)
    ) as front:
        assert right(asker_of(front, authority).resolve_all(images(front)), digest)
        assert front.most_at_once == 3


def nth(number: int, trouble: Trouble) -> Troubles:
    """The trouble for one request of the first connection."""
    return lambda request: trouble if (request.connection, request.number) == (1, number) else None


def always(trouble: Trouble) -> Troubles:
    return lambda _: trouble


GOODBYE = Trouble(goaway=ErrorCodes.NO_ERROR)
CALM = Trouble(goaway=ErrorCodes.ENHANCE_YOUR_CALM)
TROUBLES = {
    "GOAWAY": GOODBYE,
    "GOAWAY in anger": CALM,
    "RST_STREAM": Trouble(reset=ErrorCodes.REFUSED_STREAM),
    "RST_STREAM in anger": Trouble(reset=ErrorCodes.INTERNAL_ERROR),
    "a frame that cannot be": Trouble(garbage=bytes(9)),
    "half a frame": Trouble(garbage=b"\x00\x00\x09\x01\x04"),
    "a status that is no number": Trouble(status="fine"),
    "closed": Trouble(close=True),
}


@pytest.mark.parametrize("trouble", [t for name, t in TROUBLES.items() if name != "half a frame"])
@pytest.mark.parametrize("number", [1, 2, 17])
def test_what_breaks_once_is_sent_again_over_another_connection(
    front: Http2Front, asker: Asker, digest: str, trouble: Trouble, number: int
) -> None:
    front.troubles = nth(number, trouble)
    assert right(asker.resolve_all(images(front)), digest)
    assert front.connections == ["h2"] * (1 if trouble.reset else 2)
    assert asker.clock.slept == [], "an idle connection may end at any time: that is no reason to wait"


@pytest.mark.parametrize("name", TROUBLES)
def test_a_registry_that_always_fails_at_it_is_spoken_to_in_the_older_one(
    registry: RegistryServer, authority: Authority, digest: str, name: str
) -> None:
    with Http2Front(registry.host, authority.pair, troubles=always(TROUBLES[name])) as front:
        asker = asker_of(front, authority, Timing(read=0.3))
        assert right(asker.resolve_all(images(front)), digest)
        assert 1 <= front.connections.count("h2") <= 2
        assert 0 < front.connections.count("http/1.1") <= asker.patience.at_once


def test_a_registry_that_ends_every_connection_soon_is_spoken_to_in_the_older_one(
    front: Http2Front, asker: Asker, digest: str
) -> None:
    front.troubles = lambda request: CALM if request.number == 10 else None
    assert right(asker.resolve_all(images(front)), digest)
    assert front.connections.count("h2") == 2
    assert "http/1.1" in front.connections


def test_one_that_answers_a_hundred_requests_in_between_is_not(front: Http2Front, asker: Asker) -> None:
    front.troubles = lambda request: GOODBYE if request.number == 120 else None

    async def work() -> None:
        async with asker.client() as client:
            for number in range(400):
                with contextlib.suppress(NotFound):
                    await client.manifest(ImageReference.parse(f"{front.host}/app:gone{number}"))

    asyncio.run(work())
    assert set(front.connections) == {"h2"}
    assert len(front.connections) == 4


@pytest.mark.parametrize(
    "trouble", [Trouble(goaway=ErrorCodes.NO_ERROR, answered=True), Trouble(close=True, answered=True)]
)
def test_a_connection_that_the_server_closed_after_an_answer_is_not_used_again(
    front: Http2Front, asker: Asker, digest: str, trouble: Trouble
) -> None:
    front.troubles = always(trouble)

    async def work() -> set[str]:
        async with asker.client() as client:
            found = []
            for image in images(front)[:5]:
                found.append(await client.resolve(ImageReference.parse(image)))
                await asyncio.sleep(0.05)
            return {str(one.digest) for one in found}

    assert asyncio.run(work()) == {digest}
    assert front.connections == ["h2"] * 5
    assert len(front.requests) == 5
    assert asker.clock.slept == []


def test_layers_have_a_connection_of_their_own(front: Http2Front, asker: Asker, digest: str) -> None:
    wanted = Descriptor(media_type=OCI_LAYER, digest=Digest.parse(digest_of(LAYER)), size=len(LAYER))

    async def work() -> None:
        async with asker.client() as client:
            image = ImageReference.parse(f"{front.host}/app:v1")
            await client.resolve(image)
            pieces = client.stream(image, wanted)
            read = await anext(pieces)
            # A reader that takes its time holds up nobody.
            others = [client.resolve(ImageReference.parse(other)) for other in images(front)]
            assert {str(found.digest) for found in await asyncio.gather(*others)} == {digest}
            read += b"".join([piece async for piece in pieces])
            assert read == LAYER

    asyncio.run(work())
    assert front.connections == ["h2", "http/1.1"]


def test_an_answer_that_is_too_large_is_no_harm_to_the_others(front: Http2Front, asker: Asker) -> None:
    front.troubles = lambda request: (
        Trouble(body=bytes(5 * 2**20)) if request.method == "GET" and "v0" in request.path else None
    )

    async def work() -> list[object]:
        async with asker.client() as client:
            bad = client.manifest(ImageReference.parse(f"{front.host}/app:v0"))
            good = [client.resolve(ImageReference.parse(image)) for image in images(front)[1:]]
            return await asyncio.gather(bad, *good, return_exceptions=True)

    first, *rest = asyncio.run(work())
    assert isinstance(first, Untrustworthy)
    assert all(isinstance(found, Resolution) for found in rest)


def test_what_is_not_taken_of_an_answer_leaves_room_for_the_next(
    front: Http2Front, authority: Authority
) -> None:
    """A server may send four MiB ahead, for all answers together."""
    front.troubles = always(Trouble(body=bytes(2**20)))

    async def work() -> int:
        wire = await Network().connect_tcp("127.0.0.1", front.port, 5)
        context = authority.context
        context.set_alpn_protocols(["h2"])
        await wire.start_tls(context, "127.0.0.1", 5)
        connection = Http2Connection(wire, keepalive_expiry=15)
        request = httpcore.Request(
            "GET", f"https://{front.host}/v2/", headers=[("Host", front.host)], extensions=PATIENT
        )
        for _ in range(6):
            answer = await connection.handle_async_request(request)
            await asyncio.sleep(0.1)  # until its body is here
            await answer.aclose()
        answer = await connection.handle_async_request(request)
        body = await answer.aread()
        await connection.aclose()
        return len(body)

    assert asyncio.run(work()) == 2**20


def test_headers_without_end_are_refused(front: Http2Front, asker: Asker) -> None:
    front.troubles = nth(1, Trouble(header=("x", "x" * 70_000)))
    assert asker.resolve(images(front)[0]).digest
    assert [exchange.status for exchange in asker.exchanges] == [None, 200]


def test_who_stops_waiting_leaves_the_others_their_answers(
    front: Http2Front, asker: Asker, digest: str
) -> None:
    front.troubles = lambda request: Trouble(silence=5.0) if "v0" in request.path else None

    async def work() -> None:
        async with asker.client() as client:
            await client.resolve(ImageReference.parse(images(front)[1]))
            stuck = asyncio.create_task(client.resolve(ImageReference.parse(images(front)[0])))
            others = [client.resolve(ImageReference.parse(image)) for image in images(front)[2:]]
            found = await asyncio.gather(*others)
            assert {str(one.digest) for one in found} == {digest}
            stuck.cancel()

    asyncio.run(work())


def test_it_is_told_which_version_was_spoken_last(front: Http2Front, asker: Asker) -> None:
    async def access(image: str) -> Access:
        async with asker.client() as client:
            reference = ImageReference.parse(image)
            await client.resolve(reference)
            return client.access(reference)

    assert asyncio.run(access(images(front)[0])).version == "HTTP/2"
    front.troubles = always(CALM)
    assert asyncio.run(access(images(front)[0])).version == "HTTP/1.1"


def test_a_token_is_asked_for_in_it_too_also_by_post(authority: Authority, storage: Path) -> None:
    identity = Login(
        Credential(username="<token>", secret=IDENTITY_TOKEN, source="a helper", identity_token=True)
    )
    with TokenServer() as tokens, Http2Front(f"127.0.0.1:{tokens.port}", authority.pair) as realm:
        section = tokens.section_with(f"https://{realm.host}/token")
        with RegistryServer(storage=storage, auth=section) as server:
            settings = RegistrySettings(name=server.host, insecure=True, ca=str(authority.ca))
            asker = Asker(settings=Config(registries=(settings,)).registry, credentials=identity)
            assert asker.resolve(f"{server.host}/private/r:1").digest
        assert [(request.method, request.path) for request in realm.requests] == [("POST", "/token")]
        assert realm.connections == ["h2"]


RESOLVE = """
import asyncio, sys
from pinbot.clock import SystemClock
from pinbot.config import Config, RegistrySettings
from pinbot.model.reference import ImageReference
from pinbot.registry.client import RegistryClient

image, ca = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
settings = RegistrySettings(name=image.partition("/")[0], ca=ca)

async def work():
    async with RegistryClient(Config(registries=(settings,)).registry, clock=SystemClock()) as client:
        await client.resolve(ImageReference.parse(image))

asyncio.run(work())
print(sorted({"h2", "hpack", "hyperframe", "httpx"} & set(sys.modules)))
"""


def test_nothing_of_it_is_imported_before_a_server_speaks_it(
    registry: RegistryServer, front: Http2Front, authority: Authority
) -> None:
    push(registry)

    def imported(*arguments: str) -> str:
        command = [sys.executable, "-c", RESOLVE, *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    assert imported(f"{registry.host}/library/alpine:3.20") == "[]"
    assert imported(images(front)[0], str(authority.ca)) == "['h2', 'hpack', 'hyperframe']"
