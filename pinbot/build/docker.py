"""Test builds with docker: BuildKit in the daemon that the user's client talks to, with or without buildx.

Where it can, buildx writes the image as an OCI layout, and the daemon keeps nothing but its build cache.
Elsewhere the image leaves the daemon by `docker save` and is removed by the tag that it was given for the
purpose. Nothing else of the daemon is touched.
"""

import asyncio
import contextlib
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pinbot.build import arguments, cgroup, disk, dockerd, features, layout, outcome, process, store
from pinbot.build.cgroup import ControlGroup, control_group
from pinbot.build.dockerd import Dockerd
from pinbot.build.log import BuildKitLog
from pinbot.config import BuildSettings, Network, RegistrySettings
from pinbot.errors import BuilderError
from pinbot.model.build import BuildOutcome, BuildRequest
from pinbot.model.diagnosis import Capability

_REMEDY = "install a newer docker, or begin the file with # syntax=docker/dockerfile:1"


class Docker:
    """Builds with the client on the PATH of `environ`, or the one that PINBOT_DOCKER names.

    Where registries are is the daemon's to know, so their settings are not used. Credentials are those of the
    client; steps run in the daemon.
    """

    name = "docker"

    def __init__(self, docker: Dockerd, settings: BuildSettings, *, environ: Mapping[str, str]) -> None:
        buildx = "" if docker.buildx is None else f", buildx {docker.buildx}"
        self.version = f"docker {docker.version}{buildx}"
        self._docker = docker
        self._settings = settings
        self._environ = environ

    @classmethod
    async def find(
        cls,
        settings: BuildSettings,
        registries: Iterable[RegistrySettings],  # noqa: ARG003  every driver is found alike
        *,
        environ: Mapping[str, str],
    ) -> Self:
        """Make a builder, if this machine has what it takes.

        Raises:
            BuilderError: why not.
        """
        return cls(await dockerd.find(environ), settings, environ=environ)

    async def build(self, request: BuildRequest, *, on_line: Callable[[str], None]) -> BuildOutcome:
        """Build in the daemon, and bring the image to this side.

        Raises:
            BuilderError: docker cannot do this build, which says nothing about the Dockerfile.
        """
        arguments.check(request)
        file = request.target.dockerfile
        if not await features.knows_modes(self._quietly, self._environ, _read(request.root / file)):
            raise BuilderError(
                f"{self.version} is too old for symbolic modes in --chmod, which it ignores",
                hint=_REMEDY,
                file=file,
            )
        return await self._build(request, on_line)

    async def _quietly(self, request: BuildRequest) -> BuildOutcome:
        return await self._build(request, lambda _: None)

    async def _build(self, request: BuildRequest, on_line: Callable[[str], None]) -> BuildOutcome:
        log = BuildKitLog()
        with (
            process.scratch_folder(self._environ) as scratch,
            control_group(self._settings, usable=self._docker.takes_groups) as group,
        ):
            bench = _Bench(
                docker=self._docker,
                settings=self._settings,
                env=dockerd.environment(self._environ, scratch),
                scratch=scratch,
                group=group,
            )
            finished, contents = await bench.build(request, lambda line: on_line(log.feed(line)))
            caveats = (*group.caveats, *self._of_disk())
            if contents is not None:
                return outcome.succeeded(
                    contents, seconds=finished.seconds, builder=self.version, caveats=caveats
                )
            return outcome.failed(
                request,
                finished,
                step=log.step,
                builder=self.version,
                remedy=_REMEDY,
                limit=group.exceeded(finished.tail),
                caveats=caveats,
            )

    async def capabilities(self) -> tuple[Capability, ...]:
        """See the port. The daemon's steps run in containers with a network of their own."""
        return (
            *await features.tried(self._quietly, self._environ),
            Capability(name="network none", able=True),
            Capability(name="limits", able=self._docker.takes_groups and cgroup.holds_memory()),
            Capability(name="containers", able=True),
            Capability(name="own loopback", able=True),
            Capability(name="OCI output", able=self._docker.writes_layouts),
        )

    def _of_disk(self) -> tuple[str, ...]:
        if self._settings.disk is None or self._docker.root is not None:
            return ()
        return ("disk not limited: docker's daemon is on another machine",)


