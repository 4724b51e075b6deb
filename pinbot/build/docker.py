"""Test builds with docker: BuildKit in the daemon that the user's client talks to, with or without buildx.

The image leaves the daemon by `docker save` and is removed by the tag that it was given for the purpose;
nothing else of the daemon is touched. This works the same for every version, while the daemon's own BuildKit
writes OCI layouts only since there is the containerd image store.
"""

import asyncio
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Self

from packaging.version import InvalidVersion, Version

from pinbot.build import arguments, layout, outcome, process
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
_VERSION = re.compile(r"Docker version (?P<version>\d+\.[^\s,]+)")
# From this release on the client leaves BuildKit to buildx alone.
_NEEDS_BUILDX = Version("23")


class Docker:
    """Builds with the client on the PATH of `environ`, or the one that PINBOT_DOCKER names.

    Where registries are is the daemon's to know, so their settings are not used. Credentials are those of the
    client, which keeps the user's HOME for the sake of its credential helpers; steps run in the daemon.
    """

    name = "docker"

    def __init__(
        self, settings: BuildSettings, *, environ: Mapping[str, str], version: str, buildx: bool
    ) -> None:
        self.version = version
        self._settings = settings
        self._environ = environ
        self._docker = _client(environ)
        self._command = (self._docker, *(("buildx", "build", "--load") if buildx else ("build",)))

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
        with process.scratch_folder(environ) as scratch:
            env = _env(environ, scratch)
            buildx = await _has_buildx(env, _client(environ))
            version = await _version(env, _client(environ))
            return cls(settings, environ=environ, version=version, buildx=buildx)

    async def build(self, request: BuildRequest, *, on_line: Callable[[str], None]) -> BuildOutcome:
        """Build in the daemon, look at the image, and remove it from there.

        Raises:
            BuilderError: docker cannot do this build, which says nothing about the Dockerfile.
        """
        arguments.check(request)
        log = BuildKitLog()

        def take(line: str) -> None:
            log.feed(line)
            on_line(line)

        tag = f"pinbot-test-build:{uuid.uuid4().hex}"
        with process.scratch_folder(self._environ) as scratch:
            env = _env(self._environ, scratch)
            archive = scratch / "image.tar"
            try:
                finished = await process.run(
                    (*process.leash(env), *self._command, *self._options(request, tag)),
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
                    builder=self.version,
                    remedy="install a newer docker, or begin the file with # syntax=docker/dockerfile:1",
                )
            contents = await asyncio.to_thread(layout.convert_archive, archive, request.image)
        return outcome.succeeded(contents, seconds=finished.seconds, builder=self.version)

    def _options(self, request: BuildRequest, tag: str) -> tuple[str | Path, ...]:
        return (
            # Pull: what the registry has is to be tested, not what is in the daemon under the same tag.
            *("--progress", "plain", "--pull", "--tag", tag),
            *(("--network", "none") if self._settings.network is Network.NONE else ()),
            *arguments.of(request),
        )


def _client(environ: Mapping[str, str]) -> str:
    return environ.get(CLIENT_VARIABLE) or "docker"


def _env(environ: Mapping[str, str], scratch: Path) -> dict[str, str]:
    return {
        **process.environment(environ, home=environ.get("HOME", scratch), scratch=scratch),
        **{name: environ[name] for name in _CONNECTION if name in environ},
        "DOCKER_BUILDKIT": "1",
    }


async def _has_buildx(env: Mapping[str, str], docker: str) -> bool:
    """Whether the client builds by buildx; an old one does without."""
    if not process.is_there(docker, env):
        named = f"{CLIENT_VARIABLE} names {docker}, which is no program"
        raise BuilderError(
            "docker is not installed" if docker == "docker" else named, hint="install docker with buildx"
        )
    asked = await process.run((docker, "--version"), env=env, limit=_ASK_SECONDS)
    said = "\n".join(asked.tail)
    match = _VERSION.search(said)
    if not asked.good or match is None:
        raise BuilderError(f"{docker} is not docker's client: it says {said[:200]!r}")
    buildx = await process.run((docker, "buildx", "version"), env=env, limit=_ASK_SECONDS)
    if not buildx.good and not _is_before(match["version"], _NEEDS_BUILDX):
        raise BuilderError(
            f"docker's client {match['version']} has no buildx, without which it cannot use BuildKit",
            hint=f"install docker-buildx, or name a client that has it in {CLIENT_VARIABLE}",
        )
    return buildx.good


def _is_before(text: str, version: Version) -> bool:
    """Whether a version as distributors write it, `20.10.24+dfsg1`, is older; what cannot be read is not."""
    try:
        return Version(text) < version
    except InvalidVersion:
        return False


async def _version(env: Mapping[str, str], docker: str) -> str:
    """Of the daemon, which does the building."""
    asked = await process.run(
        (docker, "version", "--format", "{{.Server.Version}}"), env=env, limit=_ASK_SECONDS
    )
    if not asked.good:
        raise BuilderError(
            f"docker's daemon does not answer: {(asked.tail or ('it says nothing',))[-1]}",
            hint="start it, or say where it is in DOCKER_HOST",
        )
    return f"docker {asked.tail[-1]}"
