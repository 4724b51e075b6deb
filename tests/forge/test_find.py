"""Whether a change is proposed already is answered by reading alone."""

import asyncio

import pytest

from pinbot.model.proposal import Proposal, PullRequest, PullRequestAction
from tests.forge.support import NEWER, OLD, client, file, proposal, propose
from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository

pytestmark = pytest.mark.needs("git")


def find(server: GitHubServer, wanted: Proposal | None = None) -> PullRequest | None:
    async def run() -> PullRequest | None:
        forge = client(server)
        return await forge.find(wanted or proposal(), await forge.survey(None))

    return asyncio.run(run())


def test_what_was_proposed_is_found_whatever_its_title_and_body_say(
    github: GitHubServer, repo: Repository
) -> None:
    opened = propose(github)
    repo.pulls[1].title = "A better title"
    github.forget_requests()
    found = find(github, proposal(body="Built in 3 s"))
    assert found is not None
    assert (found.number, found.url, found.action) == (1, opened.url, PullRequestAction.UNCHANGED)
    assert github.writes == []
    assert len(github.requests) == 2


def test_nothing_is_found_before_it_is_proposed(github: GitHubServer, repo: Repository) -> None:
    assert find(github) is None
    assert repo.pulls == {}


def test_another_content_is_not_found(github: GitHubServer, repo: Repository) -> None:
    del repo
    propose(github)
    assert find(github, proposal(files=(file("Dockerfile", OLD, NEWER),))) is None


def test_a_base_that_moved_asks_for_a_new_commit(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    repo.push("main", {"README.md": b"# Moved\n"})
    assert find(github) is None


def test_a_pull_request_that_was_closed_is_not_found(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    repo.close(1)
    assert find(github) is None
