"""What pinbot.yaml can say, as values. Reading it is `load`'s work; nothing else knows that it is YAML."""

from dataclasses import dataclass, field
from enum import StrEnum

from pinbot.model.build import BuildTarget
from pinbot.model.reference import DOCKER_HUB


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """How to reach one registry, and as whom.

    Attributes:
        name: the registry as references name it, e.g. `docker.io`.
        location: `host[:port]` that serves its API; None means the usual one for `name`.
        insecure: speak plain http (without it, only loopback addresses are spoken to in http).
        ca: path of a PEM file with the authorities to trust instead of the system's.
        username_variable, password_variable: names of the environment variables that hold the credentials.
    """

    name: str
    location: str | None = None
    insecure: bool = False
    ca: str | None = None
    username_variable: str | None = None
    password_variable: str | None = None

    @property
    def host(self) -> str:
        """`host[:port]` of the API; Docker Hub's is not the name that people use."""
        if self.location is not None:
            return self.location
        return "registry-1.docker.io" if self.name == DOCKER_HUB else self.name


class Driver(StrEnum):
    """Which builder makes test builds."""

    AUTO = "auto"
    BUILDAH = "buildah"
    DOCKER = "docker"


class Network(StrEnum):
    """Which network the steps of a test build see."""

    DEFAULT = "default"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """How test builds are made; `timeout` is in seconds, for one build of one target."""

    driver: Driver = Driver.AUTO
    network: Network = Network.DEFAULT
    timeout: float = 1800.0
    targets: tuple[BuildTarget, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that pinbot.yaml says, with defaults for what it leaves out."""

    registries: tuple[RegistrySettings, ...] = ()
    build: BuildSettings = field(default_factory=BuildSettings)

    def registry(self, name: str) -> RegistrySettings:
        """The settings of one registry; the defaults where the file does not name it."""
        for settings in self.registries:
            if settings.name == name:
                return settings
        return RegistrySettings(name=name)
