"""What GitHub refuses, and what the user is told. Nothing but ForgeError comes out, and never the token."""

import asyncio
import socket
import traceback
from typing import Any

import pytest

from pinbot.errors import ForgeConflict, ForgeDenied, ForgeError, UsageError
from pinbot.forge.github.connection import Connection
from pinbot.forge.github.repository import GitHub
from pinbot.forge.lifecycle import PullRequests
from pinbot.model.proposal import PullRequestAction
from pinbot.wiring.forges import PUBLIC_API
from tests.forge.support import (
    BRANCH,
    FILES,
    NEWER,
    OLD,
    REPOSITORY,
    TOKEN,
    PatientClock,
    file,
    proposal,
    propose,
    remote,
)
from tests.support.github.contract import OpenApiContract
from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository

pytestmark = pytest.mark.needs("git")


def problem_of(github: GitHubServer, **settings: Any) -> ForgeError:
    """The error that ends a run; wherever it is printed, the token is not in it."""
    wanted = settings.pop("wanted", proposal())
    with pytest.raises(ForgeError) as caught:
        propose(github, wanted, **settings)
    whole = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert settings.get("token", TOKEN) not in whole
    return caught.value


# Tokens


def test_a_wrong_token_is_said_to_be_wrong_or_expired(github: GitHubServer, repo: Repository) -> None:
    problem = problem_of(github, token="ghp_wrong")

    assert isinstance(problem, ForgeDenied)
    assert problem.message == (
        "could not list the pull requests of acme/shop: GitHub says: Bad credentials: "
        "the token is wrong or has expired"
    )
    assert problem.hint == "give a valid token in GITHUB_TOKEN"
    assert len(github.requests) == 1
    assert repo.pulls == {}


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak", "naïve", "nul\0"])
def test_what_cannot_be_a_token_is_never_sent(github: GitHubServer, token: str) -> None:
    with pytest.raises(ForgeDenied) as caught:
        propose(github, token=token)

    assert caught.value.message == "the GitHub token is empty or holds characters that no token has"
    assert github.requests == []


def test_a_line_end_around_a_token_is_no_part_of_it(github: GitHubServer, repo: Repository) -> None:
    assert propose(github, token=f"{TOKEN}\n").number == 1
    assert len(repo.pulls) == 1


def test_the_token_is_not_in_the_representation(github: GitHubServer) -> None:
    connection = Connection(token=TOKEN, api_url=github.url, clock=PatientClock())

    assert TOKEN not in repr(connection)
    assert repr(GitHub(connection, REPOSITORY)).startswith("GitHub('acme/shop' at 127.0.0.1:")


# Permissions


@pytest.mark.parametrize("kind", ["app", "fine-grained", "classic"])
@pytest.mark.parametrize(
    ("permissions", "needed"),
    [
        ({"contents": "write"}, "pull-requests: read"),
        ({"pull_requests": "write"}, "contents: read"),
        ({"contents": "read", "pull_requests": "write"}, "contents: write"),
        ({"contents": "write", "pull_requests": "read"}, "pull-requests: write"),
    ],
)
def test_the_missing_permission_is_named(
    github: GitHubServer, repo: Repository, kind: str, permissions: dict[str, str], needed: str
) -> None:
    github.add_token(TOKEN, kind=kind, permissions=permissions)

    problem = problem_of(github)

    assert isinstance(problem, ForgeDenied)
    assert f"the permission {needed}" in problem.hint
    assert repo.pulls == {}


def test_the_setting_that_lets_actions_open_pull_requests_is_named(
    github: GitHubServer, repo: Repository
) -> None:
    github.add_token(TOKEN, login="github-actions[bot]", may_open_pulls=False)

    problem = problem_of(github)

    assert isinstance(problem, ForgeDenied)
    assert "Allow GitHub Actions to create and approve pull requests" in problem.hint
    assert repo.pulls == {}


