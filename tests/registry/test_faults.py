"""Whatever goes wrong on the way to a registry ends in the right digest or in a precise error."""

import asyncio
import base64
import contextlib
import gzip
import json
import socket
from collections.abc import Iterator

import pytest

from pinbot.config import RegistrySettings
from pinbot.errors import AccessDenied, NotFound, RegistryError, Unreachable, Unsupported, Untrustworthy
from pinbot.model.manifest import OCI_INDEX, Index, Manifest
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference
from pinbot.registry.asking.hosts import Patience
from pinbot.registry.servers.proxies import Proxies
from pinbot.registry.wire.troubles import Timing
from tests.registry.conftest import AMD64, push
from tests.support.oci import Pusher, to_json
from tests.support.registry import RegistryServer
from tests.support.registry_client import ALICE, Asker
from tests.support.registry_link import Fault, Faults, LinkProxy, Seen

pytestmark = pytest.mark.needs("docker-registry")

OTHER_DIGEST = "sha256:" + "0" * 64
NO_HEADER = {"Docker-Content-Digest": None}
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"


@pytest.fixture(scope="module")
def digest(registry: RegistryServer) -> str:
    return push(registry)


@pytest.fixture
def link(registry: RegistryServer, digest: str) -> Iterator[LinkProxy]:  # noqa: ARG001 - the image is there
    with LinkProxy(registry.host) as proxy:
        yield proxy


def image(link: LinkProxy) -> str:
    return f"{link.host}/library/alpine:3.20"


def on(method: str, fault: Fault, *, times: int = 1000) -> Faults:
    return lambda seen: fault if seen.method == method and seen.number <= times else None


def always(fault: Fault) -> Faults:
    return lambda _: fault


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(on("HEAD", Fault(reset=True), times=1), id="connection reset once"),
        pytest.param(on("HEAD", Fault(reset=True), times=3), id="connection reset three times"),
        pytest.param(on("HEAD", Fault(raw=b""), times=1), id="connection closed without an answer"),
        pytest.param(on("HEAD", Fault(raw=b"HTTP/1.1 200"), times=1), id="answer cut in its first line"),
        pytest.param(on("HEAD", Fault(raw=b"nonsense\r\n\r\n"), times=1), id="no HTTP, once"),
        pytest.param(on("HEAD", Fault(status=500), times=1), id="500 once"),
        pytest.param(on("HEAD", Fault(status=502), times=2), id="502 twice"),
        pytest.param(on("HEAD", Fault(status=503), times=3), id="503 three times"),
        pytest.param(on("HEAD", Fault(status=429), times=1), id="429 once"),
        pytest.param(
            on("HEAD", Fault(status=429, headers={"Retry-After": "30"}), times=1), id="429 with seconds"
        ),
        pytest.param(
            on(
                "HEAD",
                Fault(
                    status=429,
                    headers={
                        "Retry-After": "Tue, 24 Nov 2026 03:00:30 GMT",
                        "Date": "Tue, 24 Nov 2026 03:00:00 GMT",
                    },
                ),
                times=1,
            ),
            id="429 with a date",
        ),
        pytest.param(
            on(
                "HEAD",
                Fault(status=429, headers={"Retry-After": "Tue, 24 Nov 1999 03:00:30 GMT"}),
                times=1,
            ),
            id="429 with a past date",
        ),
        pytest.param(
            on("HEAD", Fault(status=429, headers={"Retry-After": "-1"}), times=1), id="429 with nonsense"
        ),
        pytest.param(on("HEAD", Fault(status=400)), id="HEAD 400 where GET works"),
        pytest.param(on("HEAD", Fault(status=403)), id="HEAD 403 where GET works"),
        pytest.param(on("HEAD", Fault(status=404)), id="HEAD 404 where GET works"),
        pytest.param(on("HEAD", Fault(status=405)), id="HEAD 405 where GET works"),
        pytest.param(on("HEAD", Fault(status=406)), id="HEAD 406 where GET works"),
        pytest.param(on("HEAD", Fault(status=500)), id="HEAD 500 where GET works"),
        pytest.param(on("HEAD", Fault(headers=NO_HEADER)), id="no digest header"),
        pytest.param(always(Fault(headers=NO_HEADER)), id="no digest header anywhere"),
        pytest.param(
            always(Fault(headers={"Docker-Content-Digest": "sha256:short"})), id="malformed digest header"
        ),
        pytest.param(
            always(Fault(headers={"Docker-Content-Digest": "md5:" + "0" * 32})), id="unknown digest algorithm"
        ),
        pytest.param(
            always(Fault(headers=NO_HEADER | {"ETag": f'"{OTHER_DIGEST}"'})), id="an ETag that is no digest"
        ),
        pytest.param(on("HEAD", Fault(headers={"Content-Type": "text/html"})), id="HEAD of another type"),
        pytest.param(on("HEAD", Fault(headers={"Content-Type": None})), id="HEAD without a type"),
        pytest.param(
            always(Fault(headers={"Content-Type": "application/json"})), id="a type that says little"
        ),
        pytest.param(on("HEAD", Fault(headers={"Content-Encoding": "gzip"})), id="HEAD said to be packed"),
        pytest.param(on("HEAD", Fault(headers={"Content-Length": str(2**40)})), id="HEAD of a huge size"),
        pytest.param(on("GET", Fault(reset=True)), id="GET broken, where HEAD is enough"),
    ],
)
def test_the_right_digest_is_found_in_spite_of(link: LinkProxy, digest: str, faults: Faults) -> None:
    link.faults = faults
    found = Asker().resolve(image(link))
    assert str(found.digest) == digest
    assert found.media_type == OCI_INDEX


