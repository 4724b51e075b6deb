"""Tag to digest against a real registry."""

import asyncio
from pathlib import Path

import pytest

from pinbot.config import RegistrySettings
from pinbot.errors import AccessDenied, NotFound, Unreachable, Untrustworthy
from pinbot.model.manifest import OCI_INDEX, OCI_MANIFEST, Index, Manifest
from pinbot.model.plan import Resolution
from pinbot.model.reference import Digest, ImageReference, Platform
from pinbot.registry.auth.credentials import Credential
from pinbot.registry.wire.troubles import NoAnswer
from tests.registry.conftest import AMD64, ARM64, push
from tests.support.oci import Pusher, digest_of
from tests.support.registry import RegistryServer, free_port
from tests.support.registry_client import ALICE, Asker, Login
from tests.support.registry_link import Fault, LinkProxy
from tests.support.registry_tls import Authority

pytestmark = pytest.mark.needs("docker-registry")


def test_the_tag_of_an_index_is_resolved_to_the_index_by_one_head(registry: RegistryServer) -> None:
    digest = push(registry)
    asker = Asker()
    image = f"{registry.host}/library/alpine:3.20"
    assert asker.resolve(image) == Resolution(
        image=ImageReference.parse(image), digest=Digest.parse(digest), media_type=OCI_INDEX
    )
    (exchange,) = asker.exchanges
    assert (exchange.method, exchange.status) == ("HEAD", 200)
    assert exchange.url == f"{registry.base_url}/v2/library/alpine/manifests/3.20"


def test_the_tag_of_a_single_image_is_resolved_to_its_manifest(registry: RegistryServer) -> None:
    pusher = Pusher(registry.base_url)
    digest = pusher.image("single", "1", AMD64)
    pusher.close()
    found = Asker().resolve(f"{registry.host}/single:1")
    assert (str(found.digest), found.media_type) == (digest, OCI_MANIFEST)


def test_latest_is_asked_for_where_nothing_is_written(registry: RegistryServer) -> None:
    digest = push(registry, "unnamed", "latest")
    assert str(Asker().resolve(f"{registry.host}/unnamed").digest) == digest


def test_a_tag_is_asked_for_even_if_there_is_a_digest(registry: RegistryServer) -> None:
    digest = push(registry)
    image = f"{registry.host}/library/alpine:3.20@sha256:{'0' * 64}"
    found = Asker().resolve(image)
    assert str(found.digest) == digest
    assert found.image == ImageReference.parse(image)


def test_a_digest_without_a_tag_is_found_by_one_head(registry: RegistryServer) -> None:
    digest = push(registry)
    asker = Asker()
    assert str(asker.resolve(f"{registry.host}/library/alpine@{digest}").digest) == digest
    assert asker.methods == ["HEAD"]


def test_a_digest_that_is_gone_is_not_found(registry: RegistryServer) -> None:
    push(registry)
    with pytest.raises(NotFound) as caught:
        Asker().resolve(f"{registry.host}/library/alpine@sha256:{'0' * 64}")
    assert "has no digest 000000000000… in library/alpine" in str(caught.value)


@pytest.mark.parametrize("image", ["library/alpine:nope", "nowhere:1"])
def test_an_image_that_is_absent_is_not_found(registry: RegistryServer, image: str) -> None:
    push(registry)
    asker = Asker()
    with pytest.raises(NotFound) as caught:
        asker.resolve(f"{registry.host}/{image}")
    assert caught.value.image == f"{registry.host}/{image}"
    assert caught.value.hint
    assert asker.methods == ["HEAD", "GET"]


def test_one_image_is_asked_for_once_at_the_same_time_and_later(registry: RegistryServer) -> None:
    push(registry)
    asker = Asker()
    image = ImageReference.parse(f"{registry.host}/library/alpine:3.20")
    pinned = image.with_digest(Digest("sha256", "0" * 64))

    async def work() -> list[Resolution]:
        async with asker.client() as client:
            together = await asyncio.gather(*(client.resolve(image) for _ in range(20)))
            return [*together, await client.resolve(image), await client.resolve(pinned)]

    found = asyncio.run(work())
    assert {resolution.digest for resolution in found} == {found[0].digest}
    assert found[-1].image == pinned
    assert asker.methods == ["HEAD"]