@pytest.mark.parametrize("name", ["acme/nothing", "nobody/shop"])
def test_a_repository_that_is_not_there_may_also_be_hidden(
    github: GitHubServer, repo: Repository, name: str
) -> None:
    problem = problem_of(github, repository=name)

    assert isinstance(problem, ForgeDenied)
    assert f"pull requests of {name}: it does not exist, or the token may not do this" in problem.message
    assert "check the repository's name" in problem.hint
    assert repo.pulls == {}


def test_a_private_repository_is_hidden_from_a_token_that_may_not_read_it(
    github: GitHubServer, repo: Repository
) -> None:
    repo.private = True
    github.add_token(TOKEN, permissions={"pull_requests": "write"})

    assert "it does not exist, or the token may not do this" in problem_of(github).message


@pytest.mark.parametrize(
    ("status", "words", "hint"),
    [
        (403, "Resource protected by organization SAML enforcement. Grant access.", "authorize the token"),
        (403, "`acme` has an IP allow list enabled, and 192.0.2.7 is not permitted", "have the address of"),
        (403, "Repository access blocked", "GitHub has closed it"),
        (
            410,
            "Issues has been disabled in this repository.",
            "switch it on in Settings > General > Features",
        ),
        (451, "Repository access blocked", "GitHub has closed it"),
    ],
)
def test_what_no_permission_mends_is_not_said_to_be_one(
    github: GitHubServer, repo: Repository, status: int, words: str, hint: str
) -> None:
    del repo
    github.faults.fail(1, status, words)
    problem = problem_of(github)
    assert f"GitHub says: {words}" in problem.message
    assert problem.hint.startswith(hint)


MOVED = b'{"message": "Moved Permanently", "url": "https://api.github.com/repositories/1"}'


def test_what_was_asked_is_not_lost_where_a_repository_has_another_name(
    github: GitHubServer, repo: Repository
) -> None:
    """A file of a reference is not read from the default branch instead, as a redirect has PyGithub do."""
    repo.push("main", {"ledger.json": b"not this one"})
    new = {"Location": f"{github.url}/repos/{REPOSITORY}/contents/ledger.json?ref=refs%2Fpinbot%2Fledger"}
    github.faults.garble(1, MOVED, status=301, headers=new)
    with pytest.raises(ForgeError) as caught:
        asyncio.run(remote(github.url, repository="acme/old").file("refs/pinbot/ledger", "ledger.json"))
    assert caught.value.message == (
        "could not read ledger.json in acme/old: it has another name by now (GitHub says: Moved Permanently)"
    )
    assert caught.value.hint == "name it as its page on GitHub does now"
    assert len(github.requests) == 1


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_change_is_not_sent_on_to_another_name(github: GitHubServer, repo: Repository, status: int) -> None:
    del repo
    new = {"Location": f"{github.url}/repos/{REPOSITORY}/git/commits"}
    github.faults.garble(1, MOVED, status=status, headers=new)
    with pytest.raises(ForgeError, match="it has another name by now"):
        asyncio.run(remote(github.url).create_commit("m", tree="a" * 40, parent=None))
    assert len(github.requests) == 1


@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_to_another_host_says_that_the_address_is_wrong(
    github: GitHubServer, repo: Repository, status: int
) -> None:
    del repo
    new = {"Location": "http://git.example.org/repos/acme/shop/pulls"}
    github.faults.garble(1, MOVED, status=status, headers=new)
    with pytest.raises(ForgeError, match="is not GitHub's API") as caught:
        asyncio.run(remote(github.url).all_open_pulls())
    assert "ends in /api/v3" in caught.value.hint
    assert len(github.requests) == 1


def test_a_question_that_a_redirect_keeps_is_answered(github: GitHubServer, repo: Repository) -> None:
    new = {"Location": f"{github.url}/repos/{REPOSITORY}"}
    github.faults.garble(1, MOVED, status=301, headers=new)
    assert asyncio.run(remote(github.url, repository="acme/old").default_branch()) == repo.default_branch