def test_a_head_with_a_body_does_not_spoil_the_next_answer(link: LinkProxy, digest: str) -> None:
    body = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    answer = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {OCI_INDEX}\r\nDocker-Content-Digest: {digest}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    link.faults = on("HEAD", Fault(raw=answer + body), times=1)
    asker = Asker()

    async def work() -> list[Resolution]:
        async with asker.client() as client:
            by_tag = await client.resolve(ImageReference.parse(image(link)))
            by_digest = ImageReference.parse(f"{link.host}/library/alpine@{digest}")
            return [by_tag, await client.resolve(by_digest)]

    assert {str(found.digest) for found in asyncio.run(work())} == {digest}


def manifest_of_size(size: int) -> bytes:
    return b'{"schemaVersion":2,"x":"' + b"x" * size + b'"}'


@pytest.mark.parametrize(
    ("faults", "error", "words"),
    [
        pytest.param(
            always(Fault(headers={"Docker-Content-Digest": OTHER_DIGEST}, body=b"{}", status=200)),
            Untrustworthy,
            "where it should be sha256:0000",
            id="digest of another body",
        ),
        pytest.param(
            always(Fault(headers=NO_HEADER, cut=50, unsized=True)),
            Untrustworthy,
            "no JSON object",
            id="body cut, without a length and a digest",
        ),
        pytest.param(always(Fault(headers=NO_HEADER, cut=50)), Unreachable, "broke off", id="body cut"),
        pytest.param(
            always(Fault(status=404)),
            NotFound,
            "has no tag 3.20 in library/alpine",
            id="404 without words",
        ),
        pytest.param(always(Fault(status=403)), AccessDenied, "denies anonymous access", id="403"),
        pytest.param(always(Fault(status=401)), AccessDenied, "denies anonymous access", id="401 for ever"),
        pytest.param(
            always(Fault(status=401, headers={"WWW-Authenticate": "Negotiate"})),
            AccessDenied,
            "denies anonymous access",
            id="401 with a scheme that nobody knows",
        ),
        pytest.param(always(Fault(status=429)), Unreachable, "too many requests", id="429 for ever"),
        pytest.param(
            always(Fault(status=429, headers={"Retry-After": "86400"})),
            Unreachable,
            "wants no more requests for 86400 seconds",
            id="429 for a day",
        ),
        pytest.param(always(Fault(status=500)), Unreachable, "is in trouble (status 500", id="500 for ever"),
        pytest.param(always(Fault(status=503)), Unreachable, "is in trouble (status 503", id="503 for ever"),
        pytest.param(always(Fault(status=418)), Unreachable, "answers as no registry does", id="418"),
        pytest.param(always(Fault(status=204)), Unreachable, "answers as no registry does", id="204"),
        pytest.param(always(Fault(status=304)), Unreachable, "answers as no registry does", id="304"),
        pytest.param(always(Fault(reset=True)), Unreachable, "was lost", id="reset for ever"),
        pytest.param(always(Fault(raw=b"nonsense\r\n\r\n")), Unreachable, "no HTTP", id="no HTTP"),
        pytest.param(
            always(Fault(headers=NO_HEADER | {"Content-Type": "text/html"}, body=b"<html>Log in</html>")),
            Untrustworthy,
            "no JSON object",
            id="a page to log in",
        ),
        pytest.param(
            always(Fault(headers={"X": "x" * 200_000})), Unreachable, "no HTTP", id="headers of 200 kB"
        ),
        pytest.param(
            always(Fault(headers=NO_HEADER, body=manifest_of_size(4 * 2**20))),
            Untrustworthy,
            "sent more than 4194304 bytes",
            id="manifest over 4 MiB",
        ),
        pytest.param(
            always(Fault(headers=NO_HEADER, body=manifest_of_size(4 * 2**20), unsized=True)),
            Untrustworthy,
            "sent more than 4194304 bytes",
            id="manifest over 4 MiB without a length",
        ),
        pytest.param(
            always(Fault(headers=NO_HEADER | {"Content-Encoding": "gzip"}, body=gzip.compress(b"{}"))),
            Untrustworthy,
            "'gzip', though it was asked not to",
            id="packed manifest",
        ),
        pytest.param(
            always(
                Fault(headers=NO_HEADER | {"Content-Encoding": "gzip"}, body=gzip.compress(bytes(10**8), 9))
            ),
            Untrustworthy,
            "'gzip', though it was asked not to",
            id="gzip bomb",
        ),
        pytest.param(
            always(Fault(headers={"Content-Type": SCHEMA_1})), Unsupported, "schema 1", id="schema 1"
        ),
        pytest.param(
            always(
                Fault(headers=NO_HEADER | {"Content-Type": "application/json"}, body=b'{"schemaVersion":1}')
            ),
            Unsupported,
            "schema 1",
            id="schema 1 under another type",
        ),
        pytest.param(
            always(
                Fault(
                    headers=NO_HEADER,
                    body=to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "layers": []}),
                )
            ),
            Untrustworthy,
            "of an index and of a manifest at once",
            id="index and manifest at once",
        ),
        pytest.param(
            always(Fault(status=307, headers={"Location": "/v2/library/alpine/manifests/3.20"})),
            Untrustworthy,
            "more than 5 redirects",
            id="redirect to itself",
        ),
        pytest.param(
            always(Fault(status=302)), Untrustworthy, "redirected to nowhere", id="redirect without a place"
        ),
        pytest.param(
            always(Fault(status=302, headers={"Location": "http://169.254.169.254/x?secret=1"})),
            Untrustworthy,
            "http://169.254.169.254/x, a network that it is not part of",
            id="redirect to a metadata service",
        ),
        pytest.param(
            always(Fault(status=302, headers={"Location": "file:///etc/passwd"})),
            Untrustworthy,
            "not followed",
            id="redirect to a file",
        ),
        pytest.param(
            always(Fault(status=302, headers={"Location": "http://me:secret@127.0.0.1:1/"})),
            Untrustworthy,
            "redirected to http://127.0.0.1:1/: not followed",
            id="redirect with a user",
        ),
        pytest.param(
            always(Fault(status=302, headers={"Location": "http://[::1"})),
            Untrustworthy,
            "is redirected to http://[::1: not followed",
            id="redirect to no URL",
        ),
        pytest.param(
            always(Fault(status=302, headers={"Location": "http://127.0.0.1:99999/"})),
            Untrustworthy,
            "not followed",
            id="redirect to no port",
        ),
    ],
)
def test_a_precise_error_is_given_for(
    link: LinkProxy, faults: Faults, error: type[RegistryError], words: str
) -> None:
    link.faults = faults
    with pytest.raises(error) as caught:
        Asker().resolve(image(link))
    assert words in caught.value.message
    assert caught.value.image == image(link)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("fault", "timing", "words"),
    [
        (Fault(drip=0.05), Timing(read=9.0, total=0.5), "did not finish its answer within 0.5 seconds"),
        (Fault(drip=9.0), Timing(read=0.2, total=9.0), "sent nothing for 0.2 seconds"),
    ],
    ids=["a byte now and then", "silence"],
)
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_an_answer_that_never_ends_is_cut_off(
    link: LinkProxy, method: str, fault: Fault, timing: Timing, words: str
) -> None:
    link.faults = lambda seen: (
        fault if seen.method == method else Fault(headers=NO_HEADER) if method == "GET" else None
    )
    asker = Asker(timing=timing)
    with pytest.raises(Unreachable) as caught:
        asker.resolve(image(link))
    assert words in caught.value.message