def _field(text: str) -> str:
    """A field of comma-separated values, as buildx reads them (RFC 4180)."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if {",", '"'} & set(text) else text


def _read(dockerfile: Path) -> bytes:
    return dockerfile.read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """Everything that one build needs."""

    docker: Dockerd
    settings: BuildSettings
    env: Mapping[str, str]
    scratch: Path
    group: ControlGroup

    async def build(
        self, request: BuildRequest, on_line: Callable[[str], None]
    ) -> tuple[process.Finished, layout.Contents | None]:
        """Build; the contents are those of the layout that was made of it, if it succeeded."""
        if self.docker.writes_layouts:
            return await self._to_layout(request, on_line)
        return await self._by_archive(request, on_line)

    async def _to_layout(
        self, request: BuildRequest, on_line: Callable[[str], None]
    ) -> tuple[process.Finished, layout.Contents | None]:
        # Nothing in the image may depend on when it was built.
        place = _field(f"dest={request.image}")
        output = f"type=oci,tar=false,{place},compression=gzip,force-compression=true"
        done = False
        try:
            finished = await self._run(
                *("buildx", "build", "--provenance", "false"),
                *("--output", f"{output},rewrite-timestamp=true"),
                *("--build-arg", "SOURCE_DATE_EPOCH=0"),
                request=request,
                on_line=on_line,
            )
            done = finished.good
            return finished, layout.read_layout(request.image) if done else None
        finally:
            if not done:
                store.remove(request.image)

    async def _by_archive(
        self, request: BuildRequest, on_line: Callable[[str], None]
    ) -> tuple[process.Finished, layout.Contents | None]:
        tag = f"pinbot-test-build:{uuid.uuid4().hex}"
        archive = self.scratch / "image.tar"
        command = ("build",) if self.docker.builder is None else ("buildx", "build", "--load")
        try:
            finished = await self._run(*command, "--tag", tag, request=request, on_line=on_line)
            if finished.good:
                await self._save(tag, archive)
        finally:
            # Unless the build came to its end there is none, and docker says so.
            await process.run(
                (self.docker.client, "image", "rm", tag), env=self.env, limit=dockerd.ASK_SECONDS
            )
        return finished, await _converted(archive, request.image) if finished.good else None

    async def _save(self, tag: str, archive: Path) -> None:
        saved = await process.run(
            (self.docker.client, "save", "--output", archive, tag),
            env=self.env,
            limit=self.settings.timeout,
        )
        if not saved.good:
            raise BuilderError(f"docker cannot save the image: {' '.join(saved.tail)[-300:]}")

    async def _run(
        self, *words: str | Path, request: BuildRequest, on_line: Callable[[str], None]
    ) -> process.Finished:
        root = self.docker.root
        return await process.run(
            (
                *(*process.leash(self.env), self.docker.client, *words),
                # Pull: what the registry has is to be tested, not what is in the daemon under the same tag.
                *("--progress", "plain", "--pull"),
                *(("--network", "none") if self.settings.network is Network.NONE else ()),
                *(("--cgroup-parent", self.group.steps) if self.group.steps is not None else ()),
                *arguments.of(request),
            ),
            env=self.env,
            limit=self.settings.timeout,
            on_line=on_line,
            watch=disk.watch((self.scratch, *((root,) if root else ())), self.settings.disk),
        )


async def _converted(archive: Path, folder: Path) -> layout.Contents:
    """Make a layout of an archive; when this is cancelled, nothing writes any more."""
    stop = threading.Event()
    work = asyncio.ensure_future(asyncio.to_thread(layout.convert_archive, archive, folder, stop=stop))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        with contextlib.suppress(BuilderError):
            await work
        raise
