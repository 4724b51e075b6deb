"""Where an image is asked for: prefixes, locations with a path, blocks; and how that is told."""

import asyncio
import contextlib

import pytest

from pinbot.config import Config, Mirror, RegistrySettings
from pinbot.errors import PinbotError, Unreachable
from pinbot.model.diagnosis import Access
from pinbot.model.reference import ImageReference
from tests.registry.conftest import push
from tests.support.registry import PASSWORD, USERNAME, RegistryServer
from tests.support.registry_client import ALICE, Asker
from tests.support.registry_link import LinkProxy
from tests.support.registry_token import TokenServer

pytestmark = pytest.mark.needs("docker-registry")


def asker(*settings: RegistrySettings) -> Asker:
    return Asker(settings=Config(registries=settings).registry)


def access(asker: Asker, image: str) -> Access:
    """After it was asked for."""

    async def ask() -> Access:
        reference = ImageReference.parse(image)
        async with asker.client() as client:
            with contextlib.suppress(PinbotError):
                await client.resolve(reference)
            return client.access(reference)

    return asyncio.run(ask())


def test_each_image_is_asked_for_where_its_longest_prefix_is(registry: RegistryServer) -> None:
    digest = push(registry, "hub/official/alpine")
    push(registry, "hub/owner/alpine", tag="other")
    client = asker(
        RegistrySettings(name="docker.io", location=f"{registry.host}/hub"),
        RegistrySettings(name="docker.io/library", location=f"{registry.host}/hub/official"),
        RegistrySettings(name="quay.io/a/b", location=f"{registry.host}/hub/official/alpine"),
    )
    for image in ("alpine:3.20", "quay.io/a/b:3.20"):
        found = client.resolve(image)
        assert found.image == ImageReference.parse(image)
        assert str(found.digest) == digest
    assert client.resolve("owner/alpine:other").image.repository == "owner/alpine"


def test_a_host_cannot_stand_for_one_repository(registry: RegistryServer) -> None:
    settings = RegistrySettings(name="quay.io/a/b", location=registry.host, source="r.conf:7")
    with pytest.raises(Unreachable) as caught:
        asker(settings).resolve("quay.io/a/b:1")
    assert "is a host and no repository" in caught.value.message
    assert "r.conf:7" in caught.value.hint


def test_what_is_blocked_is_not_asked_for(registry: RegistryServer) -> None:
    push(registry, "free/alpine")
    blocked = RegistrySettings(name=f"{registry.host}/private", blocked=True, source="r.conf:3")
    client = asker(blocked)
    with pytest.raises(Unreachable) as caught:
        client.resolve(f"{registry.host}/private/x:1")
    assert caught.value.message == f"{registry.host}/private is blocked on this machine"
    assert "r.conf:3" in caught.value.hint
    assert client.exchanges == []
    client.resolve(f"{registry.host}/free/alpine:3.20")


def test_a_tag_is_asked_for_at_the_registry_itself_whatever_mirrors_there_are(
    registry: RegistryServer,
) -> None:
    push(registry)
    with LinkProxy(registry.host) as mirror:
        settings = RegistrySettings(name=registry.host, mirrors=(Mirror(location=mirror.host),))
        asker(settings).resolve(f"{registry.host}/library/alpine:3.20")
        assert mirror.requests == []


def test_an_open_registry_asks_for_nobody(registry: RegistryServer) -> None:
    push(registry)
    settings = RegistrySettings(name="docker.io", location=registry.host, source="pinbot.yaml:2")
    assert access(asker(settings), "alpine:3.20") == Access(
        address=registry.base_url, version="HTTP/1.1", source="pinbot.yaml:2"
    )


def test_basic_is_told_with_the_place_of_the_credentials(guarded: RegistryServer) -> None:
    push(guarded)
    asking = Asker(credentials=ALICE)
    found = access(asking, f"{guarded.host}/library/alpine:3.20")
    assert (found.scheme, found.realm, found.credentials) == ("basic", None, "this test")
    assert PASSWORD not in repr(found)
    assert USERNAME not in repr(found)
    anonymous = access(Asker(), f"{guarded.host}/library/alpine:3.20")
    assert (anonymous.scheme, anonymous.credentials) == ("basic", None)


def test_bearer_is_told_with_the_host_of_the_token_server() -> None:
    with TokenServer() as tokens, RegistryServer(auth=tokens.section) as server:
        found = access(Asker(), f"{server.host}/x:1")
        assert (found.scheme, found.realm) == ("bearer", f"127.0.0.1:{tokens.port}")


def test_of_a_registry_that_does_not_answer_only_the_address_is_known() -> None:
    assert access(Asker(), "127.0.0.1:1/x:1") == Access(address="http://127.0.0.1:1")