def test_an_answer_that_is_no_json_is_no_success_of_a_mutation(
    github: GitHubServer, repo: Repository
) -> None:
    del repo
    github.faults.garble(1, b"<html>Welcome to the hotel</html>")
    work = Connection(token=TOKEN, api_url=github.url, clock=PatientClock()).mutate(
        "mutation {}", {}, target=REPOSITORY, doing="merge in", needs="contents: write"
    )
    with pytest.raises(ForgeError, match="is not GitHub's API"):
        asyncio.run(work)


def test_an_archived_repository_is_said_to_be_archived(github: GitHubServer, repo: Repository) -> None:
    repo.archived = True

    problem = problem_of(github)

    assert "Repository was archived so is read-only." in problem.message
    assert problem.hint == "an archived repository cannot be changed"


def test_an_empty_repository_has_no_branch_to_go_to(github: GitHubServer) -> None:
    github.add_token(TOKEN)
    github.create_repository("acme/empty")

    problem = problem_of(github, repository="acme/empty")

    assert isinstance(problem, ForgeConflict)
    assert problem.message == "there is no branch main on the forge"


# Validation


def test_the_details_of_a_failed_validation_are_shown(github: GitHubServer, repo: Repository) -> None:
    problem = problem_of(github, wanted=proposal(body="x" * 70_000))

    assert "Validation Failed; body is too long (maximum is 65536 characters)" in problem.message
    assert repo.pulls == {}


def test_a_field_that_is_refused_is_named(github: GitHubServer, repo: Repository) -> None:
    problem = problem_of(github, wanted=proposal(title=" "))

    assert "Validation Failed; PullRequest title missing_field" in problem.message
    assert repo.pulls == {}


def test_a_branch_that_bars_the_way_is_a_refusal(github: GitHubServer, repo: Repository) -> None:
    repo.push("pinbot", {"x": b"x"})

    problem = problem_of(github)

    assert "could not create the branch pinbot/images in acme/shop" in problem.message
    assert "Reference update failed" in problem.message


def test_what_github_says_is_shown_in_one_clean_line(github: GitHubServer, repo: Repository) -> None:
    github.faults.fail(1, 403, "No\n\x1b[31mentry\u202e" + "!" * 2000)

    problem = problem_of(github)

    assert "No  [31mentry !!!" in problem.message
    assert problem.message.isprintable()
    assert len(problem.message) < 600
    assert repo.pulls == {}


def test_a_repository_that_became_empty_is_a_conflict(github: GitHubServer, repo: Repository) -> None:
    github.faults.fail(5, 409, "Git Repository is empty.")

    problem = problem_of(github)

    assert isinstance(problem, ForgeConflict)
    assert problem.hint == "push a first commit"
    assert repo.pulls == {}


# Limits


def test_an_exhausted_quota_is_not_waited_for(github: GitHubServer, repo: Repository) -> None:
    clock = PatientClock()
    github.remaining, github.reset = 4, 1_790_000_000

    problem = problem_of(github, clock=clock)

    assert "the token's request quota is used up until 2026-09-21 14:13:20 UTC" in problem.message
    assert clock.slept == []
    assert len(github.requests) == 5
    github.remaining = 5000
    assert propose(github).action is PullRequestAction.OPENED
    assert len(repo.pulls) == 1


def test_a_request_to_slow_down_is_obeyed(github: GitHubServer, repo: Repository) -> None:
    clock = PatientClock()
    github.faults.secondary_limit(6, seconds=17)

    assert propose(github, clock=clock).action is PullRequestAction.OPENED
    assert clock.slept == [17.0]
    assert len(repo.pulls) == 1


def test_waiting_has_an_end(github: GitHubServer, repo: Repository) -> None:
    clock = PatientClock()
    github.faults.secondary_limit(6, seconds=50, times=99)

    problem = problem_of(github, clock=clock)

    assert "GitHub asks to slow down and to wait 50 seconds" in problem.message
    assert clock.slept == [50.0, 50.0]
    assert repo.pulls == {}


