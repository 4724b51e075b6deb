"""Requests of one token go out one after the other, whoever stops waiting for one."""

import asyncio
import threading

import pytest

from tests.forge.support import remote
from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository

pytestmark = pytest.mark.needs("git")


def test_a_request_that_nobody_waits_for_any_more_ends_before_the_next_begins(
    github: GitHubServer, repo: Repository
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        assert go_on.wait(10)

    github.faults.before(1, hold)

    async def run() -> list[int]:
        it = remote(github.url)
        first = asyncio.create_task(it.head("main"))
        await asyncio.to_thread(asked.wait, 10)
        first.cancel()
        second = asyncio.create_task(it.head("main"))
        await asyncio.sleep(0.2)
        under_way = len(github.requests)
        go_on.set()
        found = await second
        assert found is not None
        assert found.sha == repo.head("main")
        assert first.cancelled()
        return [under_way, len(github.requests)]

    assert asyncio.run(run()) == [1, 2]
