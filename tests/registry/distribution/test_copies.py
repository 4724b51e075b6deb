"""Manifests that were read before: what is asked for them again, and whom they are shown."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pinbot.cache import DiskCache
from pinbot.config import Config, Mirror, RegistrySettings
from pinbot.errors import AccessDenied, NotFound, Unreachable
from pinbot.model.manifest import OCI_INDEX, Descriptor, Index, Manifest
from pinbot.model.reference import ImageReference
from pinbot.ports.machine import Cache
from pinbot.registry.auth.credentials import Anonymous, CredentialStore
from pinbot.registry.client import RegistryClient
from tests.registry.conftest import AMD64, push
from tests.support.oci import Pusher
from tests.support.registry import RegistryServer
from tests.support.registry_client import ALICE, Asker
from tests.support.registry_link import Fault, LinkProxy

pytestmark = pytest.mark.needs("docker-registry")


@dataclass
class Reader:
    """Reads by name, each time in a run of its own; all of them have one cache."""

    cache: Cache
    settings: Callable[[str], RegistrySettings] = Config().registry
    asked: list[str] = field(default_factory=list)

    def document(
        self, image: str, *, credentials: CredentialStore | None = None
    ) -> tuple[Descriptor, Manifest | Index]:
        asker = Asker(self.settings, cache=self.cache, credentials=credentials or Anonymous())
        try:
            return asker.ask(lambda client: client.document(ImageReference.parse(image)))
        finally:
            self.asked = asker.methods


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(DiskCache(tmp_path / "cache"))


def test_what_was_read_by_its_digest_is_asked_for_by_head(registry: RegistryServer, reader: Reader) -> None:
    digest = push(registry)
    image = f"{registry.host}/library/alpine@{digest}"
    first = reader.document(image)
    assert reader.asked == ["GET"]
    assert (first[0].media_type, str(first[0].digest)) == (OCI_INDEX, digest)
    assert reader.document(image) == first
    assert reader.asked == ["HEAD"]


def test_a_digest_that_a_tag_was_resolved_to_is_not_asked_for_again(
    registry: RegistryServer, reader: Reader
) -> None:
    digest = push(registry)
    image = ImageReference.parse(f"{registry.host}/library/alpine:3.20")
    reader.document(f"{image}@{digest}")
    asker = Asker(cache=reader.cache)

    async def resolve_and_read(client: RegistryClient) -> Manifest | Index:
        found = await client.resolve(image)
        return await client.manifest(image.with_digest(found.digest))

    assert isinstance(asker.ask(resolve_and_read), Index)
    assert asker.methods == ["HEAD"]


def test_what_a_tag_means_is_never_told_from_a_copy(registry: RegistryServer, reader: Reader) -> None:
    pusher = Pusher(registry.base_url)
    old = push(registry, "moving", "1")
    reader.document(f"{registry.host}/moving@{old}")
    new = pusher.image("moving", "1", AMD64)
    pusher.close()
    assert str(reader.document(f"{registry.host}/moving:1")[0].digest) == new
    assert reader.asked == ["GET"]


def test_what_the_registry_no_longer_has_is_not_found(registry: RegistryServer, reader: Reader) -> None:
    digest = push(registry, "leaving", "1")
    image = f"{registry.host}/leaving@{digest}"
    reader.document(image)
    pusher = Pusher(registry.base_url)
    pusher.delete("leaving", digest)
    pusher.close()
    with pytest.raises(NotFound):
        reader.document(image)
    assert reader.asked == ["HEAD", "GET"]


def test_what_another_repository_has_is_not_found_in_this_one(
    registry: RegistryServer, reader: Reader
) -> None:
    digest = push(registry)
    push(registry, "other", "2")
    pusher = Pusher(registry.base_url)
    pusher.delete("other", digest)
    pusher.close()
    reader.document(f"{registry.host}/library/alpine@{digest}")
    with pytest.raises(NotFound):
        reader.document(f"{registry.host}/other@{digest}")


def test_a_copy_is_shown_to_nobody_who_may_not_see_the_image(guarded: RegistryServer, reader: Reader) -> None:
    image = f"{guarded.host}/library/alpine@{push(guarded)}"
    known = reader.document(image, credentials=ALICE)
    with pytest.raises(AccessDenied):
        reader.document(image)
    assert reader.document(image, credentials=ALICE) == known
    assert "GET" not in reader.asked


class Remembered:
    """A cache in memory, which others can write to."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}

    async def get(self, name: str) -> bytes | None:
        return self.entries.get(name)

    async def put(self, name: str, data: bytes) -> None:
        self.entries[name] = data


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda body: body + b" ", id="longer"),
        pytest.param(lambda body: body[:-1], id="shorter"),
        pytest.param(lambda _: AMD64.manifest, id="another"),
    ],
)
def test_a_copy_with_another_digest_is_read_anew(
    registry: RegistryServer, damage: Callable[[bytes], bytes]
) -> None:
    cache = Remembered()
    reader = Reader(cache)
    image = f"{registry.host}/library/alpine@{push(registry)}"
    first = reader.document(image)
    whole = dict(cache.entries)
    cache.entries = {name: damage(body) for name, body in whole.items()}
    assert reader.document(image) == first
    assert reader.asked == ["GET"]
    assert cache.entries == whole


def test_a_registry_that_cannot_be_asked_is_not_answered_for_by_a_copy(
    registry: RegistryServer, reader: Reader
) -> None:
    with LinkProxy(registry.host) as link:
        image = f"{link.host}/library/alpine@{push(registry)}"
        reader.document(image)
        link.faults = lambda _: Fault(status=503)
        with pytest.raises(Unreachable):
            reader.document(image)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(status=405), id="does not know HEAD"),
        pytest.param(Fault(headers={"Docker-Content-Digest": None}), id="names no digest"),
        pytest.param(Fault(headers={"Docker-Content-Digest": f"sha256:{'0' * 64}"}), id="names another"),
        pytest.param(Fault(headers={"Content-Type": "text/html"}), id="names no type"),
    ],
)
def test_where_a_head_leaves_something_open_it_is_read_anew(
    registry: RegistryServer, reader: Reader, fault: Fault
) -> None:
    with LinkProxy(registry.host) as link:
        image = f"{link.host}/library/alpine@{push(registry)}"
        first = reader.document(image)
        link.faults = lambda seen: fault if seen.method == "HEAD" else None
        assert reader.document(image) == first
        assert reader.asked == ["HEAD", "GET"]


def test_a_mirror_that_has_it_is_enough(registry: RegistryServer, reader: Reader) -> None:
    digest = push(registry, "cache/app")
    mirror = Mirror(location=f"{registry.host}/cache")
    with LinkProxy(registry.host) as upstream:
        settings = RegistrySettings(name="quay.io/team", location=f"{upstream.host}/team", mirrors=(mirror,))
        reader.settings = Config(registries=(settings,)).registry
        first = reader.document(f"quay.io/team/app@{digest}")
        assert reader.document(f"quay.io/team/app@{digest}") == first
        assert (reader.asked, upstream.count("GET"), upstream.count("HEAD")) == (["HEAD"], 0, 0)
