"""Tests say which real parts they need; one that is missing skips them by name, or fails them in CI."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import parts
from tests.support.app_keys import NUMBER, keys
from tests.support.builders import DockerDaemon
from tests.support.emulate import Emulate
from tests.support.emulate_relay import EmulateRelay
from tests.support.github.contract import OpenApiContract
from tests.support.images import push_base_images
from tests.support.registry import RegistryServer

# How many examples the property tests try: a few on every run, many with HYPOTHESIS_PROFILE=nightly. A busy
# machine is no reason to fail, so no example has a deadline; and CI tries the same ones each time.
settings.register_profile("default", max_examples=150, deadline=None, derandomize=bool(os.environ.get("CI")))
settings.register_profile(
    "nightly", max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for part in mark.args:
            reason = parts.missing(part)
            if reason and os.environ.get(parts.REQUIRED):
                pytest.fail(reason, pytrace=False)
            elif reason:
                pytest.skip(reason)


@pytest.fixture(scope="session")
def registry() -> Iterator[RegistryServer]:
    """A registry with `library/alpine` and `library/rust:alpine`."""
    with RegistryServer() as server:
        push_base_images(server.base_url)
        yield server


@pytest.fixture(scope="session")
def daemon(registry: RegistryServer) -> Iterator[DockerDaemon]:
    """A daemon that finds Docker Hub's images in the registry."""
    with DockerDaemon(mirror=registry.base_url) as running:
        yield running


@pytest.fixture(scope="session")
def buildx_daemon(registry: RegistryServer) -> Iterator[DockerDaemon]:
    """The same with a newer docker, whose client has buildx."""
    with DockerDaemon(mirror=registry.base_url, buildx=True) as running:
        yield running


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the tests share of buildah's stores, so that base images are pulled once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def contract() -> OpenApiContract | None:
    return OpenApiContract.load(parts.OPENAPI) if parts.missing("openapi") is None else None


@pytest.fixture(scope="module")
def emulate() -> Iterator[Emulate]:
    """The stand-in of others; an app `pinbot` is installed there."""
    with Emulate(app=NUMBER, key=keys()[0]) as running:
        yield running


@pytest.fixture(scope="module")
def relay(emulate: Emulate) -> Iterator[EmulateRelay]:
    with EmulateRelay(emulate.url) as running:
        yield running
