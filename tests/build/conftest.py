"""Real builders on a real registry that holds the stand-ins for base images."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pinbot.build import cgroup
from pinbot.build.drivers import choose
from pinbot.config import BuildSettings, Driver, RegistrySettings
from pinbot.model.build import BuildOutcome, BuildRequest, BuildTarget
from tests.support.builders import DockerDaemon
from tests.support.registry import RegistryServer

PAGE = (Path(__file__).parents[2] / "docs" / "builds.md").read_text(encoding="utf-8")
COLUMNS = {
    "docker": "docker 20.10",
    "buildx": "docker 26, buildx",
    "buildah": "buildah 1.28",
    "podman": "podman 4.3",
}
TARGET = BuildTarget(dockerfile="Dockerfile", context=".")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One driver, and what it needs to find the registry."""

    name: str
    driver: Driver
    environ: dict[str, str]
    registries: tuple[RegistrySettings, ...]
    tree: Path
    settings: BuildSettings
    daemon: DockerDaemon | None = None
    lines: list[str] = field(default_factory=list)
    requests: list[BuildTarget] = field(default_factory=list)

    def having(self, **changes: object) -> "Bench":
        """The same bench with other settings of the build."""
        return replace(self, settings=replace(self.settings, **changes), lines=[])

    def seeing(self, **variables: str) -> "Bench":
        """The same bench with more variables in pinbot's own environment."""
        return replace(self, environ={**self.environ, **variables}, lines=[])

    async def run(self, request: BuildRequest, on_line: Callable[[str], None]) -> BuildOutcome:
        builder = await choose(self.settings, self.registries, environ=self.environ)
        assert builder.name == self.driver
        return await builder.build(request, on_line=on_line)

    @property
    def image(self) -> Path:
        """Where the last request wants its image."""
        return self.tree.with_name("images") / str(len(self.requests))

    def request(self, dockerfile: str, **target: object) -> BuildRequest:
        (self.tree / "Dockerfile").write_text(dockerfile)
        return self.asking(self.tree, replace(TARGET, **target))

    def asking(self, root: Path, target: BuildTarget = TARGET) -> BuildRequest:
        """A request for a target below `root`, the image to go where none is yet."""
        self.requests.append(target)
        return BuildRequest(target=target, root=root, image=self.image)

    def build(self, dockerfile: str, **target: object) -> BuildOutcome:
        """Build this Dockerfile in the tree; the log is in `lines`."""
        self.lines.clear()
        return asyncio.run(self.run(self.request(dockerfile, **target), self.lines.append))

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    def cancel_when(self, sign: str, dockerfile: str) -> None:
        """Cancel the build, as Ctrl-C does, when the log shows a sign."""

        async def scenario() -> None:
            seen = asyncio.Event()

            def watch(line: str) -> None:
                if sign in line and "RUN" not in line:
                    seen.set()

            task = asyncio.create_task(self.run(self.request(dockerfile), watch))
            await asyncio.wait({task, asyncio.create_task(seen.wait())}, return_when="FIRST_COMPLETED")
            assert seen.is_set(), task.result()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(scenario())

    def kill_when(self, sign: str, dockerfile: str) -> None:
        """Build in another process, and kill that without warning when the log shows a sign."""
        self.request(dockerfile)
        locations = [settings.location or "" for settings in self.registries]
        with subprocess.Popen(
            [sys.executable, "-u", "-c", KILLED, self.driver, self.tree, *locations],
            env=self.environ,
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        ) as pinbot:
            assert pinbot.stdout is not None
            assert any(sign in line and "RUN" not in line for line in iter(pinbot.stdout.readline, ""))
            pinbot.kill()


