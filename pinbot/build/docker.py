"""Test builds with docker: BuildKit in the daemon that the user's client talks to, with or without buildx.

The image leaves the daemon by `docker save` and is removed by the tag that it was given for the purpose;
nothing else of the daemon is touched. This works the same for every version, while the daemon's own BuildKit
writes OCI layouts only since there is the containerd image store.
"""

import asyncio
import re
import tempfile
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pinbot.build import layout, outcome, process
from pinbot.build.log import BuildKitLog
from pinbot.config import BuildSettings, Network, RegistrySettings
from pinbot.errors import BuilderError
from pinbot.model.build import BuildOutcome, BuildRequest

CLIENT_VARIABLE = "PINBOT_DOCKER"
_ASK_SECONDS = 60.0
# How the client finds its daemon.
_CONNECTION = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "XDG_RUNTIME_DIR",
)
_VERSION = re.compile(r"Docker version (?P<version>(?P<major>\d+)\.[^\s,]+)")
# From this release on the client leaves BuildKit to buildx alone.
_NEEDS_BUILDX = 23


@dataclass(frozen=True, slots=True)
class _Client:
    """A client that was found to be of use: how it builds, and what the daemon behind it is."""

    build: tuple[str, ...]
    version: str


class Docker:
    """Builds with the client on the PATH of `environ`, or the one that PINBOT_DOCKER names.

    Where registries are is the daemon's to know, so their settings are not used. Credentials are those of the
    client, which keeps the user's HOME for the sake of its credential helpers; steps run in the daemon.
    """

    name = "docker"

    def __init__(
        self,
        settings: BuildSettings,
        registries: Iterable[RegistrySettings] = (),  # noqa: ARG002  every driver is made alike
        *,
        environ: Mapping[str, str],
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._docker = environ.get(CLIENT_VARIABLE) or "docker"
        self._client: _Client | None = None

    async def probe(self) -> str:
        """Find out whether builds can be made here.

        Returns:
            Name and version.

        Raises:
            BuilderError: why not.
        """
        return (await self._found()).version

    async def _found(self) -> _Client:
        if self._client is None:
            with tempfile.TemporaryDirectory(prefix="pinbot-", dir=self._environ.get("TMPDIR")) as scratch:
                self._client = await self._find(self._env(Path(scratch)))
        return self._client

    async def _find(self, env: Mapping[str, str]) -> _Client:
        try:
            asked = await process.run((self._docker, "--version"), env=env, limit=_ASK_SECONDS)
        except OSError as error:
            raise BuilderError(
                "docker is not installed"
                if self._docker == "docker"
                else f"{CLIENT_VARIABLE} names {self._docker}, which cannot be run: {error.strerror}",
                hint="install docker with buildx",
            ) from error
        said = "\n".join(asked.tail)
        match = _VERSION.search(said)
        if not asked.good or match is None:
            raise BuilderError(f"{self._docker} is not docker's client: it says {said[:200]!r}")
        buildx = await process.run((self._docker, "buildx", "version"), env=env, limit=_ASK_SECONDS)
        if not buildx.good and int(match["major"]) >= _NEEDS_BUILDX:
            raise BuilderError(
                f"docker's client {match['version']} has no buildx, without which it cannot use BuildKit",
                hint=f"install docker-buildx, or name a client that has it in {CLIENT_VARIABLE}",
            )
        server = await process.run(
            (self._docker, "version", "--format", "{{.Server.Version}}"), env=env, limit=_ASK_SECONDS
        )
        if not server.good:
            raise BuilderError(
                f"docker's daemon does not answer: {(server.tail or ('it says nothing',))[-1]}",
                hint="start it, or say where it is in DOCKER_HOST",
            )
        return _Client(
            build=("buildx", "build", "--load") if buildx.good else ("build",),
            version=f"docker {server.tail[-1]}",
        )

    async def build(self, request: BuildRequest, *, on_line: Callable[[str], None]) -> BuildOutcome:
        """Build in the daemon, look at the image, and remove it from there.

        Raises:
            BuilderError: docker cannot do this build, which says nothing about the Dockerfile.
        """
        outcome.check_paths(request)
        client = await self._found()
        log = BuildKitLog()

        def take(line: str) -> None:
            log.feed(line)
            on_line(line)

        tag = f"pinbot-test-build:{uuid.uuid4().hex}"
        with tempfile.TemporaryDirectory(prefix="pinbot-", dir=self._environ.get("TMPDIR")) as scratch:
            env = self._env(Path(scratch))
            archive = Path(scratch, "image.tar")
            try:
                finished = await process.run(
                    (*process.leash(env), self._docker, *client.build, *self._options(request, tag)),
                    env=env,
                    limit=self._settings.timeout,
                    on_line=take,
                )
                if finished.good:
                    saved = await process.run(
                        (self._docker, "save", "--output", archive, tag),
                        env=env,
                        limit=self._settings.timeout,
                    )
                    if not saved.good:
                        raise BuilderError(f"docker cannot save the image: {' '.join(saved.tail)[-300:]}")
            finally:
                # Unless the build came to its end there is none, and docker says so.
                await process.run((self._docker, "image", "rm", tag), env=env, limit=_ASK_SECONDS)
            if not finished.good:
                return outcome.failed(
                    request,
                    finished,
                    step=log.step,
                    builder=client.version,
                    remedy="install a newer docker, or begin the file with # syntax=docker/dockerfile:1",
                )
            contents = await asyncio.to_thread(layout.read_archive, archive)
        return outcome.succeeded(contents, seconds=finished.seconds, builder=client.version)

    def _options(self, request: BuildRequest, tag: str) -> tuple[str | Path, ...]:
        target = request.target
        # Pull: what the registry has is to be tested, not what is left in the daemon under the same tag.
        options: list[str | Path] = ["--progress", "plain", "--pull", "--tag", tag]
        if self._settings.network is Network.NONE:
            options += ["--network", "none"]
        if target.stage is not None:
            options += ["--target", target.stage]
        if target.platform is not None:
            options += ["--platform", target.platform]
        for name, value in target.args:
            options += ["--build-arg", f"{name}={value}"]
        return (*options, "--file", request.root / target.dockerfile, request.root / target.context)

    def _env(self, scratch: Path) -> dict[str, str]:
        connection = {name: self._environ[name] for name in _CONNECTION if name in self._environ}
        home = self._environ.get("HOME", str(scratch))
        return {
            **process.environment(self._environ, home=home, scratch=scratch),
            **connection,
            "DOCKER_BUILDKIT": "1",
        }
