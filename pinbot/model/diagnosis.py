"""What `doctor` finds: whether pinbot can do its work here, and what is in its way."""

from dataclasses import dataclass

from pinbot.errors import BuilderError, PinbotError
from pinbot.model.exchange import Quota


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a registry is reached, as its answers have shown; None for what they have not.

    Attributes:
        address: scheme, host and port of its API.
        version: of HTTP, e.g. `HTTP/1.1`; None means that no answer came.
        scheme: how it authenticates: `basic` or `bearer`; None means that it did not ask who we are.
        realm: `host[:port]` of the token server, for `bearer`.
        credentials: where those that were used come from; None means anonymous.
        certificate: path of the client certificate that it is shown.
        source: file and line of what is configured for it.
        quota: what is left of its limit.
    """

    address: str
    version: str | None = None
    scheme: str | None = None
    realm: str | None = None
    credentials: str | None = None
    certificate: str | None = None
    source: str | None = None
    quota: Quota | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFinding:
    """One registry that the files name.

    Attributes:
        name: as references name it.
        access: how it is reached; None where it is blocked, or its address is none.
        images: how many of its images were asked for.
        problems: why some of them cannot be had, each reason once.
        failed: how many cannot be had.
    """

    name: str
    access: Access | None
    images: int
    failed: int = 0
    problems: tuple[PinbotError, ...] = ()

    @property
    def reachable(self) -> bool:
        """Whether it gave an answer of any kind."""
        return self.access is not None and self.access.version is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Something that one builder can do and another cannot, e.g. `heredocs`."""

    name: str
    able: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderFinding:
    """One driver.

    Attributes:
        driver: its name.
        version: name and version of the builder; None where there is none.
        problem: why there is none.
        wanted: whether the configuration lets it be used.
        used: whether test builds are made with it.
        capabilities: what it can do here, the same of each driver; none where there is no builder.
    """

    driver: str
    version: str | None = None
    problem: BuilderError | None = None
    wanted: bool = True
    used: bool = False
    capabilities: tuple[Capability, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeFinding:
    """What `--pull-request` would work with; the token itself is nowhere.

    Attributes:
        token: name of the variable that holds a token, or the key of an app.
        repository: `owner/name`.
        app: id of the GitHub App that it works as; None where it is a token.
        asked: whether GitHub was: not where it is not said as whom, and about which repository.
        problem: why it does not show the pull requests of the repository; None where it does.
        note: what to know of pull requests that are made so; may be empty.
    """

    token: str | None
    repository: str | None
    app: str | None = None
    asked: bool = False
    problem: PinbotError | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything that was looked at.

    Attributes:
        git: the version of git; None where it is not installed.
        needs_builder: whether `update` makes test builds here without being asked to.
        errors: files that cannot be read or understood.
    """

    registries: tuple[RegistryFinding, ...]
    builders: tuple[BuilderFinding, ...]
    git: str | None
    forge: ForgeFinding
    needs_builder: bool
    errors: tuple[PinbotError, ...] = ()

    @property
    def all_errors(self) -> tuple[PinbotError, ...]:
        """Whatever would make `update` fail; it does without a forge."""
        found = [*self.errors]
        for registry in self.registries:
            found.extend(registry.problems)
        if self.needs_builder and not any(builder.used for builder in self.builders):
            found.extend(builder.problem for builder in self.builders if builder.wanted and builder.problem)
        return tuple(found)