def test_a_registry_without_head_is_asked_by_get_from_then_on(link: LinkProxy) -> None:
    link.faults = on("HEAD", Fault(status=405))
    asker = Asker()

    async def work() -> None:
        async with asker.client() as client:
            for reference in ("library/alpine:3.20", "library/alpine:nope"):
                try:
                    await client.resolve(ImageReference.parse(f"{link.host}/{reference}"))
                except NotFound:
                    assert reference.endswith("nope")

    asyncio.run(work())
    assert asker.methods == ["HEAD", "GET", "GET"]


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(reset=True)], ids=["503", "reset"])
def test_a_registry_that_always_fails_gets_fewer_requests_than_there_are_images(
    link: LinkProxy, fault: Fault
) -> None:
    link.faults = always(fault)
    results = Asker().resolve_all(f"{link.host}/library/alpine:{number}" for number in range(50))
    assert all(isinstance(result, Unreachable) for result in results)
    assert len(link.requests) < 50


def test_what_a_registry_says_is_passed_on_with_the_error(link: LinkProxy) -> None:
    body = json.dumps({"errors": [{"code": "DENIED", "message": "your plan\nhas ended"}]}).encode()
    link.faults = lambda seen: Fault(status=403, body=body if seen.method == "GET" else None)
    with pytest.raises(AccessDenied) as caught:
        Asker().resolve(image(link))
    assert "DENIED: your plan has ended" in caught.value.message


