"""GitHub's stand-ins for the tests; our own is judged by GitHub's description where that is at hand."""

from collections.abc import Iterator

import httpx
import pytest

from tests.forge.peers import CONTENT, Peer, names
from tests.forge.support import FILES, REPOSITORY, TOKEN
from tests.support.emulate import Emulate
from tests.support.emulate_relay import EmulateRelay
from tests.support.github.contract import OpenApiContract
from tests.support.github.place import Place
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


@pytest.fixture
def own(github: GitHubServer, repo: Repository) -> Iterator[Peer]:
    """Our own stand-in, as one of two."""
    headers = {"Authorization": f"token {TOKEN}"}
    with httpx.Client(base_url=github.url, headers=headers, trust_env=False) as http:
        place = Place(http, repo.full_name)
        place.move("heads/main", place.write(CONTENT))
        yield Peer(url=github.url, token=TOKEN, place=place)


@pytest.fixture
def theirs(emulate: Emulate, relay: EmulateRelay, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """That stand-in, mended where it stands in pinbot's way, as the other one of two."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    place = emulate.create_repository(next(names), CONTENT)
    return Peer(url=relay.url, token=emulate.token(), place=place)


@pytest.fixture(params=["own", pytest.param("theirs", marks=pytest.mark.needs("emulate"))])
def peer(request: pytest.FixtureRequest) -> Peer:
    """Each of the two."""
    one: Peer = request.getfixturevalue(request.param)
    return one
