"""Builders, and what holds to the rules what they build."""

import os
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinbot.config import AuditSettings, BuildSettings, Config, Driver
from pinbot.model.build import Verdict
from pinbot.ports.building import Builder, Verifying
from pinbot.ports.images import Runner
from pinbot.ports.registries import Resolver

if TYPE_CHECKING:
    from pinbot.pipeline.audit import Auditor
    from pinbot.pipeline.verify import Verifier

DAEMON_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "BUILDX_BUILDER")
"""Variables that lead docker to another daemon: what one built is no baseline of the other."""


def builders(config: Config) -> dict[Driver, Callable[[], Awaitable[Builder]]]:
    """For each driver a way to make its builder, in the order in which they are tried."""
    from pinbot.build import drivers

    return {
        driver: partial(find, config.build, config.registries, environ=os.environ)
        for driver, find in drivers.DRIVERS.items()
    }


def builder(settings: BuildSettings, config: Config) -> Callable[[], Awaitable[Builder]]:
    """A way to choose the builder, for when there is something to build."""

    async def choose() -> Builder:
        from pinbot.build import drivers
        from pinbot.build.baselines import Baselines
        from pinbot.build.store import cache_folder

        builder = await drivers.choose(settings, config.registries, environ=os.environ)
        place = " ".join(os.environ.get(name, "") for name in DAEMON_VARIABLES)
        return Baselines(builder, settings, cache_folder(os.environ, "baselines"), place=place)

    return choose


async def runner() -> Runner:
    """What starts an image in a sandbox.

    Raises:
        BuilderError: there is none here.
    """
    from pinbot.build import smoke

    return await smoke.find(os.environ)


def auditor(settings: AuditSettings, resolver: Resolver) -> "Auditor":
    """What looks into images that were built.

    Raises:
        UsageError: the settings switch off a rule that there is not.
    """
    from pinbot.audit import catalog
    from pinbot.audit.inspect import Terms
    from pinbot.pipeline.audit import Auditor

    return Auditor(
        terms=Terms(
            profile=settings.profile,
            max_size=settings.max_size,
            ignore=catalog.settle(settings.ignore),
            at=datetime.now(UTC),
        ),
        resolver=resolver,
        runner=runner if settings.start else None,
    )


def verifier(settings: BuildSettings, config: Config, resolver: Resolver) -> "Verifier":
    """What makes test builds, and audits them.

    Raises:
        UsageError: see `auditor`.
    """
    from pinbot.pipeline.verify import Verifier

    return Verifier(
        builder(settings, config), targets=settings.targets, auditor=auditor(config.audit, resolver)
    )


def rehearsal(verifier: Verifying, config: Config) -> Verifying:
    """What builds as another run will propose."""
    from pinbot.pipeline.rehearse import Rehearsal

    return Rehearsal(verifier, config.pull_requests.group)


def recall(file: Path, config: Config) -> Verifying:
    """What answers by the verdicts that another run left in a file.

    Raises:
        UsageError: the file cannot be read, or holds none.
    """
    from pinbot.pipeline.recall import Recall
    from pinbot.verdictfile.file import read

    return Recall(read(file), targets=config.build.targets)


def save_verdicts(file: Path, verdicts: Iterable[Verdict]) -> None:
    """Leave verdicts for another run.

    Raises:
        SourceError: the file cannot be written, or cannot hold them.
    """
    from pinbot.verdictfile.file import write

    write(file, verdicts)
