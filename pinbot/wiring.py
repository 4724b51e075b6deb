"""The only place that constructs adapters, each imported when it is wanted: start-up stays light."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinbot import storage
from pinbot.clock import SystemClock
from pinbot.config import AuditSettings, BuildSettings, Config, Driver, VulnerabilitySettings
from pinbot.errors import ForgeDenied, PinbotError, UsageError
from pinbot.model.build import Verdict
from pinbot.model.diagnosis import ForgeFinding
from pinbot.model.exchange import Exchange
from pinbot.model.occurrence import SourceFile
from pinbot.ports.building import Builder, Verifying
from pinbot.ports.forges import Hosting, LedgerStore, Repositories
from pinbot.ports.images import Runner
from pinbot.ports.machine import Cache, Clock
from pinbot.ports.registries import PushDates, Registry, Resolver, VulnerabilityDatabase

if TYPE_CHECKING:
    from pinbot.forge.github.access import Access
    from pinbot.pipeline.audit import Auditor
    from pinbot.pipeline.explain import Explainer
    from pinbot.pipeline.verify import Verifier

CONFIG_NAMES = ("pinbot.yaml", ".github/pinbot.yaml")
"""Where a repository keeps its configuration; the first that exists is read."""

TOKEN_VARIABLES = ("PINBOT_GITHUB_TOKEN", "GITHUB_TOKEN")
APP_VARIABLE = "PINBOT_APP_ID"
APP_KEY_VARIABLES = ("PINBOT_APP_KEY", "PINBOT_APP_KEY_FILE")
API_VARIABLES = ("PINBOT_API_URL", "GITHUB_API_URL")
REPOSITORY_VARIABLES = ("PINBOT_REPOSITORY", "GITHUB_REPOSITORY")
"""Variables for GitHub; the first that is set counts, and an app before a token."""

PUBLIC_API = "https://api.github.com"

_MOST_ANSWERS = 32 * 1024**2  # bytes: the usual answers about some ten thousand repositories

HUB_VARIABLE = "PINBOT_HUB_URL"
"""Where Docker Hub's own API is, which knows dates."""

DAEMON_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "BUILDX_BUILDER")
"""Variables that lead docker to another daemon: what one built is no baseline of the other."""

Observer = Callable[[Exchange], None]
"""Is told of each request to a registry."""


def configuration(file: Path | None, root: Path) -> Config:
    """The configuration in `file`, or that of the repository at `root`; beneath it what this machine says.

    Raises:
        UsageError: a file is missing or holds mistakes.
    """
    from pinbot.machine import registries

    return registries.beneath(own_configuration(file, root), os.environ, _home())


def foreign_configuration(own: SourceFile | None, bot: Config) -> tuple[Config, tuple[str, ...]]:
    """The configuration that holds in a repository elsewhere, and what of its own file does not count.

    Raises:
        UsageError: the repository's file holds mistakes.
    """
    from pinbot.configfile.foreign import configure

    return configure(own, bot)


def own_configuration(file: Path | None, root: Path) -> Config:
    """The configuration alone, for what asks no registry.

    Raises:
        UsageError: a file is missing or holds mistakes.
    """
    path = file or next((root / name for name in CONFIG_NAMES if (root / name).is_file()), None)
    if path is None:
        return Config()
    from pinbot.configfile.load import load

    return load(path)


@asynccontextmanager
async def registry(config: Config, *, observer: Observer | None = None) -> AsyncIterator[Registry]:
    """A client of all registries, closed at the end."""
    from pinbot.registry.auth.credentials import Keychain
    from pinbot.registry.auth.memory import FileMemory
    from pinbot.registry.client import RegistryClient
    from pinbot.registry.servers.proxies import Proxies

    async with RegistryClient(
        config.registry,
        credentials=Keychain(os.environ, _home()),
        clock=SystemClock(),
        observer=observer,
        proxies=Proxies(os.environ),
        memory=FileMemory(storage.cache_folder(os.environ, _home())),
        cache=cache(),
    ) as client:
        yield client


@asynccontextmanager
async def push_dates(
    config: Config, *, observer: Observer | None = None, note: Callable[[str], None]
) -> AsyncIterator[PushDates]:
    """What registries say about when a digest was pushed, closed at the end.

    Raises:
        UsageError: the address of Docker Hub's API, in the environment, is none.
    """
    from pinbot.registry.hub_dates import ADDRESS, HubDates
    from pinbot.registry.servers.proxies import Proxies

    try:
        dates = HubDates(
            config.registry,
            clock=SystemClock(),
            address=os.environ.get(HUB_VARIABLE) or ADDRESS,
            note=note,
            observer=observer,
            proxies=Proxies(os.environ),
        )
    except ValueError as error:
        raise UsageError(
            f"{HUB_VARIABLE} is no address", hint="write it like https://hub.docker.com"
        ) from error
    async with dates:
        yield dates