def test_one_that_stops_waiting_does_not_stop_the_others(registry: RegistryServer) -> None:
    digest = push(registry)
    asker = Asker()
    image = ImageReference.parse(f"{registry.host}/library/alpine:3.20")

    async def work() -> Resolution:
        async with asker.client() as client:
            first, second = (asyncio.create_task(client.resolve(image)) for _ in range(2))
            await asyncio.sleep(0)
            first.cancel()
            return await second

    assert str(asyncio.run(work()).digest) == digest
    assert asker.methods == ["HEAD"]


def test_what_failed_is_asked_for_again(registry: RegistryServer) -> None:
    asker = Asker()
    image = ImageReference.parse(f"{registry.host}/pushed-late:1")

    async def work() -> Resolution:
        async with asker.client() as client:
            with pytest.raises(NotFound):
                await client.resolve(image)
            push(registry, "pushed-late", "1")
            return await client.resolve(image)

    assert asyncio.run(work()).image == image


def test_a_failure_leaves_the_other_images_alone(registry: RegistryServer) -> None:
    digest = push(registry)
    good = f"{registry.host}/library/alpine:3.20"
    gone = f"{registry.host}/library/alpine:gone"
    down = f"127.0.0.1:{free_port()}/x:1"
    results = Asker().resolve_all([good, gone, down, good])
    assert [type(result) for result in results[1:3]] == [NotFound, NoAnswer]
    assert [str(result.digest) for result in (results[0], results[3]) if isinstance(result, Resolution)] == [
        digest,
        digest,
    ]


def test_platforms_come_from_the_index_or_from_the_config(registry: RegistryServer) -> None:
    index = push(registry)
    pusher = Pusher(registry.base_url)
    pusher.image("single", "1", ARM64)
    pusher.close()
    asker = Asker()

    async def work() -> list[Resolution]:
        async with asker.client() as client:
            images = (f"{registry.host}/library/alpine:3.20", f"{registry.host}/single:1")
            return [await client.describe(ImageReference.parse(image)) for image in images]

    of_index, of_image = asyncio.run(work())
    assert str(of_index.digest) == index
    assert of_index.platforms == (Platform("linux", "amd64"), Platform("linux", "arm64"))
    assert of_image.platforms == (Platform("linux", "arm64"),)
    assert asker.methods == ["GET", "GET", "GET"]


def test_manifests_are_read_by_tag_and_by_digest(registry: RegistryServer) -> None:
    index = push(registry)

    async def work() -> tuple[Index | Manifest, Index | Manifest]:
        async with Asker().client() as client:
            by_tag = await client.manifest(ImageReference.parse(f"{registry.host}/library/alpine:3.20"))
            assert isinstance(by_tag, Index)
            child = by_tag.manifests[1].digest
            one = f"{registry.host}/library/alpine:3.20@{child}"
            return by_tag, await client.manifest(ImageReference.parse(one))

    whole, child = asyncio.run(work())
    assert isinstance(whole, Index)
    assert isinstance(child, Manifest)
    assert str(child.config.digest) == digest_of(ARM64.config_bytes)
    assert index != str(whole.manifests[1].digest)


def test_basic_credentials_are_sent_when_they_are_asked_for(guarded: RegistryServer) -> None:
    digest = push(guarded)
    asker = Asker(credentials=ALICE)
    found = asker.resolve_all(f"{guarded.host}/library/alpine:{tag}" for tag in ("3.20", "3.20", "gone"))
    assert isinstance(found[0], Resolution)
    assert str(found[0].digest) == digest
    # Only the first request goes without them.
    assert [exchange.status for exchange in asker.exchanges].count(401) == 1


def test_without_credentials_access_is_denied_with_advice(guarded: RegistryServer) -> None:
    push(guarded)
    asker = Asker()
    with pytest.raises(AccessDenied) as caught:
        asker.resolve(f"{guarded.host}/library/alpine:3.20")
    assert "denies anonymous access to library/alpine" in caught.value.message
    assert f"docker login {guarded.host}" in caught.value.hint
    assert asker.methods == ["HEAD"]


def test_wrong_credentials_are_named_without_their_secret(guarded: RegistryServer) -> None:
    push(guarded)
    wrong = Login(Credential(username="mallory", secret="a wrong secret", source="a file"))
    with pytest.raises(AccessDenied) as caught:
        Asker(credentials=wrong).resolve(f"{guarded.host}/library/alpine:3.20")
    assert "mallory (a file)" in str(caught.value)
    assert "a wrong secret" not in str(caught.value)


