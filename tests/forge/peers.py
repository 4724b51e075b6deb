"""What the tests over two stand-ins for GitHub share: our own, and `emulate`, which knows nothing of it.

Where the two disagree one of them is wrong, or pinbot relies on what GitHub does not promise.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pinbot.forge.github.access import OneToken
from pinbot.forge.github.connection import Connection
from pinbot.forge.github.repositories import GitHubRepositories
from pinbot.forge.github.repository import GitHub
from pinbot.forge.remote import Issue
from pinbot.model.fleet import RepositoryFacts
from tests.forge.support import OLD, PatientClock
from tests.support.github.place import Entry, Place

ODD = "a b/ünï \"q\" 'q'\n$(x)%41?#.Dockerfile"
CONTENT: Mapping[str, Entry] = {
    "Dockerfile": Entry(OLD),
    "-v": Entry(b"a leading dash\n"),
    "bin/data": Entry(bytes(range(256))),
    "bin/run.sh": Entry(b"#!/bin/sh\n", "100755"),
    "link": Entry(b"bin/run.sh", "120000"),
    ODD: Entry("naïve\r\n".encode()),
}
"""What is on the branch main of a repository."""

names = (f"shop{number}" for number in itertools.count())
"""A name for each repository of the run."""


class Forgetful:
    """A cache that keeps nothing: what is read comes from the stand-in."""

    async def get(self, name: str) -> bytes | None:
        del name

    async def put(self, name: str, data: bytes) -> None:
        del name, data


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A stand-in with one repository: for pinbot an address and a token, for the test a `Place`."""

    url: str
    token: str
    place: Place

    def remote(self, kind: type[GitHub] = GitHub) -> GitHub:
        return kind(self._connection(), self.place.name)

    def _connection(self) -> Connection:
        return Connection(token=self.token, api_url=self.url, clock=PatientClock(), write_interval=0)

    def do(self, work: Callable[[GitHub], Awaitable[Any]]) -> Any:
        """One piece of work, as a run of its own would do it."""

        async def run() -> Any:
            return await work(self.remote())

        return asyncio.run(run())

    def look(self, work: Callable[[GitHubRepositories, RepositoryFacts], Awaitable[Any]]) -> Any:
        """One look into the repository as one of many."""

        async def run() -> Any:
            many = GitHubRepositories(OneToken(self._connection()), cache=Forgetful(), environ={})
            return await work(many, await many.named(self.place.name))

        return asyncio.run(run())

    @property
    def main(self) -> str:
        return self.place.tip("heads/main") or ""


class Overtaken(GitHub):
    """A run that another one overtakes between what it reads and what it writes."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def _overtake(self) -> None:
        other, self.meanwhile = self.meanwhile, None
        if other is not None:
            await other()

    async def create_commit(self, message: str, *, tree: str, parent: str | None) -> str:
        made = await super().create_commit(message, tree=tree, parent=parent)
        await self._overtake()
        return made

    async def open_issue(self, *, title: str, body: str) -> Issue:
        await self._overtake()
        return await super().open_issue(title=title, body=body)
