"""Smoke runs: one container of an image whose code is not trusted, in the sandbox of podman or docker.

What the sandbox is: the image's own user, without any capability and no way to gain one, not even in a
namespace of its own; a root that cannot be written; no network but a loopback of its own; little memory, few
processes. With podman, ids are mapped to some that nobody on this machine has. Sources: the reference of
`podman run` and of `docker run`.
"""

import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pinbot.build import dockerd, process, runtime, smoke_archive, smoke_outcome, smoke_seccomp
from pinbot.build.cgroup import control_group
from pinbot.build.dialects import PODMAN
from pinbot.build.namespaces import Reach, Separation
from pinbot.config import BuildSettings
from pinbot.errors import BuilderError
from pinbot.model.build import Limit
from pinbot.model.image import ImageConfig
from pinbot.model.manifest import Manifest
from pinbot.model.smoke import SmokeRun
from pinbot.ports.images import ImageSource, Runner

MEMORY = 512 * 1024**2
PROCESSES = 128

_TIDY_SECONDS = 120.0
_GRACE_SECONDS = 0.5
_JAIL = (
    *("--pull", "never", "--network", "none", "--read-only", "--no-healthcheck", "--log-driver", "none"),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--memory", str(MEMORY), "--memory-swap", str(MEMORY), "--pids-limit", str(PROCESSES)),
)
# The end of what systemd sets apart for containers (its UIDS-GIDS.md), for all ids that an image may know.
_IDS = f"0:{0x6FFF0000}:{0x10000}"
# Not where TMPDIR says: podman opens all folders on the way there for the ids of the container.
_PLACE = "/tmp"  # noqa: S108  in it, each run gets a folder of its own
_APART = Separation(processes=True, reach=Reach.NOTHING)
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Engine:
    """A program that runs containers, ready for one of them.

    Attributes:
        command: what stands in front of each of its words.
        jail: options of `run` that this program alone has.
        env: all that it gets to see.
        scratch: a folder that goes when the run is over.
        began: tells whether the container has begun to run.
    """

    command: tuple[str | Path, ...]
    jail: tuple[str | Path, ...]
    env: Mapping[str, str]
    scratch: Path
    began: Callable[[], Awaitable[bool]]

    async def do(self, *words: str | Path, limit: float = _TIDY_SECONDS) -> process.Finished:
        command = (*process.leash(self.env), *self.command, *words)
        return await process.run(command, env=self.env, limit=limit, grace=_GRACE_SECONDS)


class Sandbox:
    """Runs one container at a time in whatever `opening` makes ready for a container's name."""

    def __init__(self, version: str, opening: Callable[[str], AbstractAsyncContextManager[_Engine]]) -> None:
        self.version = version
        self._opening = opening

    async def run(
        self, source: ImageSource, manifest: Manifest, config: ImageConfig, *, seconds: float
    ) -> SmokeRun:
        """Start one container, watch it for this long, and remove it.

        Raises:
            RegistryError, ImageError: a part of the image cannot be had.
            BuilderError: it cannot be run here, which says nothing about the image.
        """
        _refuse_foreign(config)
        name = f"pinbot-smoke-{uuid.uuid4().hex}"
        async with self._opening(name) as engine:
            archive = engine.scratch / "image.tar"
            await smoke_archive.write(source, manifest, archive, tag=_tag(name))
            loaded = await engine.do("load", "--input", archive)
            if not loaded.good:
                raise BuilderError(f"{self.version} cannot take the image: {' '.join(loaded.tail)[-300:]}")
            finished = await engine.do("run", "--name", name, *_JAIL, *engine.jail, _tag(name), limit=seconds)
            if finished.limit is Limit.TIME and not await engine.began():
                raise BuilderError(f"{self.version} did not start a container within {seconds:g} s")
            return smoke_outcome.read(finished, self.version)


