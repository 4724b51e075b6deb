"""Which builders there are, and which one makes the test builds."""

from collections.abc import Awaitable, Iterable, Mapping
from functools import partial
from typing import Protocol

from pinbot.build.buildah import Buildah
from pinbot.build.dialects import BUILDAH, PODMAN
from pinbot.build.docker import Docker
from pinbot.config import BuildSettings, Driver, RegistrySettings
from pinbot.errors import BuilderError
from pinbot.ports.building import Builder


class _Find(Protocol):
    """Makes a builder; the BuilderError that it raises otherwise says why there can be none here."""

    def __call__(
        self, settings: BuildSettings, registries: Iterable[RegistrySettings], *, environ: Mapping[str, str]
    ) -> Awaitable[Builder]: ...


# In the order in which `auto` tries them: Dockerfiles are written for BuildKit.
DRIVERS: Mapping[Driver, _Find] = {
    Driver.DOCKER: Docker.find,
    Driver.BUILDAH: partial(Buildah.find, BUILDAH),
    Driver.PODMAN: partial(Buildah.find, PODMAN),
}


async def choose(
    settings: BuildSettings, registries: Iterable[RegistrySettings] = (), *, environ: Mapping[str, str]
) -> Builder:
    """The configured builder, or the first that can be used.

    Args:
        settings: which driver, and how it builds.
        registries: where registries are; docker asks its daemon instead.
        environ: pinbot's own variables, of which a builder gets to see as few as possible.

    Raises:
        BuilderError: none can be used, and why.
    """
    wanted = tuple(DRIVERS) if settings.driver is Driver.AUTO else (settings.driver,)
    problems: list[BuilderError] = []
    for driver in wanted:
        try:
            return await DRIVERS[driver](settings, registries, environ=environ)
        except BuilderError as problem:
            problems.append(problem)
    if len(problems) == 1:
        raise problems[0]
    raise BuilderError(
        f"there is no builder for test builds: {'; '.join(problem.message for problem in problems)}",
        hint="; or ".join(dict.fromkeys(problem.hint for problem in problems if problem.hint)),
    )