def column(corner: str, bench: Bench) -> dict[str, str]:
    """What a table of the page says of a builder, by row; the table is known by its upper left corner."""
    found = re.search(rf"^\| {re.escape(corner)} \|(.*?)\n\n", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    header, _, *lines = [line.strip("| ").split(" | ") for line in found[0].strip().splitlines()]
    place = header.index(COLUMNS[bench.name])
    return {line[0]: line[place] for line in lines}


def is_limited(bench: Bench) -> bool:
    """Whether control groups can be made here for this builder; the page tells of where they can."""
    if bench.name == "docker":
        return False
    return cgroup.holds_memory() and (bench.name != "buildx" or cgroup.is_initial())


def program(folder: Path, name: str, script: str) -> dict[str, str]:
    """An environment whose PATH has this program in front."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}")
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def without(programs: set[str], folder: Path) -> dict[str, str]:
    """An environment whose PATH lacks some programs."""
    folder.mkdir()
    for place in map(Path, os.environ["PATH"].split(":")):
        for file in place.iterdir() if place.is_dir() else ():
            if file.name not in programs and not (folder / file.name).is_symlink():
                (folder / file.name).symlink_to(file)
    return {"PATH": str(folder)}


KILLED = """
import asyncio, os, sys
from pathlib import Path
from pinbot.build import cgroup
from pinbot.build.drivers import choose
from pinbot.config import BuildSettings, Driver, RegistrySettings
from pinbot.model.build import BuildRequest, BuildTarget

async def main(driver, root, *locations):
    registries = [RegistrySettings(name="docker.io", location=location) for location in locations]
    builder = await choose(BuildSettings(driver=Driver(driver)), registries, environ=os.environ)
    target = BuildTarget(dockerfile="Dockerfile", context=".")
    request = BuildRequest(target=target, root=Path(root), image=Path(root).with_name("killed"))
    await builder.build(request, on_line=print)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def buildah(registry: RegistryServer, cache: Path, tmp_path: Path) -> Bench:
    return _bench(
        "buildah",
        Driver.BUILDAH,
        {"XDG_CACHE_HOME": str(cache)},
        (RegistrySettings(name="docker.io", location=registry.host),),
        tmp_path,
    )


@pytest.fixture
def podman(registry: RegistryServer, cache: Path, tmp_path: Path) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="pinbot-") as short:  # as podman's sockets want it
        yield _bench(
            "podman",
            Driver.PODMAN,
            {"XDG_CACHE_HOME": str(cache), "TMPDIR": short},
            (RegistrySettings(name="docker.io", location=registry.host),),
            tmp_path,
        )


@pytest.fixture
def docker(daemon: DockerDaemon, tmp_path: Path) -> Bench:
    return _bench("docker", Driver.DOCKER, daemon.environ, (), tmp_path, daemon=daemon)


@pytest.fixture
def buildx(buildx_daemon: DockerDaemon, tmp_path: Path) -> Bench:
    return _bench("buildx", Driver.DOCKER, buildx_daemon.environ, (), tmp_path, daemon=buildx_daemon)


@pytest.fixture(
    params=[
        pytest.param("buildah", marks=pytest.mark.needs("base-images", "buildah")),
        pytest.param("podman", marks=pytest.mark.needs("base-images", "podman")),
        pytest.param("docker", marks=pytest.mark.needs("base-images", "dockerd")),
        pytest.param("buildx", marks=pytest.mark.needs("base-images", "buildx")),
    ]
)
def bench(request: pytest.FixtureRequest) -> Bench:
    """Each driver in turn."""
    made: Bench = request.getfixturevalue(request.param)
    return made


@pytest.fixture(
    params=[
        pytest.param("buildah", marks=pytest.mark.needs("base-images", "buildah")),
        pytest.param("docker", marks=pytest.mark.needs("base-images", "dockerd")),
    ]
)
def family(request: pytest.FixtureRequest) -> Bench:
    """One of each family: with and without a daemon, the others read logs and Dockerfiles the same way."""
    made: Bench = request.getfixturevalue(request.param)
    return made


def _bench(
    name: str,
    driver: Driver,
    variables: dict[str, str],
    registries: tuple[RegistrySettings, ...],
    tmp_path: Path,
    *,
    daemon: DockerDaemon | None = None,
) -> Bench:
    tree, scratch, home, images = (tmp_path / name for name in ("tree", "scratch", "home", "images"))
    for folder in (tree, scratch, home, images):
        folder.mkdir()
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(scratch), **variables}
    settings = BuildSettings(driver=driver, timeout=120.0)
    return Bench(
        name=name,
        driver=driver,
        environ=environ,
        registries=registries,
        tree=tree,
        settings=settings,
        daemon=daemon,
    )