@asynccontextmanager
async def registry_on_demand(
    config: Config, *, observer: Observer | None = None
) -> AsyncIterator[Callable[[], Awaitable[Registry]]]:
    """A way to get one client of all registries, made when it is first asked for; closed at the end."""
    async with AsyncExitStack() as stack:
        made: list[Registry] = []
        lock = asyncio.Lock()

        async def connect() -> Registry:
            async with lock:
                if not made:
                    made.append(await stack.enter_async_context(registry(config, observer=observer)))
                return made[0]

        yield connect


def clock() -> Clock:
    """The time of this machine."""
    return SystemClock()


def cache() -> Cache:
    """What earlier runs of this user found out about images."""
    from pinbot.cache import DiskCache

    return DiskCache(storage.cache_folder(os.environ, _home()) / "images")


def _answers() -> Cache:
    """What GitHub answered earlier runs of this user; apart, so that it takes no room from what is dearer."""
    from pinbot.cache import DiskCache

    return DiskCache(storage.cache_folder(os.environ, _home()) / "github", limit=_MOST_ANSWERS)


@asynccontextmanager
async def explainer(
    registry: Registry, config: Config, vulnerabilities: VulnerabilitySettings
) -> AsyncIterator["Explainer"]:
    """What tells what changed in an image that moves."""
    from pinbot.comparison.learning import Learner
    from pinbot.image.sources.remote import Remote
    from pinbot.pipeline.explain import Explainer

    async with AsyncExitStack() as stack:
        database = vulnerability_database(vulnerabilities)
        yield Explainer(
            open=partial(Remote, registry),
            learner=Learner(cache()),
            targets=config.build.targets,
            database=await stack.enter_async_context(database) if vulnerabilities.enabled else None,
        )


@asynccontextmanager
async def vulnerability_database(settings: VulnerabilitySettings) -> AsyncIterator[VulnerabilityDatabase]:
    """A service with OSV's API, closed at the end."""
    from pinbot.osv.database import OsvDatabase
    from pinbot.osv.service import Service

    async with OsvDatabase(Service(settings.url, clock=SystemClock())) as database:
        yield database


def builders(config: Config) -> dict[Driver, Callable[[], Awaitable[Builder]]]:
    """For each driver a way to make its builder, in the order in which they are tried."""
    from pinbot.build import drivers

    return {
        driver: partial(find, config.build, config.registries, environ=os.environ)
        for driver, find in drivers.DRIVERS.items()
    }


