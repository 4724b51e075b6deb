"""GitHub's stand-in for the tests, judged by GitHub's own description where it is at hand."""

from collections.abc import Iterator

import pytest

from tests.forge.support import FILES, REPOSITORY, TOKEN
from tests.support.github.contract import OpenApiContract
from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository


@pytest.fixture
def github(contract: OpenApiContract | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with GitHubServer(contract=contract) as server:
        yield server
        assert server.problems == []


@pytest.fixture
def repo(github: GitHubServer) -> Repository:
    """A repository with two Dockerfiles, and a token that may do all that pinbot does."""
    github.add_token(TOKEN)
    return github.create_repository(REPOSITORY, files=FILES)
