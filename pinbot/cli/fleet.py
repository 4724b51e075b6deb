"""`pinbot update --repo`, `--owner` and `--installed`: many repositories, none of them cloned."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinbot.cli import running
from pinbot.cli.outcome import worst
from pinbot.cli.session import Session
from pinbot.cli.vulnerabilities import lookup
from pinbot.config import Config, Driver
from pinbot.errors import UsageError
from pinbot.model.fleet import FleetReport
from pinbot.pipeline.fleet import Crew, Fleet, Orders
from pinbot.ports.registries import Registry
from pinbot.render import fleet as render
from pinbot.render.progress import Quiet
from pinbot.wiring import building, configs, forges, images, machine, registries

if TYPE_CHECKING:
    from pinbot.pipeline.explain import Explainer
    from pinbot.pipeline.verify import Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says."""

    repos: tuple[str, ...]
    owners: tuple[str, ...]
    installed: bool
    api_url: str
    pull_request: bool
    base: str | None
    labels: tuple[str, ...]
    paths: tuple[str, ...]
    dry_run: bool
    only: tuple[str, ...]
    build: bool | None
    builder: str | None
    explain: bool | None
    vulnerabilities: bool | None
    osv_url: str | None

    @property
    def explains(self) -> bool:
        """Whether to tell what changed between images."""
        if self.explain is not None:
            return self.explain
        return (self.pull_request and not self.dry_run) or bool(self.vulnerabilities)


def run(session: Session, asked: Asked) -> int:
    """Run `update` in each repository and show what came of it; returns the worst exit code.

    Raises:
        PinbotError: the whole run cannot go on.
    """
    _check(asked)
    bot = configs.configuration(session.config_file, Path.cwd())
    driver = Driver(asked.builder) if asked.builder else bot.build.driver
    bot = replace(
        bot,
        only_public=True,
        build=replace(bot.build, driver=driver),
        vulnerabilities=lookup(bot, vulnerabilities=asked.vulnerabilities, osv_url=asked.osv_url),
    )
    report = running.run(_work(session, asked, bot))
    if session.as_json:
        session.emit(
            render.document(
                report,
                build=bool(asked.build),
                pull_request=asked.pull_request and not asked.dry_run,
                explain=asked.explains,
            )
        )
    else:
        render.text(session.out, session.err, report, dry_run=asked.dry_run)
    session.tell_quotas()
    return worst(report, dry_run=asked.dry_run)


def _check(asked: Asked) -> None:
    if asked.paths:
        raise UsageError(
            "PATH cannot be given with --repo, --owner and --installed",
            hint="a repository's pinbot.yaml says with `include` and `exclude` which files are looked at",
        )
    if not (asked.pull_request or asked.dry_run):
        raise UsageError(
            "without a clone there is nothing to write to", hint="add --pull-request, or --dry-run"
        )


async def _work(session: Session, asked: Asked, bot: Config) -> FleetReport:
    repositories, hosting = forges.forges(
        asked.api_url,
        repositories=asked.repos,
        owners=asked.owners,
        writes=asked.pull_request and not asked.dry_run,
    )

    def explainer(registry: Registry, config: Config) -> AbstractAsyncContextManager["Explainer"]:
        return images.explainer(registry, config, config.vulnerabilities)

    def verifier(registry: Registry, config: Config) -> "Verifier":
        return building.verifier(config.build, config, registry)

    async with (
        registries.registry(bot, observer=session.observer) as registry,
        registries.push_dates(bot, observer=session.observer, note=session.detail) as dates,
    ):
        crew = Crew(
            repositories=repositories,
            hosting=hosting,
            registry=registry,
            configure=partial(configs.foreign_configuration, bot=bot),
            clock=machine.clock(),
            explainer=partial(explainer, registry) if asked.explains else None,
            verifier=partial(verifier, registry) if asked.build else None,
            dates=dates,
        )
        orders = Orders(
            config_names=configs.CONFIG_NAMES,
            only=asked.only,
            base=asked.base,
            labels=asked.labels,
            dry_run=asked.dry_run,
        )
        details = session.progress if session.verbose else Quiet()
        fleet = Fleet(crew, orders, session.progress, details)
        return await fleet.run(asked.repos, asked.owners, installed=asked.installed)
