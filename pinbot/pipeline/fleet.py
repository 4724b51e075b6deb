"""`update` in many repositories: each on its own, all of them over one registry client and one forge.

What stands in a repository is its owners' word, and counts for that repository alone: `Crew.configure` gives
the configuration in which it may have a say.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pinbot.config import Config
from pinbot.errors import ForgeError, PinbotError, Several
from pinbot.model.fleet import FleetReport, ListedFile, Listing, RepositoryFacts, RepositoryReport
from pinbot.model.occurrence import SourceFile
from pinbot.pipeline.proposal import Terms
from pinbot.pipeline.reading import Limits, first_of, sources
from pinbot.pipeline.update import Work, update
from pinbot.ports.forges import Hosting, Repositories
from pinbot.ports.machine import Clock, Progress
from pinbot.ports.registries import PushDates, Registry
from pinbot.worktree.remote import RemoteTree

if TYPE_CHECKING:
    from pinbot.pipeline.explain import Explainer
    from pinbot.pipeline.verify import Verifier

AT_ONCE = 8
"""Repositories that are worked on at the same time, where nothing is built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """What all repositories share.

    Attributes:
        repositories: the forge.
        hosting: the pull requests of a repository, and where is kept what earlier runs saw, by its name and
            the commit that its branch points to.
        registry: the one client for all images.
        configure: the configuration for a repository, by its own file if it has one, and what of that
            does not count.
        explainer: what tells what changed, under a configuration; None where nobody wants to know.
        verifier: what makes test builds, under a configuration; None where none is wanted.
        dates: what registries say about when a digest was pushed; None where nothing is asked.
        clock: time, for how long each takes.
    """

    repositories: Repositories
    hosting: Callable[[str, str], Hosting]
    registry: Registry
    configure: Callable[[SourceFile | None], tuple[Config, tuple[str, ...]]]
    clock: Clock
    explainer: Callable[[Config], AbstractAsyncContextManager["Explainer"]] | None = None
    verifier: Callable[[Config], "Verifier"] | None = None
    dates: PushDates | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is to be done in each repository.

    Attributes:
        config_names: where a repository keeps its configuration; the first that is there is read.
        only: globs of images to look at; empty means all.
        base: the branch to work on; None for the default one.
        labels: for pull requests, beside those of the configuration.
        dry_run: find out what would change, and propose nothing.
        limits: what one repository may take.
    """

    config_names: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    base: str | None = None
    labels: tuple[str, ...] = ()
    dry_run: bool = False
    limits: Limits = field(default_factory=Limits)


class Fleet:
    """Runs `update` in many repositories; what goes wrong in one is told, and the others go on."""

    def __init__(self, crew: Crew, orders: Orders, progress: Progress, details: Progress) -> None:
        """Say by `progress` how many are done, and by `details` what is done in each."""
        self._crew = crew
        self._orders = orders
        self._progress = progress
        self._details = details
        self._turns = asyncio.Semaphore(AT_ONCE if crew.verifier is None else 1)
        self._all_over: dict[str, ForgeError] = {}
        self._taken: set[str] = set()

    async def run(
        self, names: Iterable[str], owners: Iterable[str], *, installed: bool = False
    ) -> FleetReport:
        """Work on the named repositories, and on all that the owners have; each once.

        Args:
            names: `owner/name` of repositories.
            owners: organisations and people.
            installed: whether all accounts that gave pinbot access are among the owners.

        Raises:
            UsageError: nobody knows these accounts.
        """
        began = self._crew.clock.monotonic()
        errors: list[PinbotError] = []
        notes: list[str] = []
        accounts = {owner.casefold(): owner for owner in owners}
        if installed:
            try:
                for account in await self._crew.repositories.accounts():
                    if account.closed is None:
                        accounts.setdefault(account.name.casefold(), account.name)
                    else:
                        notes.append(f"{account.name} is left out: {account.closed}")
            except ForgeError as error:
                errors.append(error)
        wanted: dict[str, RepositoryFacts | str] = {name.casefold(): name for name in names}
        for owner in accounts.values():
            try:
                self._check_not_over(owner)
                listed = await self._crew.repositories.owned_by(owner)
            except ForgeError as error:
                self._note_whether_over(owner, error)
                errors.append(error)
            else:
                for facts in listed:
                    wanted.setdefault(facts.name.casefold(), facts)
        self._taken = set(wanted)
        with self._progress.step("Working on repositories", len(wanted)) as done:
            reports = await asyncio.gather(*(self._one(each, done) for each in wanted.values()))
        return FleetReport(
            repositories=tuple(reports),
            errors=tuple(errors),
            notes=tuple(notes),
            seconds=self._crew.clock.monotonic() - began,
            calls=self._crew.repositories.calls(),
        )

    async def _one(self, which: RepositoryFacts | str, done: Callable[[str], None]) -> RepositoryReport:
        name = which if isinstance(which, str) else which.name
        async with self._turns:
            began = self._crew.clock.monotonic()
            report = await self._kept_apart(which, name)
            done(name)
            return replace(
                report,
                seconds=self._crew.clock.monotonic() - began,
                # It may be called otherwise than it was named, in capitals or altogether.
                calls=sum(self._crew.repositories.calls(one) for one in {name, report.name}),
            )

    async def _kept_apart(self, which: RepositoryFacts | str, name: str) -> RepositoryReport:
        """What came of a repository, also where it could not go on."""
        seconds = None if self._crew.verifier else self._orders.limits.seconds
        try:
            self._check_not_over(name)
            async with asyncio.timeout(seconds):
                report = await self._work(which)
        except Several as several:
            return RepositoryReport(name=name, errors=several.errors)
        except TimeoutError:
            return RepositoryReport(
                name=name,
                errors=(ForgeError(f"it took more than {seconds:.0f} seconds", hint="run it on its own"),),
            )
        except PinbotError as error:
            self._note_whether_over(name, error)
            return RepositoryReport(name=name, errors=(error,))
        except Exception as error:  # noqa: BLE001 - a bug that one repository brings out is not the others' end
            problem = PinbotError(
                f"pinbot itself failed: {type(error).__name__}: {error}",
                hint="this is a bug; please report it",
            )
            return RepositoryReport(name=name, errors=(problem,))
        for told in report.report.all_errors if report.report else ():
            self._note_whether_over(report.name, told)
        return report

    def _check_not_over(self, name: str) -> None:
        """Ask nothing more with a token that is used up, or wrong, or was asked to slow down.

        Raises:
            ForgeError: it is.
        """
        because = self._all_over.get(self._crew.repositories.asked_as(name))
        if because is not None:
            raise type(because)(f"not asked, because a moment ago {because.message}", hint=because.hint)

    def _note_whether_over(self, name: str, error: PinbotError) -> None:
        if isinstance(error, ForgeError) and error.for_all:
            self._all_over.setdefault(self._crew.repositories.asked_as(name), error)

    async def _work(self, which: RepositoryFacts | str) -> RepositoryReport:
        named = isinstance(which, str)
        facts = await self._crew.repositories.named(which) if isinstance(which, str) else which
        if isinstance(which, str) and not self._take(facts.name, asked_for=which):
            return RepositoryReport(
                name=which, skipped=f"it is called {facts.name} by now, which is worked on already"
            )
        if facts.closed is not None:
            return RepositoryReport(name=facts.name, skipped=facts.closed)
        if facts.fork and not named:
            return RepositoryReport(
                name=facts.name, skipped="it is a fork; one that is meant is named by --repo"
            )
        branch = self._orders.base or facts.default_branch
        listing = await self._crew.repositories.listing(facts, branch)
        if listing is None:
            return RepositoryReport(name=facts.name, skipped="it is empty")
        if not listing.complete:
            raise ForgeError(
                f"{facts.name} has more files than GitHub lists at once",
                hint="run pinbot in a checkout of it",
            )
        return await self._update(facts, branch, listing)

    def _take(self, name: str, *, asked_for: str) -> bool:
        """Whether a repository is for this worker: one may be named by an old name, too."""
        key = name.casefold()
        if key != asked_for.casefold() and key in self._taken:
            return False
        self._taken.add(key)
        return True

    async def _update(self, facts: RepositoryFacts, branch: str, listing: Listing) -> RepositoryReport:
        crew, orders = self._crew, self._orders

        async def read(file: ListedFile) -> bytes:
            return await crew.repositories.read(facts, file)

        own = await first_of(orders.config_names, listing, read, orders.limits)
        config, notes = crew.configure(own)
        if crew.verifier:
            config.build.check_targets(
                listing.files.__contains__, where=f"on {branch}", file=own.path if own else None
            )
        policy = replace(config.policy, only=orders.only)
        found = await sources(listing, policy, read, orders.limits)

        async def check_out(folder: Path) -> None:
            await crew.repositories.check_out(facts, branch, listing.tree, folder)

        forge, ledger = crew.hosting(facts.name, listing.commit)
        async with AsyncExitStack() as stack:
            tree = stack.enter_context(RemoteTree(listing.files, check_out))
            explainer = await stack.enter_async_context(crew.explainer(config)) if crew.explainer else None
            report = await update(
                found,
                tree=tree,
                registry=crew.registry,
                policy=policy,
                work=Work(
                    verifier=crew.verifier(config) if crew.verifier else None,
                    forge=forge,
                    terms=Terms(
                        settings=config.pull_requests,
                        base=branch,
                        labels=orders.labels,
                        whole=not orders.only,
                    ),
                    # Where nothing is pinned there is nothing to remember, which saves requests.
                    ledger=ledger if found.sources or config.pull_requests.dashboard else None,
                    dates=crew.dates,
                    explainer=explainer,
                    dry_run=orders.dry_run,
                ),
                progress=self._details,
            )
        if report.plan.is_empty and not report.pull_requests and not report.errors:
            return RepositoryReport(name=facts.name, skipped=_nothing(orders.only), notes=notes)
        return RepositoryReport(name=facts.name, report=report, notes=notes)


def _nothing(only: tuple[str, ...]) -> str:
    return "no image reference in it matches --only" if only else "no file in it holds an image reference"