def test_a_registry_with_an_own_authority_is_asked_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with RegistryServer(tls=authority.pair, htpasswd=True) as server:
        pusher = Pusher(server.base_url, auth=server.auth, verify=authority.context)
        digest = pusher.index("library/alpine", "3.20", [AMD64])
        pusher.close()
        image = f"{server.host}/library/alpine:3.20"

        def trusting(name: str) -> RegistrySettings:
            return RegistrySettings(name=name.partition("/")[0], ca=str(authority.ca))

        found = Asker(settings=trusting, credentials=ALICE).resolve(image)
        assert str(found.digest) == digest

        other = tmp_path / "other"
        other.mkdir()

        def mistrusting(name: str) -> RegistrySettings:
            return RegistrySettings(name=name.partition("/")[0], ca=str(Authority(other).ca))

        with pytest.raises(Unreachable) as caught:
            Asker(settings=mistrusting).resolve(image)
        assert f"the certificate of {server.host} is not trusted" in caught.value.message

        # Without a `ca`, loopback is spoken to in plain http, which this registry does not know.
        with pytest.raises(Unreachable):
            Asker().resolve(image)


@pytest.mark.parametrize("content", [None, "", "-----BEGIN CERTIFICATE-----\nnonsense\n"])
def test_an_authority_that_cannot_be_read_is_said(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)

    def settings(name: str) -> RegistrySettings:
        return RegistrySettings(name=name.partition("/")[0], ca=str(path))

    with pytest.raises(Unreachable) as caught:
        Asker(settings=settings).resolve("127.0.0.1:1/x")
    assert f"the certificate authorities in {path} cannot be read" in caught.value.message


def test_another_location_can_stand_in_for_a_registry(registry: RegistryServer) -> None:
    digest = push(registry)

    def settings(name: str) -> RegistrySettings:
        return RegistrySettings(name=name.partition("/")[0], location=registry.host)

    found = Asker(settings=settings).resolve("alpine:3.20")
    assert str(found.image) == "docker.io/library/alpine:3.20"
    assert str(found.digest) == digest


def test_a_registry_that_is_down_is_unreachable_and_asked_four_times_in_all() -> None:
    host = f"127.0.0.1:{free_port()}"
    asker = Asker()
    results = asker.resolve_all(f"{host}/r{number}" for number in range(50))
    assert len(asker.exchanges) == 4
    for number, result in enumerate(results):
        assert isinstance(result, Unreachable)
        assert f"{host} refuses connections" in result.message
        assert result.image == f"{host}/r{number}:latest"
        assert result.hint


@pytest.mark.parametrize("name", ["registry.invalid", "registry.invalid:5000"])
def test_a_registry_whose_name_is_unknown_is_unreachable(name: str) -> None:
    asker = Asker()
    with pytest.raises(Unreachable) as caught:
        asker.resolve(f"{name}/x:1")
    assert name in caught.value.message


@pytest.mark.parametrize(
    "location", ["", "user@host", "host:port", "a b", "http://host", "[::1", "h:99999", "[abc]"]
)
def test_a_location_that_is_no_address_is_said(location: str) -> None:
    def settings(name: str) -> RegistrySettings:
        return RegistrySettings(name=name.partition("/")[0], location=location)

    with pytest.raises(Unreachable) as caught:
        Asker(settings=settings).resolve("alpine")
    assert repr(location) in caught.value.message


def test_the_first_request_goes_alone_and_the_others_learn_from_it(guarded: RegistryServer) -> None:
    push(guarded)
    with LinkProxy(guarded.host) as link:
        Asker(credentials=ALICE).resolve_all(f"{link.host}/library/alpine:{number}" for number in range(20))
        without = [seen for seen in link.requests if "authorization" not in seen.headers]
        assert without == link.requests[:1]


def test_a_registry_that_sends_everybody_astray_is_not_asked_one_by_one(registry: RegistryServer) -> None:
    with LinkProxy(registry.host) as link:
        link.faults = lambda _: Fault(status=302)
        results = Asker().resolve_all(f"{link.host}/library/alpine:{number}" for number in range(20))
        assert {type(result) for result in results} == {Untrustworthy}
        assert link.connections > 1