def test_an_unknown_repository_is_told_from_an_unknown_tag(link: LinkProxy) -> None:
    body = json.dumps({"errors": [{"code": "NAME_UNKNOWN", "message": "unknown"}]}).encode()
    link.faults = always(Fault(status=404, body=body))
    with pytest.raises(NotFound, match="has no repository library/alpine"):
        Asker().resolve(image(link))


def test_a_tag_that_moves_between_head_and_get_is_what_the_get_says(link: LinkProxy, digest: str) -> None:
    link.faults = on("HEAD", Fault(headers={"Docker-Content-Digest": OTHER_DIGEST, "Content-Type": None}))
    assert str(Asker().resolve(image(link)).digest) == digest


def test_a_digest_whose_content_is_another_is_refused(link: LinkProxy, digest: str) -> None:
    link.faults = lambda seen: Fault(headers=NO_HEADER, body=b"{}" if seen.method == "GET" else None)
    with pytest.raises(Untrustworthy) as caught:
        Asker().resolve(f"{link.host}/library/alpine@{digest}")
    assert f"where it should be {digest}" in caught.value.message


def test_a_digest_that_a_head_names_differently_is_looked_at(link: LinkProxy, digest: str) -> None:
    link.faults = on("HEAD", Fault(headers={"Docker-Content-Digest": OTHER_DIGEST}))
    assert str(Asker().resolve(f"{link.host}/library/alpine@{digest}").digest) == digest


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Fault(status=404), NotFound, "has no"),
        (Fault(body=b"{}"), Untrustworthy, "where it should be sha256:"),
        (Fault(cut=10), Unreachable, "broke off"),
    ],
)
def test_a_config_that_cannot_be_had_is_said(
    registry: RegistryServer, link: LinkProxy, fault: Fault, error: type[RegistryError], words: str
) -> None:
    pusher = Pusher(registry.base_url)
    pusher.image("single", "1", AMD64)
    pusher.close()
    link.faults = lambda seen: fault if "/blobs/" in seen.path else None

    async def work() -> Resolution:
        async with Asker().client() as client:
            return await client.describe(ImageReference.parse(f"{link.host}/single:1"))

    with pytest.raises(error) as caught:
        asyncio.run(work())
    assert words in caught.value.message