def test_a_long_wait_is_not_begun(github: GitHubServer, repo: Repository) -> None:
    clock = PatientClock()
    github.faults.fail(1, 429, "Too many requests", headers={"Retry-After": "3600"})

    assert "to wait 3600 seconds" in problem_of(github, clock=clock).message
    assert clock.slept == []
    assert repo.pulls == {}


def test_a_limit_without_a_time_is_waited_for_a_minute(github: GitHubServer, repo: Repository) -> None:
    clock = PatientClock()
    github.faults.fail(1, 403, "You have exceeded a secondary rate limit. Please wait a few minutes.")

    assert propose(github, clock=clock).number == 1
    assert clock.slept == [60.0]
    assert len(repo.pulls) == 1


# Failures


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_of_github_that_passes_is_not_noticed(
    github: GitHubServer, repo: Repository, status: int
) -> None:
    clock = PatientClock()
    github.faults.fail(7, status, times=3)

    assert propose(github, clock=clock).action is PullRequestAction.OPENED
    assert clock.slept == [1.0, 2.0, 4.0]
    assert len(repo.pulls) == 1


def test_a_failure_of_github_that_stays_is_no_answer(github: GitHubServer, repo: Repository) -> None:
    github.faults.fail(1, 502, "Bad gateway", times=99)

    problem = problem_of(github)

    assert "could not be asked: it answered 502 (Bad gateway)" in problem.message
    assert len(github.requests) == 4
    assert repo.pulls == {}


def test_a_connection_that_is_dropped_again_and_again(github: GitHubServer, repo: Repository) -> None:
    github.faults.drop(1, times=99)

    assert "could not be asked: Remote end closed connection" in problem_of(github).message
    assert len(github.requests) == 4
    assert repo.pulls == {}


def unasked(address: str) -> str:
    """What is said when there is nobody at that address."""
    clock = PatientClock()
    forge = PullRequests(remote(address, clock=clock))
    with pytest.raises(ForgeError, match="could not be asked") as caught:
        asyncio.run(forge.propose(proposal()))
    assert clock.slept == [1.0, 2.0, 4.0]
    assert "0x" not in caught.value.message
    return caught.value.message


def test_a_server_that_is_down_is_no_answer() -> None:
    with socket.socket() as bound:  # but not listening
        bound.bind(("127.0.0.1", 0))
        message = unasked(f"http://127.0.0.1:{bound.getsockname()[1]}")

    assert message.endswith("could not be asked: Connection refused")


def test_a_host_without_an_address_is_no_answer() -> None:
    assert "github.invalid could not be asked" in unasked("https://github.invalid/api/v3")


# Names and addresses


@pytest.mark.parametrize(
    "name",
    [
        "shop",
        "acme/",
        "/shop",
        "acme/shop/",
        "acme/shop/x",
        "acme/..",
        "acme/.",
        "-a/b",
        "a b/c",
        "acme/sh?p",
        "",
    ],
)
def test_a_name_that_no_repository_has_is_wrong_usage(name: str) -> None:
    with pytest.raises(UsageError, match="is no repository on GitHub"):
        remote(PUBLIC_API, repository=name)


@pytest.mark.parametrize(
    "address",
    [
        "api.github.com",
        "ftp://api.github.com",
        "http://github.example.org/api/v3",
        "https://",
        "https://user:secret@github.example.org",
        "https://github.example.org/?x=1",
        "https://github.example.org:port",
        "https://[::1",
        "",
    ],
)
def test_an_address_that_cannot_be_right_is_wrong_usage(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of a GitHub API") as caught:
        remote(address)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("slash", ["", "/"])
def test_github_enterprise_server_is_spoken_to_below_its_path(
    contract: OpenApiContract | None, slash: str
) -> None:
    with GitHubServer(base_path="/api/v3", contract=contract) as server:
        server.add_token(TOKEN)
        repo = server.create_repository(REPOSITORY, files=FILES)
        server.url += slash

        assert propose(server).action is PullRequestAction.OPENED
        assert propose(server, proposal(files=(file("Dockerfile", OLD, NEWER),))).number == 1

        assert repo.files(BRANCH)["Dockerfile"] == NEWER
        assert server.problems == []