async def find(environ: Mapping[str, str]) -> Runner:
    """A sandbox: podman's, which is the tighter one, or else docker's.

    Raises:
        BuilderError: there is none, and why.
    """
    problems: list[str] = []
    for look in (podman, docker):
        try:
            return await look(environ)
        except BuilderError as problem:
            problems.append(problem.message)
    raise BuilderError(
        f"there is no sandbox to start an image in: {'; '.join(problems)}", hint="install podman or docker"
    )


async def podman(environ: Mapping[str, str]) -> Sandbox:
    """Podman's sandbox.

    Raises:
        BuilderError: it cannot be had here.
    """
    with process.scratch_folder(environ) as scratch:
        env = process.environment(environ, home=scratch, scratch=scratch)
        if not process.is_there(PODMAN.program, env):
            raise BuilderError("podman is not installed")
        if os.geteuid() != 0:
            raise BuilderError("podman takes ids that nobody has from root alone")
        chosen, problem = await runtime.usable(env, _APART.command(scratch, steps=True), scratch)
        if chosen is None:
            raise BuilderError(f"podman has no runtime: {problem}")
        asked = await process.run((PODMAN.program, "--version"), env=env, limit=_TIDY_SECONDS)
    match = PODMAN.version.search("\n".join(asked.tail))
    if match is None:
        raise BuilderError(f"podman does not start: {' '.join(asked.tail)[:200]}")
    return Sandbox(f"podman {match['version']}", partial(_podman, environ, chosen))


async def docker(environ: Mapping[str, str]) -> Sandbox:
    """Docker's sandbox.

    Raises:
        BuilderError: it cannot be had here.
    """
    found = await dockerd.find(environ)
    return Sandbox(f"docker {found.version}", partial(_docker, environ, found.client))


@asynccontextmanager
async def _podman(environ: Mapping[str, str], oci: str, _name: str) -> AsyncIterator[_Engine]:
    """Podman with a storage and a world of its own, which leave nothing behind."""
    settings = BuildSettings(memory=MEMORY, processes=PROCESSES)
    with (
        process.scratch_folder({"TMPDIR": _PLACE}) as scratch,
        control_group(settings) as group,
    ):
        pid, profile = scratch / "pid", scratch / "seccomp.json"
        tighter = smoke_seccomp.write(profile)

        async def began() -> bool:
            return pid.exists()

        yield _Engine(
            command=(
                *_APART.command(scratch, steps=True),
                *(PODMAN.program, *PODMAN.state(scratch / "root", scratch, oci)),
                # Files in plain folders: nothing is mounted that could be left mounted.
                *("--storage-driver", "vfs"),
            ),
            jail=(
                *("--read-only-tmpfs=false", "--image-volume", "ignore", "--pidfile", pid),
                *(("--security-opt", f"seccomp={profile}") if tighter else ()),
                *("--uidmap", _IDS, "--gidmap", _IDS),
                *(("--cgroup-parent", str(group.name)) if group.name is not None else ()),
            ),
            env=process.environment(environ, home=scratch, scratch=scratch),
            scratch=scratch,
            began=began,
        )


@asynccontextmanager
async def _docker(environ: Mapping[str, str], client: str, name: str) -> AsyncIterator[_Engine]:
    """Docker's daemon, from which container and image are removed by their name."""
    with process.scratch_folder(environ) as scratch:

        async def began() -> bool:
            asked = await engine.do("inspect", "--format", "{{.State.Running}}", name)
            return asked.tail == ("true",)

        engine = _Engine(
            command=(client,),
            jail=(),
            env=dockerd.environment(environ, scratch),
            scratch=scratch,
            began=began,
        )
        try:
            yield engine
        finally:
            await engine.do("rm", "--force", "--volumes", name)
            await engine.do("image", "rm", _tag(name))


def _tag(name: str) -> str:
    return f"localhost/pinbot:{name}"


def _refuse_foreign(config: ImageConfig) -> None:
    here = _MACHINES.get(os.uname().machine)
    platform = config.platform.normal if config.platform is not None else None
    if platform is not None and here is not None and platform.architecture != here:
        raise BuilderError(f"the image is for {platform}, and this machine is linux/{here}")
