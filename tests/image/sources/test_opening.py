"""One image, wherever it lies."""

import subprocess
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from pinbot.errors import ImageError
from pinbot.image import look, platforms
from pinbot.model.image import Taken
from pinbot.model.manifest import Manifest
from pinbot.ports.images import ImageSource
from tests.image.sources.looking import ask, everything
from tests.support import local_images
from tests.support.builders import DockerDaemon
from tests.support.oci import Entry, Image, Pusher, digest_of, layer
from tests.support.registry import RegistryServer
from tests.support.registry_client import Asker

IMAGE = Image(
    layers=(
        layer((Entry(name="etc"), Entry(name="etc/a", data=b"lower"), Entry(name="etc/gone", data=b"x"))),
        layer((Entry(name="etc/a", data=b"upper" * 1000), Entry(name="etc/.wh.gone", data=b""))),
    ),
    config={"User": "app", "Env": ["A=b=c"]},
)
PLACES = ("registry", "layout", "layout archive", "gzipped", "saved", "saved before 25", "saved and gzipped")


@pytest.fixture(scope="module")
def server() -> Iterator[RegistryServer]:
    with RegistryServer() as running:
        pusher = Pusher(running.base_url)
        pusher.index("app", "1", [IMAGE])
        pusher.close()
        yield running


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Asker | None]:
    """The name of the image in one of the places, and who is to be asked for it."""
    plain, packed = tmp_path / "a.tar", tmp_path / "a.tar.gz"
    layout = local_images.layout(IMAGE)
    match request.param:
        case "registry":
            server = request.getfixturevalue("server")
            return f"{server.host}/app:1", Asker()
        case "layout":
            return f"oci:{local_images.write_folder(tmp_path, layout)}", None
        case "layout archive":
            return f"oci-archive:{local_images.write_archive(plain, layout)}", None
        case "gzipped":
            return f"oci-archive:{local_images.write_archive(packed, layout)}", None
        case kind:
            files = local_images.saved(IMAGE, old=kind == "saved before 25")
            path = packed if "gzipped" in kind else plain
            return f"docker-archive:{local_images.write_archive(path, files)}", None


@pytest.mark.needs("docker-registry")
def test_an_image_holds_the_same_wherever_it_lies(place: tuple[str, Asker | None]) -> None:
    name, asker = place
    files = ask(name, everything, asker)
    assert [entry.path for entry in files] == ["", "etc", "etc/a"]
    assert files.content("etc/a") == b"upper" * 1000
    entry = files.get("/etc/a")
    assert entry is not None
    assert str(entry.digest) == digest_of(b"upper" * 1000)
    assert entry.layer == 1
    assert [(entry.path, entry.layer) for entry in files.hidden] == [("etc/a", 0), ("etc/gone", 0)]


@pytest.mark.needs("docker-registry")
def test_manifest_and_config_are_the_same_wherever_it_lies(place: tuple[str, Asker | None]) -> None:
    async def documents(source: ImageSource) -> tuple[str, Manifest, str]:
        _, manifest = await platforms.pick(source)
        config = await look.config(source, manifest)
        return source.name, manifest, config.user

    name, manifest, user = ask(place[0], documents, place[1])
    assert name == place[0]
    assert user == "app"
    assert str(manifest.config.digest) == digest_of(IMAGE.config_bytes)
    assert manifest.compressed_size == pytest.approx(sum(map(len, IMAGE.layers)), rel=0.3)
    if "docker-archive" not in name:
        assert [str(one.digest) for one in manifest.layers] == [digest_of(blob) for blob in IMAGE.layers]


@pytest.mark.needs("docker-registry", "skopeo")
@pytest.mark.parametrize("transport", ["oci", "oci-archive", "docker-archive"])
def test_what_skopeo_writes_is_read(server: RegistryServer, tmp_path: Path, transport: str) -> None:
    name = f"{transport}:{tmp_path / 'image'}:app:1"
    command = ["skopeo", "copy", "--quiet", "--src-tls-verify=false", f"docker://{server.host}/app:1", name]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert ask(name, everything).content("etc/a") == b"upper" * 1000
    assert ask(name.removesuffix(":app:1"), everything).content("etc/a") == b"upper" * 1000


@pytest.mark.slow
@pytest.mark.needs("docker-registry", "dockerd")
def test_what_docker_saves_is_read(server: RegistryServer, daemon: DockerDaemon, tmp_path: Path) -> None:
    daemon.docker("pull", "--quiet", f"{server.host}/app:1")
    daemon.docker("save", "--output", str(tmp_path / "a.tar"), f"{server.host}/app:1")
    assert ask(f"docker-archive:{tmp_path / 'a.tar'}", everything).content("etc/a") == b"upper" * 1000


@pytest.mark.needs("docker-registry")
def test_what_was_taken_is_counted(place: tuple[str, Asker | None]) -> None:
    async def count(source: ImageSource) -> tuple[Taken, Taken]:
        before = source.taken
        _, manifest = await platforms.pick(source)
        documents = source.taken.size
        async with aclosing(source.stream(manifest.layers[0])) as pieces:
            async for _ in pieces:
                pass
        assert source.taken.size - documents == manifest.layers[0].size
        return before, source.taken

    before, after = ask(place[0], count, place[1])
    assert before == Taken()
    assert after.parts >= 1
    if place[1] is not None:
        # The index, the manifest, the layer.
        assert after.parts == len(place[1].exchanges) == 3


@pytest.mark.needs("docker-registry")
def test_a_registry_is_asked_for_each_part_once(server: RegistryServer) -> None:
    asker = Asker()
    ask(f"{server.host}/app:1", everything, asker)
    assert asker.methods == ["GET"] * 5
    taken = {exchange.url.rpartition("/v2/app/")[2] for exchange in asker.exchanges}
    assert taken == {
        "manifests/1",
        f"manifests/{digest_of(IMAGE.manifest)}",
        f"blobs/{digest_of(IMAGE.config_bytes)}",
        *(f"blobs/{digest_of(blob)}" for blob in IMAGE.layers),
    }


def test_a_folder_is_no_archive_and_an_archive_no_folder(tmp_path: Path) -> None:
    archive = local_images.write_archive(tmp_path / "a.tar", local_images.layout(IMAGE))
    for transport in ("oci-archive", "docker-archive"):
        with pytest.raises(ImageError, match="is a folder and no archive") as caught:
            ask(f"{transport}:{tmp_path}", everything)
        assert caught.value.hint == f"write oci:{tmp_path}"
    with pytest.raises(ImageError, match="is no folder") as caught:
        ask(f"oci:{archive}", everything)
    assert caught.value.hint == f"for an archive write oci-archive:{archive}"


def test_one_kind_of_archive_is_not_taken_for_the_other(tmp_path: Path) -> None:
    layout = local_images.write_archive(tmp_path / "a.tar", local_images.layout(IMAGE))
    saved = local_images.write_archive(tmp_path / "b.tar", local_images.saved(IMAGE))
    with pytest.raises(ImageError, match="is no archive of docker save") as caught:
        ask(f"docker-archive:{layout}", everything)
    assert caught.value.hint == "for an archive of an OCI layout write oci-archive:"
    with pytest.raises(ImageError, match="is no OCI layout: there is no index"):
        ask(f"oci-archive:{saved}", everything)
