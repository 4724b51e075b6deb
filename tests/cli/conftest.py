from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.oci import Entry, Image, Pusher, layer
from tests.support.project import Project
from tests.support.registry import RegistryServer


def image(content: str) -> Image:
    return Image(layers=(layer([Entry(name="etc/release", data=content.encode())]),))


@pytest.fixture(scope="session")
def hub() -> Iterator[RegistryServer]:
    """A registry that stands in for Docker Hub, with alpine, rust and busybox in it."""
    with RegistryServer() as server:
        pusher = Pusher(server.base_url)
        pusher.index("library/alpine", "latest", [image("alpine"), Image(architecture="arm64")])
        pusher.index("library/alpine", "3.22", [image("alpine"), Image(architecture="arm64")])
        pusher.image("library/rust", "alpine", image("rust"))
        pusher.image("library/busybox", "latest", image("busybox"))
        pusher.close()
        yield server


@pytest.fixture
def pusher(hub: RegistryServer) -> Iterator[Pusher]:
    pusher = Pusher(hub.base_url)
    yield pusher
    pusher.close()


@pytest.fixture
def project(tmp_path: Path, hub: RegistryServer) -> Project:
    project = Project(tmp_path / "project")
    project.use_registry(hub.host)
    return project
