"""Registries that the tests of one module share: they are only read."""

from collections.abc import Iterator

import pytest

from tests.support.oci import Image, Pusher
from tests.support.registry import RegistryServer


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        yield server


@pytest.fixture(scope="module")
def guarded() -> Iterator[RegistryServer]:
    """A registry that asks for Basic credentials."""
    with RegistryServer(htpasswd=True) as server:
        yield server


AMD64 = Image()
ARM64 = Image(architecture="arm64")


def push(server: RegistryServer, repository: str = "library/alpine", tag: str = "3.20") -> str:
    pusher = Pusher(server.base_url, auth=server.auth)
    try:
        return pusher.index(repository, tag, [AMD64, ARM64])
    finally:
        pusher.close()
