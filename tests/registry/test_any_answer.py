"""Whatever bytes a server sends, what comes out is right, or an error of pinbot's own tree."""

import hashlib
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinbot.errors import RegistryError
from pinbot.model.manifest import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Descriptor
from pinbot.model.plan import Resolution
from pinbot.model.reference import Digest, ImageReference
from pinbot.registry.asking.hosts import Patience
from pinbot.registry.auth.credentials import Anonymous, CredentialStore
from pinbot.registry.client import RegistryClient
from pinbot.registry.wire.troubles import Timing
from tests.support.oci import to_json
from tests.support.registry_client import ALICE, Asker
from tests.support.registry_link import Fault, LinkProxy

T = TypeVar("T")

GOOD = to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
GOOD_DIGEST = "sha256:" + hashlib.sha256(GOOD).hexdigest()

_STATUSES = st.sampled_from([200, 200, 200, 201, 204, 301, 307, 401, 403, 404, 405, 429, 500, 503, 999])
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "Docker-Content-Digest",
                "Content-Type",
                "Content-Encoding",
                "Location",
                "WWW-Authenticate",
                "Retry-After",
                "Transfer-Encoding",
                "Content-Length",
                "Content-Range",
                "Link",
            ]
        ),
        st.sampled_from(
            [
                GOOD_DIGEST,
                "sha256:" + "0" * 64,
                "sha512:" + "0" * 128,
                OCI_INDEX,
                OCI_MANIFEST,
                DOCKER_MANIFEST,
                "text/html",
                "gzip",
                "identity",
                "chunked",
                "/elsewhere",
                "https://xn--a/",
                "http://[::1",
                "Basic",
                'Bearer realm="/token"',
                'Bearer realm="https://xn--a/"',
                "Basic realm",
                "5",
                "-1",
                "99999999999999999999",
                f"bytes 0-9/{len(GOOD)}",
                f"bytes 9-{len(GOOD) - 1}/{len(GOOD)}",
                "bytes 9-1/*",
                '</v2/library/alpine/tags/list?last=x>; rel="next"',
                '<?>; rel="next"',
                "",
            ]
        )
        | st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=10),
    ),
    max_size=6,
)
_BODIES = st.sampled_from(
    [GOOD, GOOD[:-1], GOOD[9:], b"", b"{}", b"[]", b"null", b'{"token":"t"}', b'{"tags":["a",null]}']
) | st.binary(max_size=30)


@st.composite
def _answers(draw: st.DrawFn) -> bytes:
    body = draw(_BODIES)
    headers = draw(_HEADERS)
    if draw(st.booleans()):
        headers += [("Docker-Content-Digest", GOOD_DIGEST), ("Content-Type", OCI_INDEX)]
    if draw(st.booleans()):
        headers.append(("Content-Length", str(len(body))))
    lines = [f"HTTP/1.1 {draw(_STATUSES)} x", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@pytest.fixture(scope="module")
def link() -> Iterator[LinkProxy]:
    with LinkProxy("127.0.0.1:1") as proxy:
        yield proxy


def asker_of(link: LinkProxy, sent: list[bytes], credentials: CredentialStore) -> Asker:
    """Asks a server that sends these answers one after the other, the last one for ever."""
    first = len(link.requests)
    link.faults = lambda _: Fault(raw=sent[min(len(link.requests) - first, len(sent)) - 1])
    return Asker(
        patience=Patience(tries=1),
        timing=Timing(connect=2.0, read=0.2, total=2.0),
        credentials=credentials,
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(_answers() | st.binary(max_size=60), min_size=1, max_size=4),
    st.sampled_from([ALICE, Anonymous()]),
)
def test_only_a_right_digest_or_a_registry_error_comes_out(
    link: LinkProxy, sent: list[bytes], credentials: CredentialStore
) -> None:
    asker = asker_of(link, sent, credentials)
    (found,) = asker.resolve_all([f"{link.host}/library/alpine:3.20"])
    if isinstance(found, Resolution):
        # It was stated by a HEAD of a known type, or it is the hash of the bytes.
        assert any(str(found.digest).encode() in answer or GOOD in answer for answer in sent)
    else:
        assert isinstance(found, RegistryError)
        assert found.image == f"{link.host}/library/alpine:3.20"
        assert "wonderland" not in str(found)


def outcome(asker: Asker, question: Callable[[RegistryClient], Awaitable[T]]) -> T | RegistryError:
    try:
        return asker.ask(question)
    except RegistryError as error:
        return error


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(_answers() | st.binary(max_size=60), min_size=1, max_size=4),
    st.sampled_from([ALICE, Anonymous()]),
)
def test_only_the_right_bytes_or_a_registry_error_come_out(
    link: LinkProxy, sent: list[bytes], credentials: CredentialStore
) -> None:
    image = ImageReference.parse(f"{link.host}/library/alpine:3.20")
    wanted = Descriptor(media_type=OCI_INDEX, digest=Digest.parse(GOOD_DIGEST), size=len(GOOD))

    async def read(client: RegistryClient) -> bytes:
        return b"".join([piece async for piece in client.stream(image, wanted)])

    async def whole(client: RegistryClient) -> bytes:
        return await client.blob(image, wanted)

    for question in (read, whole):
        found = outcome(asker_of(link, sent, credentials), question)
        if isinstance(found, RegistryError):
            assert found.image == str(image)
            assert "wonderland" not in str(found)
        else:
            assert found == GOOD


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(_answers() | st.binary(max_size=60), min_size=1, max_size=4),
    st.sampled_from([ALICE, Anonymous()]),
)
def test_only_lists_or_a_registry_error_come_out(
    link: LinkProxy, sent: list[bytes], credentials: CredentialStore
) -> None:
    image = ImageReference.parse(f"{link.host}/library/alpine@{GOOD_DIGEST}")
    for question in (RegistryClient.tags, RegistryClient.referrers):
        found = outcome(asker_of(link, sent, credentials), partial(question, image=image))
        if isinstance(found, RegistryError):
            assert found.image in {image.name, str(image)}
            assert "wonderland" not in str(found)
        else:
            assert found in {(), ("a",)}
