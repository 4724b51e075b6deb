"""GitHub's stand-in for the tests, judged by GitHub's own description where it is at hand."""

from collections.abc import Iterator

import pytest

from tests.support import parts
from tests.support.github.contract import OpenApiContract
from tests.support.github.server import GitHubServer


@pytest.fixture
def contract() -> OpenApiContract | None:
    return OpenApiContract.load(parts.OPENAPI) if parts.missing("openapi") is None else None


@pytest.fixture
def github(contract: OpenApiContract | None) -> Iterator[GitHubServer]:
    with GitHubServer(contract=contract) as server:
        yield server
        assert server.problems == []
