"""A repository on the forge whose images lie in a real registry, and whole runs of pinbot over it.

The runs are the pipeline's own, in this process: so the time is the test's, and nobody waits between two
requests that change something.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pinbot.forge.github.connection import Connection
from pinbot.forge.github.repository import GitHub
from pinbot.forge.ledger import REFERENCE, ForgeLedger
from pinbot.forge.lifecycle import PullRequests
from pinbot.model.ledger import Ledger, from_bytes
from pinbot.model.proposing import PullRequestSettings
from pinbot.model.report import UpdateReport
from pinbot.pipeline.proposal import Terms
from pinbot.pipeline.scan import search
from pinbot.pipeline.update import Work, update
from pinbot.render.progress import Quiet
from pinbot.wiring import configs, registries
from pinbot.worktree.tree import Tree
from tests.support.github.server import GitHubServer
from tests.support.github.state import Issue, Pull
from tests.support.oci import Entry, Image, Pusher, layer
from tests.support.project import Project
from tests.support.registry import RegistryServer

NAME = "acme/shop"
TOKEN = "ghs_TheTokenOfTheShop"
START = datetime(2026, 11, 24, 12, tzinfo=UTC)


class PromptClock:
    """Time that passes at once."""

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        del seconds


class Shop:
    """The repository; `settings` are those of its pull requests, `rules` the rest of its pinbot.yaml."""

    def __init__(
        self,
        root: Path,
        registry: RegistryServer,
        github: GitHubServer,
        files: Mapping[str, str],
        *,
        name: str = NAME,
        rules: str = "",
        **settings: Any,
    ) -> None:
        self.project = Project(root)
        self.project.use_registry(registry.host)
        if rules:
            self.project.configure(rules)
        github.add_token(TOKEN)
        self.github = github
        self.name = name
        self.settings = PullRequestSettings(**settings)
        self.pusher = Pusher(registry.base_url)
        self.digests: dict[str, str] = {}
        self.now = START
        self.repo = github.create_repository(
            name, files={path: text.encode() for path, text in files.items()}
        )

    def push(self, image: str, content: str) -> str:
        """Have a tag mean an image with that content; it is called so in what is told."""
        repository, _, tag = image.partition(":")
        entry = Entry(name="etc/release", data=content.encode())
        pushed = self.pusher.image(f"library/{repository}", tag, Image(layers=(layer([entry]),)))
        self.digests[pushed] = content
        return pushed

    def run(self, *, token: str = TOKEN, whole: bool = True, fresh: bool = True) -> UpdateReport:
        """One whole run over a fresh checkout of main, or over the one that is there."""
        if fresh:
            self.check_out()
        return asyncio.run(self._run(token, whole=whole))

    async def _run(self, token: str, *, whole: bool) -> UpdateReport:
        root = self.project.root
        config = configs.own_configuration(None, root)
        tree = Tree.around(root)
        found = search((str(root),), policy=config.policy, naming=tree.name)
        connection = Connection(token=token, api_url=self.github.url, clock=PromptClock(), write_interval=0)
        remote = GitHub(connection, self.name)
        work = Work(
            forge=PullRequests(remote),
            ledger=ForgeLedger(remote),
            terms=Terms(settings=self.settings, whole=whole),
            now=self.now,
        )
        async with registries.registry(config) as registry:
            return await update(
                found, tree=tree, registry=registry, policy=config.policy, work=work, progress=Quiet()
            )

    def check_out(self) -> None:
        root = self.project.root
        wanted = self.repo.files("main")
        for path in root.rglob("Dockerfile"):
            path.unlink()
        for path, data in wanted.items():
            self.project.write(path, data)

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    @property
    def ledger(self) -> Ledger:
        return from_bytes(self.repo.git.files(REFERENCE)["ledger.json"])

    @property
    def dashboard(self) -> Issue:
        (issue,) = self.repo.issues.values()
        return issue

    def tick(self, wish: str, what: str) -> None:
        """Tick the box of the dashboard whose line holds these words."""
        lines = self.dashboard.body.splitlines()
        (line,) = [line for line in lines if f"pinbot-{wish}:" in line and what in line]
        self.dashboard.body = self.dashboard.body.replace(line, line.replace("- [ ]", "- [x]"))

    def open_pull(self, words: str) -> Pull:
        (pull,) = [pull for pull in self.repo.open_pulls() if words in pull.title]
        return pull

    def named(self, text: str) -> str:
        """The text with the digests under the names of their contents."""
        for digest, content in self.digests.items():
            text = text.replace(digest, content).replace(digest.removeprefix("sha256:")[:12], content)
        return text
