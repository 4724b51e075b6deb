"""What the tests of the forge share: one proposal, and a run of pinbot's side."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pinbot.forge.github.connection import Connection
from pinbot.forge.github.repository import GitHub
from pinbot.forge.lifecycle import PullRequests
from pinbot.model.proposal import Proposal, ProposedFile, PullRequest
from tests.support.github.server import GitHubServer

TOKEN = "ghs_16C7e42F292c6912E7710c838347Ae178B4a"
REPOSITORY = "acme/shop"
BRANCH = "pinbot/images"
OLD = b"FROM alpine:3.22\nRUN true\n"
NEW = b"FROM alpine:3.22@sha256:" + b"a" * 64 + b"\nRUN true\n"
NEWER = b"FROM alpine:3.22@sha256:" + b"b" * 64 + b"\nRUN true\n"
FILES: Mapping[str, bytes] = {"Dockerfile": OLD, "README.md": b"# Shop\n", "web/Dockerfile": OLD}


@dataclass
class PatientClock:
    """Time that passes at once, and is written down."""

    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def proposal(**changes: Any) -> Proposal:
    values: dict[str, Any] = {
        "branch": BRANCH,
        "base": None,
        "title": "Pin alpine 3.22",
        "body": "| image | digest |\n",
        "message": "Pin alpine 3.22",
        "files": (file("Dockerfile", OLD, NEW),),
    }
    return Proposal(**(values | changes))


def file(path: str, before: bytes, after: bytes) -> ProposedFile:
    return ProposedFile(path=path, before=before, after=after)


def remote(
    api_url: str,
    *,
    token: str = TOKEN,
    repository: str = REPOSITORY,
    clock: PatientClock | None = None,
) -> GitHub:
    connection = Connection(token=token, api_url=api_url, clock=clock or PatientClock(), write_interval=0)
    return GitHub(connection, repository)


def client(server: GitHubServer, **settings: Any) -> PullRequests:
    return PullRequests(remote(server.url, **settings))


def propose(server: GitHubServer, wanted: Proposal | None = None, **settings: Any) -> PullRequest:
    """One whole run, as a process of its own would do it."""
    return asyncio.run(client(server, **settings).propose(wanted or proposal()))


def calls(github: GitHubServer) -> list[str]:
    """The requests since the last look, short: `GET pulls`."""
    seen = [
        f"{request.method} {request.path.removeprefix(f'/repos/{REPOSITORY}').lstrip('/').split('/', 2)[:2]}"
        for request in github.requests
    ]
    github.forget_requests()
    return [call.replace("['", "").replace("', '", "/").replace("']", "") for call in seen]
