"""What looks into images, and into what is known of them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from pinbot.clock import SystemClock
from pinbot.config import Config, VulnerabilitySettings
from pinbot.ports.registries import Registry, VulnerabilityDatabase
from pinbot.wiring import machine

if TYPE_CHECKING:
    from pinbot.pipeline.explain import Explainer


@asynccontextmanager
async def explainer(
    registry: Registry, config: Config, vulnerabilities: VulnerabilitySettings
) -> AsyncIterator["Explainer"]:
    """What tells what changed in an image that moves."""
    from pinbot.comparison.learning import Learner
    from pinbot.image.sources.remote import Remote
    from pinbot.pipeline.explain import Explainer

    async with AsyncExitStack() as stack:
        database = vulnerability_database(vulnerabilities)
        yield Explainer(
            open=partial(Remote, registry),
            learner=Learner(machine.cache()),
            targets=config.build.targets,
            database=await stack.enter_async_context(database) if vulnerabilities.enabled else None,
        )


@asynccontextmanager
async def vulnerability_database(settings: VulnerabilitySettings) -> AsyncIterator[VulnerabilityDatabase]:
    """A service with OSV's API, closed at the end."""
    from pinbot.osv.database import OsvDatabase
    from pinbot.osv.service import Service

    async with OsvDatabase(Service(settings.url, clock=SystemClock())) as database:
        yield database
