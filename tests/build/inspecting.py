"""Looking into an image that a bench has built, and starting it."""

import asyncio

from pinbot.audit.inspect import Terms, inspect
from pinbot.build import smoke
from pinbot.image.sources.opening import open_image
from pinbot.model.inspection import Inspection
from pinbot.ports.images import Runner
from pinbot.ports.registries import Registry
from tests.build.conftest import Bench


def inspected(bench: Bench) -> Inspection:
    """What the audit says of the last image, without starting it."""
    return asyncio.run(_inspect(bench, None))


def inspected_and_started(bench: Bench) -> Inspection:
    """What the audit says of the last image, with the run in podman's sandbox."""

    async def work() -> Inspection:
        return await _inspect(bench, await smoke.podman(bench.environ))

    return asyncio.run(work())


async def _inspect(bench: Bench, runner: Runner | None) -> Inspection:
    async def connect() -> Registry:
        raise AssertionError("nothing is to be asked of a registry")

    source = await open_image(f"oci:{bench.image}", connect)
    return await inspect(source, Terms(), runner=runner)
