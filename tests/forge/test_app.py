"""Working as a GitHub App: proof, installation, a token for this repository alone, and what to mend."""

import asyncio
from typing import Any

import pytest

from pinbot.errors import ForgeDenied, ForgeError, UsageError
from pinbot.forge.github.app import App
from pinbot.forge.github.connection import Connection
from pinbot.forge.github.installation import Installation
from pinbot.forge.github.repository import GitHub
from pinbot.forge.lifecycle import PullRequests
from pinbot.model.proposal import PullRequestAction
from tests.forge.support import NEWER, OLD, REPOSITORY, PatientClock, file, proposal
from tests.support.app_keys import NUMBER, keys
from tests.support.github.server import GitHubServer
from tests.support.github.state import App as InstalledApp
from tests.support.github.state import Repository

pytestmark = pytest.mark.needs("git")


def install(github: GitHubServer, **settings: Any) -> InstalledApp:
    return github.add_app(NUMBER, keys()[1], **({"repositories": (REPOSITORY,)} | settings))


def installation(github: GitHubServer, clock: PatientClock | None = None, **changes: Any) -> Installation:
    values = {"number": NUMBER, "key": keys()[0]} | changes
    app = App(**values, clock=clock or PatientClock(), api_url=github.url)
    return Installation(app, "acme", repositories=(REPOSITORY,))


def forge(github: GitHubServer, clock: PatientClock | None = None, **changes: Any) -> PullRequests:
    clock = clock or PatientClock()
    lessor = installation(github, clock, **changes)
    connection = Connection(token=lessor, clock=clock, api_url=github.url, write_interval=0)
    return PullRequests(GitHub(connection, REPOSITORY))


def test_an_app_opens_a_pull_request_as_itself(github: GitHubServer, repo: Repository) -> None:
    install(github)
    made = asyncio.run(forge(github).propose(proposal()))
    assert made.action is PullRequestAction.OPENED
    assert repo.pulls[1].user == "pinbot[bot]"


def test_the_token_is_for_the_repository_and_for_what_pinbot_does_alone(
    github: GitHubServer, repo: Repository
) -> None:
    del repo
    granted = {"contents": "write", "pull_requests": "write", "issues": "write", "secrets": "write"}
    install(github, permissions=granted, repositories=(REPOSITORY, "acme/other"))
    asyncio.run(forge(github).propose(proposal()))
    (asked,) = [one for one in github.requests if one.path.endswith("/access_tokens")]
    assert asked.body == {
        "repositories": ["shop"],
        "permissions": {"contents": "write", "pull_requests": "write", "issues": "write"},
    }


def test_getting_the_token_takes_two_requests_and_they_are_counted(
    github: GitHubServer, repo: Repository
) -> None:
    del repo
    install(github)
    remote = forge(github)
    asyncio.run(remote.survey(None))
    assert remote.calls == len(github.requests) == 3


def test_the_token_is_renewed_before_its_hour_is_over(github: GitHubServer, repo: Repository) -> None:
    del repo
    install(github)
    clock = PatientClock()
    remote = forge(github, clock)

    async def work() -> str:
        await remote.propose(proposal())
        clock.slept.append(3100)
        github.expire_tokens()
        return (await remote.propose(proposal(files=(file("Dockerfile", OLD, NEWER),)))).action

    assert asyncio.run(work()) == "updated"
    assert len([one for one in github.requests if one.path.endswith("/access_tokens")]) == 2


def test_a_token_that_ends_before_its_time_is_renewed_once(github: GitHubServer, repo: Repository) -> None:
    del repo
    install(github)
    remote = forge(github)

    async def work() -> str:
        await remote.propose(proposal())
        github.expire_tokens()
        return (await remote.propose(proposal(files=(file("Dockerfile", OLD, NEWER),)))).action

    assert asyncio.run(work()) == "updated"
    assert len([one for one in github.requests if one.path.endswith("/access_tokens")]) == 2
    assert remote.calls == len(github.requests)