def test_manifests_with_a_wrong_digest_are_refused(link: LinkProxy, digest: str) -> None:
    link.faults = on("GET", Fault(headers={"Docker-Content-Digest": OTHER_DIGEST}))

    async def work(reference: str) -> Index | Manifest:
        async with Asker().client() as client:
            return await client.manifest(ImageReference.parse(reference))

    for reference in (image(link), f"{link.host}/library/alpine@{digest}"):
        with pytest.raises(Untrustworthy):
            asyncio.run(work(reference))


def test_a_redirect_is_followed_without_credentials_cookies_or_query_in_sight(
    guarded: RegistryServer, registry: RegistryServer, digest: str
) -> None:
    push(guarded)
    with LinkProxy(registry.host) as elsewhere, LinkProxy(guarded.host) as link:
        place = f"{elsewhere.base_url}/v2/library/alpine/manifests/3.20?signature=secret"

        def redirect(seen: Seen) -> Fault | None:
            if "authorization" not in seen.headers:
                return None
            return Fault(status=307, headers={"Location": place, "Set-Cookie": "session=secret; Path=/"})

        link.faults = redirect
        asker = Asker(credentials=ALICE)
        results = asker.resolve_all([image(link), f"{link.host}/library/alpine@{digest}"])
        assert [str(found.digest) for found in results if isinstance(found, Resolution)] == [digest] * 2
        assert elsewhere.requests
        for seen in elsewhere.requests:
            assert seen.target.endswith("signature=secret")
            assert "authorization" not in seen.headers
        for seen in (*elsewhere.requests, *link.requests):
            assert "cookie" not in seen.headers
        assert not any("secret" in exchange.url for exchange in asker.exchanges)


def test_a_place_elsewhere_that_asks_for_credentials_gets_none(
    guarded: RegistryServer, registry: RegistryServer
) -> None:
    with LinkProxy(registry.host) as link, LinkProxy(guarded.host) as elsewhere:
        link.faults = always(
            Fault(status=307, headers={"Location": f"{elsewhere.base_url}/v2/x/manifests/1"})
        )
        with pytest.raises(AccessDenied):
            Asker(credentials=ALICE).resolve(image(link))
        assert elsewhere.requests
        assert all("authorization" not in seen.headers for seen in elsewhere.requests)


def test_requests_say_who_asks_and_what_they_accept(link: LinkProxy) -> None:
    Asker().resolve(image(link))
    (seen,) = link.requests
    assert seen.headers["user-agent"].startswith("pinbot/")
    assert seen.headers["accept-encoding"] == "identity"
    assert seen.headers["accept"] == (
        "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
        "application/vnd.docker.distribution.manifest.list.v2+json, "
        "application/vnd.docker.distribution.manifest.v2+json"
    )


def test_connections_are_used_again_and_no_more_are_opened_than_allowed(link: LinkProxy) -> None:
    asker = Asker()
    asker.resolve_all(f"{link.host}/library/alpine:{number}" for number in range(40))
    # The first to learn how to ask, and for each tag that is not there a HEAD and a GET.
    assert len(link.requests) == 1 + 2 * 40
    assert link.connections <= asker.patience.at_once


def insecure(name: str) -> RegistrySettings:
    return RegistrySettings(name=name.partition("/")[0], insecure=True)


