"""A GitHub App over many repositories: a token and a quota for each account, with no right to spare."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.test_fleet import DOCKERFILE, TOKEN, Bot
from tests.support.app_keys import keys
from tests.support.github.contract import OpenApiContract
from tests.support.github.server import GitHubServer
from tests.support.github.state import App
from tests.support.project import Project, Run
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.needs("docker-registry", "git")

NUMBER = "1234"
APP = {"PINBOT_APP_ID": NUMBER, "PINBOT_APP_KEY": keys()[0]}


@pytest.fixture
def bot(
    project: Project, hub: RegistryServer, contract: OpenApiContract | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bot]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with GitHubServer(contract=contract) as github:
        github.organisations |= {"acme", "umbrella"}
        yield Bot(project, github, hub)
        assert github.problems == []


def install(bot: Bot, *names: str, **settings: Any) -> App:
    """Repositories with a Dockerfile each, private, and the app on all of them."""
    for name in names:
        bot.github.create_repository(name, files={"Dockerfile": DOCKERFILE}).private = True
    return bot.github.add_app(NUMBER, keys()[1], repositories=names, **settings)


def update(bot: Bot, *arguments: str, **environment: str) -> Run:
    return bot.update(*arguments, token="", **APP, **environment)


def document(bot: Bot, *arguments: str) -> dict[str, dict[str, Any]]:
    return bot.document(*arguments, token="", **APP)


def tokens(bot: Bot) -> list[Any]:
    """What each token was asked for."""
    return [one.body for one in bot.github.requests if one.path.endswith("/access_tokens")]


def as_the_app(bot: Bot) -> list[str]:
    """The requests that no installation made."""
    return [str(one) for one in bot.github.requests if "Bearer " in one.headers["authorization"]]


def test_each_account_has_one_token_for_its_named_repositories(bot: Bot) -> None:
    install(bot, "acme/shop", "acme/cart", "acme/other", "ada/site")
    names = ("acme/shop", "ACME/cart", "ada/site")
    run = update(bot, *(f"--repo={name}" for name in names), "--pull-request")
    assert run.code == 0, run.err
    for name in names:
        (pull,) = bot.github.repositories[name.lower()].pulls.values()
        assert pull.user == "pinbot[bot]"
    writing = {"contents": "write", "pull_requests": "write"}
    assert tokens(bot) == [
        {"repositories": ["shop", "cart"], "permissions": writing},
        {"repositories": ["site"], "permissions": writing},
    ]
    assert [one for one in as_the_app(bot) if one.startswith("GET")] == [
        "GET /orgs/acme/installation",
        "GET /repos/ada/site/installation",
    ]


def test_a_dry_run_gets_a_token_that_may_only_read(bot: Bot) -> None:
    install(bot, "acme/shop", permissions={"contents": "read", "metadata": "read"})
    assert update(bot, "--repo=acme/shop", "--dry-run").code == 10
    assert tokens(bot) == [{"repositories": ["shop"], "permissions": {"contents": "read"}}]


def test_the_repositories_of_owners_are_those_that_it_is_installed_on(bot: Bot) -> None:
    install(bot, "acme/shop", "acme/cart", "ada/site")
    bot.github.create_repository("acme/other", files={"Dockerfile": DOCKERFILE})
    found = document(bot, "--owner=ACME", "--owner=ada", "--repo=acme/shop", "--dry-run")
    assert sorted(found) == ["acme/cart", "acme/shop", "ada/site"]
    assert ["repositories" in token for token in tokens(bot)] == [False, False]
    assert [one for one in as_the_app(bot) if one.startswith("GET")] == [
        "GET /orgs/ACME/installation",
        "GET /orgs/ada/installation",
        "GET /users/ada/installation",
    ]


def test_installed_means_every_account_but_those_that_suspended_it(bot: Bot) -> None:
    app = install(bot, "acme/shop", "umbrella/lab", "ada/site")
    app.installations["umbrella"].suspended = True
    run = update(bot, "--installed", "--pull-request", "--format=json")
    assert run.code == 0, run.err
    assert [entry["repository"] for entry in run.json["repositories"]] == ["acme/shop", "ada/site"]
    assert run.json["notes"] == ["umbrella is left out: the installation of app 1234 is suspended"]
    assert [one for one in as_the_app(bot) if one.startswith("GET")] == ["GET /app/installations"]
    assert run.json["calls"] == len(bot.asked)
    again = update(bot, "--installed", "--dry-run")
    assert "umbrella is left out" in again.err


def test_installations_are_listed_page_by_page(bot: Bot) -> None:
    app = install(bot, "acme/shop")
    for number in range(100):
        app.installations[f"other{number}"] = type(app.installations["acme"])(
            number=number, account=f"other{number}", repositories=(), permissions={}, suspended=True
        )
    run = update(bot, "--installed", "--dry-run", "--format=json")
    assert len(run.json["notes"]) == 100
    assert as_the_app(bot).count("GET /app/installations") == 2


def test_installed_needs_an_app(bot: Bot) -> None:
    run = bot.update("--installed", "--dry-run", token=TOKEN)
    assert run.code == 2
    assert "--installed needs a GitHub App, and there is only a token" in run.err
    assert "PINBOT_APP_ID" in run.err
    assert bot.asked == []


@pytest.mark.parametrize("trouble", ["missing", "suspended", "permissions", "used up"])
def test_what_is_wrong_with_one_account_is_told_and_the_others_go_on(bot: Bot, trouble: str) -> None:
    app = install(bot, "acme/shop", *(f"umbrella/lab{number}" for number in range(12)))
    other = app.installations["umbrella"]
    expected = {
        "missing": "app 1234 is not installed on umbrella, or there is no such account",
        "suspended": "the installation of app 1234 on umbrella is suspended",
        "permissions": "the installation of app 1234 on umbrella lacks permissions",
        "used up": "the token's request quota is used up",
    }[trouble]
    if trouble == "missing":
        del app.installations["umbrella"]
    elif trouble == "suspended":
        other.suspended = True
    elif trouble == "permissions":
        other.permissions = {"contents": "read"}
    else:
        other.used_up = True
    names = [*(f"umbrella/lab{number}" for number in range(12)), "acme/shop"]
    found = document(bot, *(f"--repo={name}" for name in names), "--pull-request")
    assert {name: entry["status"] for name, entry in found.items()} == {
        **dict.fromkeys(names, "failed"),
        "acme/shop": "done",
    }
    assert len(bot.github.repositories["acme/shop"].pulls) == 1
    assert all(expected in found[name]["errors"][0]["message"] for name in names[:-1])
    assert len([one for one in bot.asked if "umbrella" in one]) <= 9  # one to find the installation


def test_an_owner_without_the_app_is_told_and_the_others_are_listed(bot: Bot) -> None:
    install(bot, "acme/shop")
    run = update(bot, "--owner=umbrella", "--owner=acme", "--dry-run", "--format=json")
    assert run.code == 1
    assert [entry["repository"] for entry in run.json["repositories"]] == ["acme/shop"]
    (error,) = run.json["errors"]
    assert error["message"] == "app 1234 is not installed on umbrella, or there is no such account"
    assert error["hint"].startswith("install the app on it")


def test_a_name_that_the_app_is_not_installed_on_is_not_the_others_end(bot: Bot) -> None:
    install(bot, "acme/shop", "acme/cart")
    names = ("acme/shop", "acme/nosuch", "acme/cart")
    found = document(bot, *(f"--repo={name}" for name in names), "--dry-run")
    assert [found[name]["status"] for name in names] == ["done", "failed", "done"]
    assert tokens(bot)[-1] == {"repositories": ["shop", "cart"], "permissions": {"contents": "read"}}


def test_a_key_of_another_app_is_asked_with_once(bot: Bot) -> None:
    install(bot, "acme/shop", "ada/site", "umbrella/lab")
    environment = {"PINBOT_APP_ID": NUMBER, "PINBOT_APP_KEY": keys(1)[0]}
    owners = ("--owner=acme", "--owner=ada", "--owner=umbrella")
    run = bot.update(*owners, "--dry-run", token="", **environment)
    assert run.code == 1
    assert run.err.count("PINBOT_APP_ID and the private key belong to one app") == 3
    assert len(bot.asked) == 1


def test_calls_are_counted_for_each_repository_and_in_all(bot: Bot) -> None:
    install(bot, "acme/shop", "ada/site")
    run = update(bot, "--owner=acme", "--owner=ada", "--pull-request", "--format=json")
    about = {
        entry["repository"]: len([one for one in bot.asked if f"/repos/{entry['repository']}/" in one])
        for entry in run.json["repositories"]
    }
    assert {entry["repository"]: entry["calls"] for entry in run.json["repositories"]} == about
    assert run.json["calls"] == len(bot.asked)


def test_the_key_and_the_tokens_are_nowhere_in_what_is_said(bot: Bot) -> None:
    app = install(bot, "acme/shop", "umbrella/lab")
    app.installations["umbrella"].used_up = True
    run = update(bot, "--installed", "--pull-request", "--verbose")
    said = run.text + run.err
    assert "BEGIN" not in said
    assert "ghs_" not in said
    assert keys()[0].splitlines()[1] not in said


@pytest.mark.needs("buildah", "base-images")
def test_a_test_build_checks_out_with_the_token_of_its_account(
    bot: Bot, registry: RegistryServer, cache: Any
) -> None:
    bot.home.write("pinbot.yaml", "")
    bot.home.use_registry(registry.host)
    install(bot, "acme/shop", "ada/site")
    arguments = ("--installed", "--pull-request", "--build", "--builder=buildah")
    found = bot.document(*arguments, token="", XDG_CACHE_HOME=str(cache), **APP)
    assert {name: entry["status"] for name, entry in found.items()} == {
        "acme/shop": "done",
        "ada/site": "done",
    }
    assert all(entry["builds"][0]["ok"] for entry in found.values())  # type: ignore[index]
