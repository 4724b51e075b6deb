"""Images in a registry that are not what they should be."""

from collections.abc import Iterator

import pytest

from pinbot.errors import NotFound, PinbotError, Untrustworthy
from pinbot.image import look, platforms
from pinbot.model.manifest import OCI_INDEX, OCI_MANIFEST
from pinbot.model.reference import Platform
from pinbot.ports.images import ImageSource
from tests.image.sources.looking import ask, everything, root
from tests.support.local_images import descriptor, index
from tests.support.oci import Entry, Image, Pusher, digest_of, layer
from tests.support.registry import RegistryServer
from tests.support.registry_client import Asker
from tests.support.registry_link import Fault, LinkProxy

IMAGE = Image(layers=(layer([Entry(name="a", data=b"a")]), layer([Entry(name="b", data=b"b")])))
LAYER = digest_of(IMAGE.layers[0])

pytestmark = pytest.mark.needs("docker-registry")


@pytest.fixture(scope="module")
def server() -> Iterator[RegistryServer]:
    with RegistryServer() as running:
        pusher = Pusher(running.base_url)
        pusher.image("app", "1", IMAGE)
        pusher.manifest("app", "sizes", index({**descriptor(IMAGE), "size": 7}), OCI_INDEX)
        for blob in (IMAGE.config_bytes, *IMAGE.layers):
            pusher.blob("odd", blob)
        foreign = IMAGE.manifest.replace(b"layer.v1.tar", b"layer.nondistributable.v1.tar")
        pusher.manifest("odd", "foreign", foreign, OCI_MANIFEST)
        pusher.close()
        yield running


def refused(name: str, kind: type[PinbotError]) -> PinbotError:
    with pytest.raises(kind) as caught:
        ask(name, everything, Asker())
    return caught.value


def test_the_root_of_a_tag_takes_one_request(server: RegistryServer) -> None:
    asker = Asker()
    found, _ = ask(f"{server.host}/app:1", root, asker)
    assert (str(found.digest), found.size, found.media_type) == (
        digest_of(IMAGE.manifest),
        len(IMAGE.manifest),
        OCI_MANIFEST,
    )
    assert asker.methods == ["GET"]


def test_an_image_that_is_picked_by_its_platform_takes_no_part_twice(server: RegistryServer) -> None:
    async def pick(source: ImageSource) -> None:
        _, manifest = await platforms.pick(source, Platform.parse("linux/amd64"))
        config = await look.config(source, manifest)
        await look.files(source, manifest, config)

    asker = Asker()
    ask(f"{server.host}/app:1", pick, asker)
    assert asker.methods == ["GET"] * 4


def test_a_digest_counts_for_more_than_a_tag(server: RegistryServer) -> None:
    found, _ = ask(f"{server.host}/app:gone@{digest_of(IMAGE.manifest)}", root, Asker())
    assert str(found.digest) == digest_of(IMAGE.manifest)


def test_an_image_that_is_not_there_is_named_as_it_was_written(server: RegistryServer) -> None:
    error = refused(f"{server.host}/none:1", NotFound)
    assert error.image == f"{server.host}/none:1"


def test_an_index_that_lies_about_a_size_is_found_out(server: RegistryServer) -> None:
    error = refused(f"{server.host}/app:sizes", Untrustworthy)
    assert error.message == (
        f"manifest {digest_of(IMAGE.manifest)[7:19]}… has {len(IMAGE.manifest)} bytes, where its index says 7"
    )


def test_a_layer_that_is_changed_on_its_way_is_refused(server: RegistryServer) -> None:
    changed = IMAGE.layers[0][:-1] + b"!"
    with LinkProxy(server.host) as link:
        link.faults = lambda seen: Fault(body=changed) if LAYER in seen.path else None
        error = refused(f"{link.host}/app:1", Untrustworthy)
    assert f"where it should be {LAYER}" in error.message


def test_a_foreign_layer_that_is_not_in_the_registry_is_told_as_such(server: RegistryServer) -> None:
    with LinkProxy(server.host) as link:
        link.faults = lambda seen: Fault(status=404, body=b"{}") if LAYER in seen.path else None
        error = refused(f"{link.host}/odd:foreign", NotFound)
        assert error.hint == "it is a foreign layer, which registries need not keep"
        assert "foreign" not in refused(f"{link.host}/app:1", NotFound).hint
    assert ask(f"{server.host}/odd:foreign", everything, Asker()).get("a") is not None
