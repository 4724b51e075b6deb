"""Registries that the tests of one module share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.oci import Image, Pusher
from tests.support.registry import RegistryServer

AMD64 = Image()
ARM64 = Image(architecture="arm64")


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryServer]:
    """An open registry."""
    with RegistryServer() as server:
        yield server


@pytest.fixture(scope="module")
def guarded() -> Iterator[RegistryServer]:
    """A registry that asks for Basic credentials."""
    with RegistryServer(htpasswd=True) as server:
        yield server


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which registries keep `r0:1` to `r50:1` and `private/r:1`, all one image."""
    folder = tmp_path_factory.mktemp("storage")
    with RegistryServer(storage=folder) as server:
        push(server, "r0", "1")
    repositories = folder / "docker" / "registry" / "v2" / "repositories"
    for repository in (*(f"r{number}" for number in range(1, 51)), "private/r"):
        shutil.copytree(repositories / "r0", repositories / repository)
    return folder


def push(server: RegistryServer, repository: str = "library/alpine", tag: str = "3.20") -> str:
    """Push one multi-platform image, always the same; returns the digest of its index."""
    pusher = Pusher(server.base_url, auth=server.auth)
    try:
        return pusher.index(repository, tag, [AMD64, ARM64])
    finally:
        pusher.close()
