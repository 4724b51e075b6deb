"""Mirrors: what they are asked for, what the registry itself is, and what a mirror never gets to know."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pinbot.config import Config, Mirror, RegistrySettings
from pinbot.errors import NotFound, RegistryError, Unreachable
from pinbot.model.diagnosis import Access
from pinbot.model.manifest import Descriptor
from pinbot.model.reference import Digest, ImageReference
from pinbot.registry.auth.credentials import Credential, CredentialStore, Keychain
from tests.registry.conftest import AMD64, push
from tests.support.oci import OCI_LAYER, Pusher, digest_of
from tests.support.registry import PASSWORD, USERNAME, RegistryServer, free_port
from tests.support.registry_client import ALICE, Asker
from tests.support.registry_link import Fault, LinkProxy

pytestmark = pytest.mark.needs("docker-registry")

LAYER = bytes(range(256)) * 4096
HALF = len(LAYER) // 2
IMAGE = "quay.io/team/app:3.20"


@dataclass
class Scene:
    """`quay.io/team` is behind one link; its mirror, `cache` on another registry, is behind the other."""

    registry: LinkProxy
    mirror: LinkProxy
    digest: str

    def settings(self, *, authoritative: bool = False) -> RegistrySettings:
        mirror = Mirror(location=f"{self.mirror.host}/cache", authoritative=authoritative)
        return RegistrySettings(
            name="quay.io/team", location=f"{self.registry.host}/upstream", mirrors=(mirror,)
        )

    def asker(
        self,
        *others: RegistrySettings,
        authoritative: bool = False,
        credentials: CredentialStore | None = None,
    ) -> Asker:
        config = Config(registries=(self.settings(authoritative=authoritative), *others))
        return Asker(settings=config.registry, credentials=credentials or ALICE)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[RegistryServer, RegistryServer, str]]:
    with RegistryServer() as upstream, RegistryServer() as mirror:
        digest = push(upstream, "upstream/app")
        assert push(mirror, "cache/app") == digest
        for server, repository in ((upstream, "upstream/app"), (mirror, "cache/app")):
            pusher = Pusher(server.base_url)
            pusher.blob(repository, LAYER)
            pusher.close()
        push(upstream, "upstream/app", "upstream-only")
        yield upstream, mirror, digest


@pytest.fixture
def scene(servers: tuple[RegistryServer, RegistryServer, str]) -> Iterator[Scene]:
    upstream, mirror, digest = servers
    with LinkProxy(upstream.host) as first, LinkProxy(mirror.host) as second:
        yield Scene(first, second, digest)


def blob(data: bytes) -> Descriptor:
    return Descriptor(media_type=OCI_LAYER, digest=Digest.parse(digest_of(data)), size=len(data))


def read(asker: Asker, start: int = 0) -> bytes:
    async def whole() -> bytes:
        async with asker.client() as client:
            pieces = client.stream(ImageReference.parse(IMAGE), blob(LAYER), start)
            return b"".join([piece async for piece in pieces])

    return asyncio.run(whole())


def manifest(asker: Asker, digest: str) -> int:
    image = ImageReference.parse(f"{IMAGE}@{digest}")
    return asker.ask(lambda client: client.document(image))[0].size


def test_what_a_tag_means_is_asked_of_the_registry_and_that_a_digest_exists_too(scene: Scene) -> None:
    asker = scene.asker()
    assert str(asker.resolve(IMAGE).digest) == scene.digest
    assert str(asker.resolve(f"quay.io/team/app@{scene.digest}").digest) == scene.digest
    assert asker.ask(lambda client: client.describe(ImageReference.parse(IMAGE))).platforms
    assert scene.mirror.requests == []


def test_what_a_digest_names_comes_from_the_mirror(scene: Scene) -> None:
    assert manifest(scene.asker(), scene.digest) > 0
    config = Descriptor(
        media_type="application/json",
        digest=Digest.parse(digest_of(AMD64.config_bytes)),
        size=len(AMD64.config_bytes),
    )
    read_config = scene.asker().ask(lambda client: client.blob(ImageReference.parse(IMAGE), config))
    assert read_config == AMD64.config_bytes
    assert read(scene.asker()) == LAYER
    assert scene.registry.requests == []
    assert {seen.path.split("/")[2] for seen in scene.mirror.requests} == {"cache"}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=404),
        Fault(status=500),
        Fault(status=429, headers={"Retry-After": "30"}),
        Fault(status=401, headers={"WWW-Authenticate": "Basic"}),
        Fault(status=302, headers={"Location": "http://169.254.169.254/"}),
        Fault(body=b"{}", headers={"Docker-Content-Digest": None}),
        Fault(reset=True),
        Fault(raw=b"nonsense\r\n\r\n"),
    ],
    ids=["404", "500", "429", "log-in", "astray", "other bytes", "reset", "no HTTP"],
)
def test_what_a_mirror_does_not_give_the_registry_gives(scene: Scene, fault: Fault) -> None:
    scene.mirror.faults = lambda _: fault
    asker = scene.asker(credentials=Keychain({}, Path("/nowhere")))
    assert manifest(asker, scene.digest) > 0
    assert asker.clock.slept == [], "there is no need to wait for a mirror"
    assert scene.mirror.count("GET") <= 2
    assert scene.registry.count("GET") == 1


def test_a_mirror_that_is_down_is_tried_once(scene: Scene) -> None:
    down = Mirror(location=f"127.0.0.1:{free_port()}")
    settings = RegistrySettings(
        name="quay.io/team", location=f"{scene.registry.host}/upstream", mirrors=(down,)
    )
    asker = Asker(settings=Config(registries=(settings,)).registry)
    assert manifest(asker, scene.digest) > 0
    assert [exchange.status for exchange in asker.exchanges] == [None, 200]
    assert asker.clock.slept == []


def test_a_layer_that_a_mirror_breaks_off_goes_on_from_the_registry(scene: Scene) -> None:
    scene.mirror.faults = lambda seen: Fault(cut=HALF) if seen.number == 1 else Fault(status=404)
    assert read(scene.asker()) == LAYER
    assert [seen.headers["range"] for seen in scene.registry.requests] == [f"bytes={HALF}-"]


@pytest.mark.parametrize("start", [0, 7])
def test_a_mirror_that_sends_too_much_is_no_harm(scene: Scene, start: int) -> None:
    scene.mirror.faults = lambda _: Fault(status=200, body=LAYER + b"more")
    assert read(scene.asker(), start) == LAYER[start:]


def test_an_authoritative_mirror_tells_what_tags_mean(scene: Scene) -> None:
    asker = scene.asker(authoritative=True)
    assert str(asker.resolve(IMAGE).digest) == scene.digest
    assert scene.registry.requests == []
    assert asker.methods == ["HEAD"]


def test_a_tag_that_an_authoritative_mirror_does_not_know_is_asked_of_the_registry(scene: Scene) -> None:
    image = "quay.io/team/app:upstream-only"
    assert str(scene.asker(authoritative=True).resolve(image).digest) == scene.digest
    with pytest.raises(NotFound, match="has no tag gone in team/app"):
        scene.asker(authoritative=True).resolve("quay.io/team/app:gone")


def test_it_is_told_how_the_mirror_is_reached_that_told_the_tags(scene: Scene) -> None:
    def told(asker: Asker) -> Access:
        async def ask() -> Access:
            image = ImageReference.parse(IMAGE)
            async with asker.client() as client:
                await client.resolve(image)
                return client.access(image)

        return asyncio.run(ask())

    assert told(scene.asker(authoritative=True)).address == scene.mirror.base_url
    assert told(scene.asker()).address == scene.registry.base_url
    scene.mirror.faults = lambda _: Fault(reset=True)
    assert told(scene.asker(authoritative=True)).address == scene.registry.base_url


@dataclass
class Ring:
    """A store with a secret for each host, which is the host's own name."""

    problems: tuple[str, ...] = ()

    async def find(self, settings: RegistrySettings, repository: str) -> Credential | None:  # noqa: ARG002
        return Credential(username=USERNAME, secret=f"secret of {settings.authority}", source="this test")


