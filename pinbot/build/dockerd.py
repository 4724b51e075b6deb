"""What docker is here: the client, its buildx, the daemon, and what these can do together.

Sources: the reference of `docker info`, `docker buildx inspect` and of BuildKit's exporters.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from pinbot.build import cgroup, process
from pinbot.errors import BuilderError

CLIENT_VARIABLE = "PINBOT_DOCKER"
ASK_SECONDS = 60.0

# How the client finds its daemon, and buildx its builder.
_CONNECTION = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "BUILDX_BUILDER",
    "BUILDX_CONFIG",
    "XDG_RUNTIME_DIR",
)
_VERSION = re.compile(r"Docker version (?P<version>\d+\.[^\s,]+)")
_BUILDX = re.compile(r"buildx v?(?P<version>\d\S*)")
_BUILDER = re.compile(r"Driver:\s+(?P<driver>\S+)")
# From this release on the client leaves BuildKit to buildx alone.
_NEEDS_BUILDX = Version("23")
_INFO = (
    '{"kernel":{{json .KernelVersion}},"host":{{json .Name}},"root":{{json .DockerRootDir}},'
    '"cgroups":{{json .CgroupDriver}},"storage":{{json .DriverStatus}}}'
)
_CONTAINERD = "io.containerd.snapshotter.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerd:
    """A docker that can build.

    Attributes:
        client: the program.
        version: of the daemon.
        buildx: its version; None without it.
        builder: the driver of buildx's builder; None without buildx.
        containerd: whether the daemon keeps images in containerd's store.
        root: where a daemon on this machine keeps its data; None for one elsewhere.
        cgroupfs: whether it is on this machine and makes control groups below one that it is given.
    """

    client: str
    version: str
    buildx: str | None
    builder: str | None
    containerd: bool
    root: Path | None
    cgroupfs: bool

    @property
    def writes_layouts(self) -> bool:
        """Whether a build can leave an OCI layout on this side."""
        return self.builder is not None and (self.builder != "docker" or self.containerd)

    @property
    def takes_groups(self) -> bool:
        """Whether steps can be held by a control group of ours."""
        return self.builder == "docker" and self.cgroupfs


def client(environ: Mapping[str, str]) -> str:
    """The client on the PATH, or the one that PINBOT_DOCKER names."""
    return environ.get(CLIENT_VARIABLE) or "docker"


def environment(environ: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """What the client sees: also the user's HOME, for the sake of its credential helpers."""
    return {
        **process.environment(environ, home=environ.get("HOME", scratch), scratch=scratch),
        **{name: environ[name] for name in _CONNECTION if name in environ},
        "DOCKER_BUILDKIT": "1",
    }


async def find(environ: Mapping[str, str]) -> Dockerd:
    """See what is there.

    Raises:
        BuilderError: why it cannot build.
    """
    docker = client(environ)
    with process.scratch_folder(environ) as scratch:
        env = environment(environ, scratch)
        buildx = await _buildx(env, docker)
        asked = await _ask(env, docker, "version", "--format", "{{.Server.Version}}")
        if not asked.good or not asked.tail:
            raise BuilderError(
                f"docker's daemon does not answer: {(asked.tail or ('it says nothing',))[-1]}",
                hint="start it, or say where it is in DOCKER_HOST",
            )
        info = await _info(env, docker)
        here = (info.get("kernel"), info.get("host")) == (os.uname().release, os.uname().nodename)
        return Dockerd(
            client=docker,
            version=asked.tail[-1],
            buildx=buildx,
            builder=await _builder(env, docker) if buildx else None,
            containerd=_CONTAINERD in str(info.get("storage")),
            root=Path(info["root"]) if here and info.get("root") else None,
            cgroupfs=here and info.get("cgroups") == "cgroupfs" and cgroup.is_initial(),
        )


async def _ask(env: Mapping[str, str], *command: str) -> process.Finished:
    return await process.run(command, env=env, limit=ASK_SECONDS)


async def _buildx(env: Mapping[str, str], docker: str) -> str | None:
    """The version of buildx, by which the client builds; an old one does without."""
    if not process.is_there(docker, env):
        named = f"{CLIENT_VARIABLE} names {docker}, which is no program"
        raise BuilderError(
            "docker is not installed" if docker == "docker" else named, hint="install docker with buildx"
        )
    asked = await _ask(env, docker, "--version")
    said = "\n".join(asked.tail)
    match = _VERSION.search(said)
    if not asked.good or match is None:
        raise BuilderError(f"{docker} is not docker's client: it says {said[:200]!r}")
    buildx = await _ask(env, docker, "buildx", "version")
    if not buildx.good and not _is_before(match["version"], _NEEDS_BUILDX):
        raise BuilderError(
            f"docker's client {match['version']} has no buildx, without which it cannot use BuildKit",
            hint=f"install docker-buildx, or name a client that has it in {CLIENT_VARIABLE}",
        )
    if not buildx.good:
        return None
    version = _BUILDX.search("\n".join(buildx.tail))
    return version["version"] if version else "of an unknown version"


async def _builder(env: Mapping[str, str], docker: str) -> str:
    """The driver of the builder that buildx would use; that of the daemon itself is called `docker`."""
    asked = await _ask(env, docker, "buildx", "inspect")
    match = _BUILDER.search("\n".join(asked.tail))
    return match["driver"] if match else "docker"


async def _info(env: Mapping[str, str], docker: str) -> dict[str, str]:
    """What more there is to know of the daemon; nothing, if it does not say it."""
    asked = await _ask(env, docker, "info", "--format", _INFO)
    try:
        told = json.loads(asked.tail[-1]) if asked.tail else {}
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _is_before(text: str, version: Version) -> bool:
    """Whether a version as distributors write it, `20.10.24+dfsg1`, is older; what cannot be read is not."""
    try:
        return Version(text) < version
    except InvalidVersion:
        return False
