from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.github.contract import OpenApiContract
from tests.support.github.server import GitHubServer


@pytest.fixture
def github(
    contract: OpenApiContract | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[GitHubServer]:
    """A forge for runs in this process, which have a home of their own; nothing wrong is asked of it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with GitHubServer(contract=contract) as server:
        yield server
        assert server.problems == []