def test_neither_gets_what_is_meant_for_the_other(scene: Scene) -> None:
    for link in (scene.registry, scene.mirror):
        link.faults = lambda _: Fault(status=401, headers={"WWW-Authenticate": "Basic"})
    with pytest.raises(RegistryError):
        manifest(scene.asker(credentials=Ring()), scene.digest)
    for link in (scene.registry, scene.mirror):
        expected = Credential(username=USERNAME, secret=f"secret of {link.host}", source="").basic
        sent = {seen.headers.get("authorization") for seen in link.requests}
        assert sent == {None, expected}


def test_variables_for_the_registry_are_not_for_its_mirror(scene: Scene) -> None:
    """The mirror is asked as what is configured for its own name says."""
    environ = {"U": USERNAME, "P": PASSWORD, "MU": "mirror", "MP": "other"}
    for link in (scene.registry, scene.mirror):
        link.faults = lambda _: Fault(status=401, headers={"WWW-Authenticate": "Basic"})
    mirror = Mirror(location=f"{scene.mirror.host}/cache")
    registry = RegistrySettings(
        name="quay.io/team",
        location=scene.registry.host,
        username_variable="U",
        password_variable="P",
        mirrors=(mirror,),
    )
    own = RegistrySettings(name=scene.mirror.host, username_variable="MU", password_variable="MP")
    for entries, expected in (((registry,), None), ((registry, own), "mirror")):
        del scene.mirror.requests[:]
        asker = Asker(
            settings=Config(registries=entries).registry,
            credentials=Keychain(environ, Path("/nowhere")),
        )
        with pytest.raises(RegistryError):
            manifest(asker, scene.digest)
        sent = {seen.headers.get("authorization") for seen in scene.mirror.requests} - {None}
        assert sent == (
            set() if expected is None else {Credential(username=expected, secret="other", source="").basic}
        )