def _home() -> Path:
    """The user's home; the root for a user without one, as a bare user id in a container is."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def builder(settings: BuildSettings, config: Config) -> Callable[[], Awaitable[Builder]]:
    """A way to choose the builder, for when there is something to build."""

    async def choose() -> Builder:
        from pinbot.build import drivers
        from pinbot.build.baselines import Baselines
        from pinbot.build.store import cache_folder

        builder = await drivers.choose(settings, config.registries, environ=os.environ)
        place = " ".join(os.environ.get(name, "") for name in DAEMON_VARIABLES)
        return Baselines(builder, settings, cache_folder(os.environ, "baselines"), place=place)

    return choose


async def runner() -> Runner:
    """What starts an image in a sandbox.

    Raises:
        BuilderError: there is none here.
    """
    from pinbot.build import smoke

    return await smoke.find(os.environ)


def auditor(settings: AuditSettings, resolver: Resolver) -> "Auditor":
    """What looks into images that were built.

    Raises:
        UsageError: the settings switch off a rule that there is not.
    """
    from pinbot.audit import catalog
    from pinbot.audit.inspect import Terms
    from pinbot.pipeline.audit import Auditor

    return Auditor(
        terms=Terms(
            profile=settings.profile,
            max_size=settings.max_size,
            ignore=catalog.settle(settings.ignore),
            at=datetime.now(UTC),
        ),
        resolver=resolver,
        runner=runner if settings.start else None,
    )


def verifier(settings: BuildSettings, config: Config, resolver: Resolver) -> "Verifier":
    """What makes test builds, and audits them.

    Raises:
        UsageError: see `auditor`.
    """
    from pinbot.pipeline.verify import Verifier

    return Verifier(
        builder(settings, config), targets=settings.targets, auditor=auditor(config.audit, resolver)
    )


def rehearsal(verifier: Verifying, config: Config) -> Verifying:
    """What builds as another run will propose."""
    from pinbot.pipeline.rehearse import Rehearsal

    return Rehearsal(verifier, config.pull_requests.group)


def recall(file: Path, config: Config) -> Verifying:
    """What answers by the verdicts that another run left in a file.

    Raises:
        UsageError: the file cannot be read, or holds none.
    """
    from pinbot.pipeline.recall import Recall
    from pinbot.verdictfile.file import read

    return Recall(read(file), targets=config.build.targets)


def save_verdicts(file: Path, verdicts: Iterable[Verdict]) -> None:
    """Leave verdicts for another run.

    Raises:
        SourceError: the file cannot be written, or cannot hold them.
    """
    from pinbot.verdictfile.file import write

    write(file, verdicts)


def ledger() -> LedgerStore:
    """Where is kept what earlier runs saw: a file of this machine."""
    from pinbot.ledgerfile import LedgerFile, default_path

    return LedgerFile(default_path(os.environ, _home()))


def hosting(repository: str | None, api_url: str) -> Hosting:
    """GitHub, as the app or with the token that the environment names.

    Raises:
        UsageError: no repository is named, or the app has no key.
        ForgeDenied: there is no token.
    """
    if not repository:
        raise UsageError(
            "--pull-request needs to know the repository",
            hint="set GITHUB_REPOSITORY or --repository owner/name",
        )
    access = _access(api_url, "--pull-request needs", repositories=(repository,))
    return _hosted(access, repository)


def forges(
    api_url: str, *, repositories: tuple[str, ...], owners: tuple[str, ...], writes: bool
) -> tuple[Repositories, Callable[[str, str], Hosting]]:
    """All repositories that the environment's app or token sees, and what is kept in each.

    That is by its name, and the commit that the branch to be worked on was seen at.

    An app's tokens are for the named repositories alone, where their owner is not among `owners`; and for
    reading alone, unless the run `writes`.

    Raises:
        UsageError: the app has no key.
        ForgeDenied: there is neither an app nor a token.
    """
    from pinbot.forge.github.repositories import GitHubRepositories

    access = _access(
        api_url,
        "many repositories need",
        repositories=repositories,
        owners=owners,
        writes=writes,
    )
    seen = GitHubRepositories(access, cache=cache(), environ=os.environ)
    return seen, partial(_hosted, access)


def _hosted(access: "Access", repository: str, base_head: str | None = None) -> Hosting:
    from pinbot.forge.github.repository import GitHub
    from pinbot.forge.ledger import ForgeLedger
    from pinbot.forge.lifecycle import PullRequests

    github = GitHub(access.connection(repository), repository)
    return Hosting(forge=PullRequests(github, base_head=base_head), ledger=ForgeLedger(github))


def _access(
    api_url: str,
    who: str,
    *,
    repositories: tuple[str, ...],
    owners: tuple[str, ...] = (),
    writes: bool = True,
) -> "Access":
    """As whom GitHub is asked; `who` needs that, for the message where there is nobody."""
    from pinbot.forge.github.access import Installations, OneToken
    from pinbot.forge.github.connection import Connection

    number, variable = os.environ.get(APP_VARIABLE), _first_set(TOKEN_VARIABLES)
    if number:
        from pinbot.forge.github.app import App

        return Installations(
            App(number, _app_key(), clock=SystemClock(), api_url=api_url),
            lambda lessor: Connection(token=lessor, clock=SystemClock(), api_url=api_url),
            repositories=repositories,
            owners=owners,
            writes=writes,
        )
    if variable is None:
        raise ForgeDenied(
            f"{who} a token, and there is none",
            hint="set GITHUB_TOKEN to one that may write contents and pull requests, or PINBOT_APP_ID and "
            "PINBOT_APP_KEY to those of a GitHub App",
        )
    return OneToken(
        Connection(token=os.environ[variable], clock=SystemClock(), api_url=api_url, cache=_answers())
    )


def _app_key() -> str:
    """The private key of the app, from a variable or from the file that one names."""
    key, file = (os.environ.get(name) for name in APP_KEY_VARIABLES)
    if key:
        return key
    if not file:
        raise UsageError(
            f"{APP_VARIABLE} names a GitHub App, and there is no key for it",
            hint=f"set {APP_KEY_VARIABLES[0]} to its private key, or {APP_KEY_VARIABLES[1]} to its file",
        )
    try:
        return Path(file).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{APP_KEY_VARIABLES[1]} names {file}, which cannot be read",
            hint="name the file with the private key that GitHub let you download",
        ) from error


def commit_of_release(repository: str, tag: str) -> str:
    """The commit of a release of pinbot's Action.

    Raises:
        ForgeError: it could not be found out.
    """
    from pinbot.forge.releases import commit_of

    return commit_of(repository, tag)


async def forge_finding() -> ForgeFinding:
    """What the environment holds for `hosting`, and whether GitHub shows pull requests for it."""
    repository, app = _first_set(REPOSITORY_VARIABLES), os.environ.get(APP_VARIABLE) or None
    found = ForgeFinding(
        token=_first_set(APP_KEY_VARIABLES) if app else _first_set(TOKEN_VARIABLES),
        repository=None if repository is None else os.environ[repository],
        app=app,
    )
    if found.token is None or found.repository is None:
        return found
    url = _first_set(API_VARIABLES)
    try:
        await hosting(found.repository, os.environ[url] if url else PUBLIC_API).forge.survey(None)
    except PinbotError as error:
        return replace(found, asked=True, problem=error)
    return replace(found, asked=True, note="" if app else _of_workflow(os.environ[found.token]))


def _of_workflow(token: str) -> str:
    """What to know of the token that a workflow has of its own; nothing where it is not one."""
    from pinbot.forge.github.tokens import of_installation

    if os.environ.get("GITHUB_ACTIONS") != "true" or not of_installation(token):
        return ""
    return (
        "pull requests that are opened with the workflow's own token start no workflows, so required checks "
        f"wait for ever; those of a GitHub App do: {APP_VARIABLE} and {APP_KEY_VARIABLES[0]}"
    )


def _first_set(variables: Iterable[str]) -> str | None:
    return next((name for name in variables if os.environ.get(name)), None)
