"""One image, looked into wherever it lies."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from pinbot.image import look, platforms
from pinbot.image.files import Files
from pinbot.image.sources.opening import open_image
from pinbot.model.manifest import Manifest
from pinbot.ports import ImageSource, Registry
from tests.support import local_images
from tests.support.oci import Entry, Image, Pusher, digest_of, layer
from tests.support.registry import RegistryServer
from tests.support.registry_client import Asker

T = TypeVar("T")

IMAGE = Image(
    layers=(
        layer((Entry(name="etc"), Entry(name="etc/a", data=b"lower"), Entry(name="etc/gone", data=b"x"))),
        layer((Entry(name="etc/a", data=b"upper" * 1000), Entry(name="etc/.wh.gone", data=b""))),
    ),
    config={"User": "app", "Env": ["A=b=c"]},
)


async def no_registry() -> Registry:
    raise AssertionError("nobody should ask a registry")


def look_at(name: str, question: Callable[[ImageSource], Awaitable[T]], asker: Asker | None = None) -> T:
    if asker is None:

        async def local() -> T:
            return await question(await open_image(name, no_registry))

        return asyncio.run(local())

    async def remote(registry: Registry) -> T:
        async def connect() -> Registry:
            return registry

        return await question(await open_image(name, connect))

    return asyncio.run(remote_of(asker, remote))


async def remote_of(asker: Asker, work: Callable[[Registry], Awaitable[T]]) -> T:
    async with asker.client() as client:
        return await work(client)


async def everything(source: ImageSource) -> tuple[Manifest, Files]:
    _, manifest = await platforms.pick(source)
    config = await look.config(source, manifest)
    assert config.user == "app"
    assert config.env == (("A", "b=c"),)
    files = await look.files(source, manifest, config, keep=lambda _: 100_000, hashed=lambda _: True)
    return manifest, files


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        pusher = Pusher(server.base_url)
        pusher.index("app", "1", [IMAGE])
        pusher.close()
        yield server


@pytest.fixture(params=["registry", "layout", "layout archive", "gzipped", "saved", "saved before 25"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Asker | None]:
    plain, packed = tmp_path / "a.tar", tmp_path / "a.tar.gz"
    layout = local_images.layout(IMAGE)
    match request.param:
        case "registry":
            server = request.getfixturevalue("registry")
            return f"{server.host}/app:1", Asker()
        case "layout":
            return f"oci:{local_images.write_folder(tmp_path, layout)}", None
        case "layout archive":
            return f"oci-archive:{local_images.write_archive(plain, layout)}", None
        case "gzipped":
            return f"oci-archive:{local_images.write_archive(packed, layout)}", None
        case kind:
            files = local_images.saved(IMAGE, old=kind == "saved before 25")
            return f"docker-archive:{local_images.write_archive(plain, files)}", None


@pytest.mark.needs("docker-registry")
def test_an_image_holds_the_same_wherever_it_lies(place: tuple[str, Asker | None]) -> None:
    name, asker = place
    manifest, files = look_at(name, everything, asker)
    assert [entry.path for entry in files] == ["", "etc", "etc/a"]
    assert files.content("etc/a") == b"upper" * 1000
    entry = files.get("/etc/a")
    assert entry is not None
    assert str(entry.digest) == digest_of(b"upper" * 1000)
    assert entry.layer == 1
    assert files.repeated == {"etc/a": (0, 1)}
    assert len(manifest.layers) == 2