def test_a_new_token_that_is_not_taken_either_is_not_renewed_for_ever(
    github: GitHubServer, repo: Repository
) -> None:
    del repo
    install(github)
    remote = forge(github)

    async def work() -> None:
        await remote.survey(None)
        github.forget_requests()
        github.faults.fail(1, 401, "Bad credentials")
        github.faults.fail(3, 401, "Bad credentials")
        await remote.survey(None)

    with pytest.raises(ForgeDenied, match="Bad credentials"):
        asyncio.run(work())
    assert len(github.requests) == 3


def trouble(github: GitHubServer, **changes: Any) -> ForgeError:
    with pytest.raises(ForgeDenied) as caught:
        asyncio.run(forge(github, **changes).propose(proposal()))
    assert "BEGIN" not in repr(caught.value)
    return caught.value


def test_an_app_that_is_not_installed_is_told(github: GitHubServer, repo: Repository) -> None:
    del repo
    install(github, repositories=("acme/other",))
    error = trouble(github)
    assert error.message == "app 1234 is not installed on acme/shop, or there is no such repository"
    assert error.hint.startswith("install the app on it")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("removed", "app 1234 is not installed on acme/shop, or there is no such repository"),
        (
            "suspended",
            "could not get a token of app 1234 for acme/shop: GitHub says: This installation has been",
        ),
    ],
)
def test_an_installation_that_ends_during_the_run_is_told_for_all_that_it_is_on(
    github: GitHubServer, repo: Repository, change: str, message: str
) -> None:
    del repo
    app = install(github)
    remote = forge(github)

    async def work() -> None:
        await remote.survey(None)
        github.expire_tokens()
        if change == "removed":
            app.installations.clear()
        else:
            app.installations["acme"].suspended = True
        await remote.survey(None)

    with pytest.raises(ForgeDenied, match=message) as caught:
        asyncio.run(work())
    assert caught.value.for_all
    assert caught.value.hint.startswith(("install the app", "who installed the app"))


def test_a_key_of_another_app_is_told(github: GitHubServer, repo: Repository) -> None:
    del repo
    install(github)
    error = trouble(github, key=keys(1)[0])
    assert "A JSON web token could not be decoded" in error.message
    assert "PINBOT_APP_ID and the private key belong to one app" in error.hint


def test_a_number_that_is_no_app_is_told(github: GitHubServer, repo: Repository) -> None:
    del repo
    install(github)
    error = trouble(github, number="99")
    assert "Integration not found" in error.message
    assert "PINBOT_APP_ID" in error.hint


def test_an_installation_that_is_suspended_is_told(github: GitHubServer, repo: Repository) -> None:
    del repo
    install(github, suspended=True)
    error = trouble(github)
    assert error.message == "the installation of app 1234 on acme/shop is suspended"
    assert "who installed it can end that" in error.hint


def test_a_permission_that_was_not_granted_is_named(github: GitHubServer, repo: Repository) -> None:
    del repo
    install(github, permissions={"contents": "read", "issues": "write"})
    error = trouble(github)
    assert "grant the app contents: write and pull-requests: write" in error.hint


@pytest.mark.parametrize("key", ["", "secret", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END-----"])
def test_what_is_no_key_is_told_before_anything_is_asked(github: GitHubServer, key: str) -> None:
    with pytest.raises(UsageError, match="private key of the GitHub App cannot be read") as caught:
        installation(github, key=key)
    assert "PINBOT_APP_KEY_FILE" in caught.value.hint
    assert github.requests == []


def test_a_key_in_one_line_is_read(github: GitHubServer, repo: Repository) -> None:
    del repo
    install(github)
    one_line = keys()[0].replace("\n", "\\n")
    assert asyncio.run(forge(github, key=one_line).propose(proposal())).number == 1


def test_the_key_is_not_in_the_representation(github: GitHubServer) -> None:
    assert repr(installation(github)) == "Installation(App('1234') on 'acme/shop')"