def test_a_proxy_of_the_environment_is_used(link: LinkProxy, digest: str) -> None:
    # The link is as good as a proxy: it takes whole URLs and asks its own target.
    proxies = Proxies({"HTTP_PROXY": link.base_url.replace("//", "//me:se%3Acret@")})
    found = Asker(settings=insecure, proxies=proxies).resolve("far.invalid/library/alpine:3.20")
    assert str(found.digest) == digest
    (seen,) = link.requests
    assert seen.target == "http://far.invalid/v2/library/alpine/manifests/3.20"
    assert seen.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"me:se:cret").decode()


def led_to(link: LinkProxy, place: str, *, follow_private: bool) -> list[str]:
    """Where a registry that is only known to a proxy, by a public name, can send us."""

    def settings(name: str) -> RegistrySettings:
        host = name.partition("/")[0]
        return RegistrySettings(name=host, insecure=True, follow_private=follow_private)

    link.faults = lambda seen: (
        Fault(status=307, headers={"Location": place}) if "far.invalid" in seen.target else None
    )
    proxies = Proxies({"HTTP_PROXY": link.base_url})
    with contextlib.suppress(RegistryError):
        Asker(settings=settings, proxies=proxies, patience=Patience(tries=1)).resolve(
            "far.invalid/library/alpine:3.20"
        )
    return sorted({seen.target.split("/")[2] for seen in link.requests} - {"far.invalid"})


@pytest.mark.parametrize(
    ("place", "host"), [("http://10.0.0.1/x", "10.0.0.1"), ("http://192.168.7.7:8080/x", "192.168.7.7:8080")]
)
def test_a_registry_that_is_configured_so_may_send_into_private_networks(
    link: LinkProxy, place: str, host: str
) -> None:
    assert led_to(link, place, follow_private=False) == []
    assert led_to(link, place, follow_private=True) == [host]


@pytest.mark.parametrize("place", ["http://169.254.169.254/x", "http://127.0.0.1:1/x", "http://0.0.0.0/x"])
def test_none_may_send_to_this_machine_or_to_what_is_on_its_link(link: LinkProxy, place: str) -> None:
    assert led_to(link, place, follow_private=True) == []


def test_loopback_is_asked_without_a_proxy(link: LinkProxy, digest: str) -> None:
    asker = Asker(proxies=Proxies({"HTTP_PROXY": "http://127.0.0.1:1"}))
    assert str(asker.resolve(image(link)).digest) == digest


def test_a_proxy_that_cannot_be_used_is_said() -> None:
    proxies = Proxies({"HTTP_PROXY": "nonsense://me:secret@proxy"})
    with pytest.raises(Unreachable) as caught:
        Asker(settings=insecure, proxies=proxies).resolve("far.invalid/x:1")
    assert "the proxy that the environment names cannot be used" in caught.value.message
    assert "secret" not in str(caught.value)


def test_a_proxy_that_refuses_is_said(link: LinkProxy) -> None:
    link.faults = always(Fault(status=403))
    with pytest.raises(Unreachable) as caught:
        Asker(proxies=Proxies({"HTTPS_PROXY": link.base_url})).resolve("far.invalid/x:1")
    assert "the proxy on the way to far.invalid refused: 403" in caught.value.message


def test_a_host_that_does_not_answer_the_door_is_unreachable() -> None:
    with socket.socket() as listener, socket.socket() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # The queue is full with this one, so that further connections are not answered.
        waiting.connect(listener.getsockname())
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(Unreachable) as caught:
            Asker(timing=Timing(connect=0.1)).resolve(f"{host}/x:1")
    assert f"no connection to {host} within 0.1 seconds" in caught.value.message


@pytest.mark.parametrize(
    "host",
    [
        "a" * 64 + ".example",
        "h" + ".label" * 60,
        "Localhost:1",
        "1.2.3.4.5",
        "999.1.1.1",
        "0x7f.1:1",
        "[1:2]",
        "[::::]:1",
        "xn--a.invalid",
        "host:00000000001",
        "host:0",
    ],
)
def test_whatever_a_host_looks_like_it_is_unreachable_at_worst(host: str) -> None:
    with pytest.raises(Unreachable) as caught:
        Asker(timing=Timing(connect=0.5, read=0.5, total=1.0)).resolve(f"{host}/x:1")
    assert caught.value.image == f"{host}/x:1"
