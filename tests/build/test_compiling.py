"""The example, really compiled for musl, by both builders; and what the audit says of the image."""

import asyncio
from collections.abc import Iterator

import pytest

from pinbot.model.binary import Allocator, Libc, Relro
from pinbot.model.build import BuiltImage
from pinbot.model.finding import Profile
from tests.build.conftest import Bench
from tests.build.inspecting import inspected_and_started
from tests.support.builders import DockerDaemon
from tests.support.images import EXAMPLE, alpine, compiling_rust_alpine
from tests.support.oci import Pusher
from tests.support.registry import RegistryServer

pytestmark = [pytest.mark.slow, pytest.mark.needs("musl-rust", "podman")]


@pytest.fixture(
    params=[
        pytest.param("buildah", marks=pytest.mark.needs("base-images", "buildah")),
        pytest.param("docker", marks=pytest.mark.needs("base-images", "dockerd")),
    ]
)
def bench(request: pytest.FixtureRequest) -> Bench:
    """The two builders that share no code."""
    made: Bench = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    """A registry whose `rust:alpine` compiles. It is on disk: in memory so much would take it minutes."""
    with RegistryServer(storage=tmp_path_factory.mktemp("registry")) as server:
        crates = tmp_path_factory.mktemp("crates")
        pusher = Pusher(server.base_url)
        try:
            pusher.index("library/alpine", "latest", alpine())
            pusher.image("library/rust", "alpine", compiling_rust_alpine(EXAMPLE / "Cargo.lock", crates))
        finally:
            pusher.close()
        yield server


@pytest.fixture(scope="module")
def daemon(registry: RegistryServer) -> Iterator[DockerDaemon]:
    with DockerDaemon(mirror=registry.base_url) as running:
        yield running


def test_the_example_compiles_to_a_static_musl_program_that_passes_the_audit(bench: Bench) -> None:
    image = asyncio.run(bench.run(bench.asking(EXAMPLE), bench.lines.append))
    assert isinstance(image, BuiltImage), bench.log

    found = inspected_and_started(bench)
    assert found.audit.profile is Profile.SCRATCH
    (program,) = found.programs
    assert program.path == "app/rust-scratch"
    binary = program.binary
    assert binary.static
    assert binary.stripped
    assert binary.position_independent
    assert not binary.executable_stack
    assert not binary.writable_code
    assert binary.relro is Relro.FULL
    assert (binary.libc, binary.allocator) == (Libc.MUSL, Allocator.JEMALLOC)
    assert binary.rustc == "1.96.0"
    assert binary.linker.startswith("LLD 22.")
    # Its crates are told by cargo-auditable only, which Debian does not have.
    assert [(finding.rule, finding.path) for finding in found.audit.findings] == [("B11", program.path)]
    assert not found.audit.unchecked
    assert "B13" in found.audit.kept  # it listened when the time was up
