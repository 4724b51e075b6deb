"""GitHub, as a token or as an app."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinbot import storage
from pinbot.clock import SystemClock
from pinbot.errors import ForgeDenied, PinbotError, UsageError
from pinbot.model.diagnosis import ForgeFinding
from pinbot.ports.forges import Hosting, Repositories
from pinbot.ports.machine import Cache
from pinbot.wiring import machine

if TYPE_CHECKING:
    from pinbot.forge.github.access import Access

TOKEN_VARIABLES = ("PINBOT_GITHUB_TOKEN", "GITHUB_TOKEN")
APP_VARIABLE = "PINBOT_APP_ID"
APP_KEY_VARIABLES = ("PINBOT_APP_KEY", "PINBOT_APP_KEY_FILE")
API_VARIABLES = ("PINBOT_API_URL", "GITHUB_API_URL")
REPOSITORY_VARIABLES = ("PINBOT_REPOSITORY", "GITHUB_REPOSITORY")
"""Variables for GitHub; the first that is set counts, and an app before a token."""

PUBLIC_API = "https://api.github.com"

_MOST_ANSWERS = 32 * 1024**2  # bytes: the usual answers about some ten thousand repositories


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
    seen = GitHubRepositories(access, cache=machine.cache(), environ=os.environ)
    return seen, partial(_hosted, access)


def _answers() -> Cache:
    """What GitHub answered earlier runs of this user; apart, so that it takes no room from what is dearer."""
    from pinbot.cache import DiskCache

    return DiskCache(storage.cache_folder(os.environ, machine.home()) / "github", limit=_MOST_ANSWERS)


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
