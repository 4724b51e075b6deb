"""What pinbot.yaml can say, as values. Reading it is `load`'s work; nothing else knows that it is YAML."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pinbot.errors import ConfigError
from pinbot.model.build import BuildTarget
from pinbot.model.finding import Profile
from pinbot.model.proposing import PullRequestSettings
from pinbot.model.reference import DOCKER_HUB
from pinbot.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A copy of a registry: it may be asked for what a digest names, which cannot differ.

    Attributes:
        location: `host[:port][/path]` that stands for the registry, or for the part of one, that it mirrors.
        insecure: speak plain http.
        authoritative: what it says of a tag is taken as true, too; others may lag behind.
    """

    location: str
    insecure: bool = False
    authoritative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """How to reach one registry, or a part of one, and as whom.

    Attributes:
        name: the registry as references name it, or a longer prefix of their names: `docker.io`,
            `docker.io/library`. On this machine's side also `*.example.com`, for all hosts below it.
        location: `host[:port][/path]` that stands for `name`; None means `name` itself.
        insecure: speak plain http (without it, only loopback addresses are spoken to in http).
        ca: path of a PEM file with the authorities to trust instead of the system's.
        cert, key: paths of PEM files with what to show to a registry that asks for a client certificate.
        username_variable, password_variable: names of the environment variables that hold the credentials.
        authorities: paths of PEM files with authorities to trust beside the system's (certs.d).
        mirrors: other places with the same content, in the order in which they are tried.
        follow_private: let the registry send us into private networks (token servers, redirects), although
            it is no part of one itself.
        blocked: nothing may be asked or pulled under this name.
        only_public: it may be asked only where everybody can reach it.
        source: where this is written, for people.
    """

    name: str
    location: str | None = None
    insecure: bool = False
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    username_variable: str | None = None
    password_variable: str | None = None
    authorities: tuple[str, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    follow_private: bool = False
    blocked: bool = False
    only_public: bool = False
    source: str = field(default="", compare=False)

    @property
    def place(self) -> str:
        """`host[:port][/path]` where everything under `name` is."""
        return self.name if self.location is None else self.location

    @property
    def authority(self) -> str:
        """`host[:port]` that credentials and certificates are kept under."""
        return self.place.partition("/")[0]

    @property
    def host(self) -> str:
        """`host[:port]` of the API; Docker Hub's is not the name that people use."""
        return "registry-1.docker.io" if self.authority == DOCKER_HUB else self.authority

    @property
    def has_certificates(self) -> bool:
        """Whether there is anything that only https has a use for."""
        return bool(self.ca or self.cert or self.authorities)

    def covers(self, name: str) -> bool:
        """Whether a registry or an image of this name (`docker.io/library/alpine`) is meant."""
        return name == self._prefix(name) or name.startswith(self._prefix(name) + "/")

    def named(self, name: str) -> "RegistrySettings":
        """The same for one of the names that it covers: without a wildcard."""
        return replace(self, name=self._prefix(name))

    def closeness(self, name: str) -> tuple[int, int, bool]:
        """How closely a name is meant, to be compared: by how much of it, and better without a wildcard."""
        return len(self._prefix(name)), len(self.name), not self.name.startswith("*.")

    def path_of(self, name: str) -> str:
        """The repository to ask `host` for, when an image of this name is meant."""
        return (self.place + name.removeprefix(self.name)).partition("/")[2]

    def _prefix(self, name: str) -> str:
        """The name of these settings, with the host of `name` in place of a wildcard that fits it."""
        if not self.name.startswith("*."):
            return self.name
        suffix, slash, path = self.name[1:].partition("/")
        host = name.partition("/")[0]
        return f"{host}{slash}{path}" if host.partition(":")[0].endswith(suffix) else self.name


class Driver(StrEnum):
    """Which builder makes test builds."""

    AUTO = "auto"
    DOCKER = "docker"
    BUILDAH = "buildah"
    PODMAN = "podman"


class Network(StrEnum):
    """Which network the steps of a test build see."""

    DEFAULT = "default"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """How test builds are made. Its limits are for one build of one target.

    Attributes:
        timeout: seconds.
        memory: bytes that the steps may use together; None for as much as there is.
        cpus: how many processors the steps may keep busy; None for all.
        processes: how many the steps may run at once; None for many, where that can be held.
        disk: bytes by which free space may shrink; None leaves the machine a reserve.
    """

    driver: Driver = Driver.AUTO
    network: Network = Network.DEFAULT
    timeout: float = 1800.0
    memory: int | None = None
    cpus: float | None = None
    processes: int | None = None
    disk: int | None = None
    targets: tuple[BuildTarget, ...] = ()

    def check_targets(self, has: Callable[[str], bool], *, where: str, file: str | None = None) -> None:
        """Refuse targets whose Dockerfile is not there.

        Args:
            has: whether there is a file at a path from the root of the repository.
            where: the place that was looked at, for people: `in …`, `on …`.
            file: the configuration that names them, if that has to be told.

        Raises:
            ConfigError: one is not there.
        """
        for target in self.targets:
            if not has(target.dockerfile):
                raise ConfigError(
                    f"build.targets names {target.dockerfile}, and there is no such file {where}",
                    hint="mend the path in pinbot.yaml; it is relative to the root of the repository",
                    file=file,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """What images are held to.

    Attributes:
        profile: what kind of image is meant; None leaves it to what the image looks like.
        max_size: compressed bytes that an image may have; None is the profile's own.
        ignore: ids of rules that are switched off.
        start: whether an image that was built here is started in a sandbox, too.
    """

    profile: Profile | None = None
    max_size: int | None = None
    ignore: tuple[str, ...] = ()
    start: bool = False


SERVICE_ADDRESS = re.compile(
    r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?"
)
"""An address without credentials, query or fragment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerabilitySettings:
    """Whether and where to look up which vulnerabilities an update fixes.

    Attributes:
        enabled: names and versions of packages go to a service on the network only if this is wanted.
        url: of a service with OSV's API, without `/v1`.
    """

    enabled: bool = False
    url: str = "https://api.osv.dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that pinbot.yaml says, with defaults for what it leaves out.

    Attributes:
        only_public: registries that are not configured may be asked only where everybody can reach them,
            because others say which images are looked at.
    """

    registries: tuple[RegistrySettings, ...] = ()
    build: BuildSettings = field(default_factory=BuildSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    policy: Policy = field(default_factory=Policy)
    pull_requests: PullRequestSettings = field(default_factory=PullRequestSettings)
    vulnerabilities: VulnerabilitySettings = field(default_factory=VulnerabilitySettings)
    only_public: bool = False

    def registry(self, name: str) -> RegistrySettings:
        """How to reach a registry, or an image by its name (`docker.io/library/alpine`).

        Of several settings that cover it those with the longest name count; without any, the defaults.
        """
        fitting = [settings for settings in self.registries if settings.covers(name)]
        if not fitting:
            return RegistrySettings(name=name.partition("/")[0], only_public=self.only_public)
        return max(fitting, key=lambda settings: settings.closeness(name)).named(name)