@pytest.mark.parametrize(
    "own",
    [
        {"insecure": False},
        {"insecure": True, "location": "elsewhere.invalid"},
    ],
    ids=["https only", "elsewhere"],
)
def test_what_is_configured_for_another_place_or_for_https_is_not_sent_to_a_mirror_in_clear_text(
    scene: Scene, own: dict[str, object]
) -> None:
    environ = {"U": USERNAME, "P": PASSWORD}
    scene.mirror.faults = lambda _: Fault(status=401, headers={"WWW-Authenticate": "Basic"})
    mirror = Mirror(location=f"{scene.mirror.host}/cache", insecure=True)
    registry = RegistrySettings(
        name="quay.io/team", location=f"{scene.registry.host}/upstream", mirrors=(mirror,)
    )
    entry = RegistrySettings(
        name=scene.mirror.host,
        username_variable="U",
        password_variable="P",
        **own,  # type: ignore[arg-type]
    )
    asker = Asker(
        settings=Config(registries=(registry, entry)).registry,
        credentials=Keychain(environ, Path("/nowhere")),
    )
    assert manifest(asker, scene.digest) > 0
    assert scene.mirror.requests
    assert all("authorization" not in seen.headers for seen in scene.mirror.requests)


def test_what_is_blocked_is_asked_of_no_mirror_and_a_blocked_mirror_is_not_asked(scene: Scene) -> None:
    registry = replace(scene.settings(), blocked=True)
    with pytest.raises(Unreachable, match="is blocked"):
        manifest(Asker(settings=Config(registries=(registry,)).registry), scene.digest)
    barred = RegistrySettings(name=f"{scene.mirror.host}/cache", blocked=True)
    assert manifest(scene.asker(barred), scene.digest) > 0
    assert scene.mirror.requests == []


def test_a_host_that_mirrors_one_repository_alone_is_passed_over(scene: Scene) -> None:
    settings = RegistrySettings(
        name="quay.io/team/app",
        location=f"{scene.registry.host}/upstream/app",
        mirrors=(Mirror(location=scene.mirror.host),),
    )
    assert manifest(Asker(settings=Config(registries=(settings,)).registry), scene.digest) > 0
    assert scene.mirror.requests == []
