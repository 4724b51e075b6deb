"""Which builders there are, and which one makes the test builds."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from pinbot.build.buildah import Buildah
from pinbot.build.docker import Docker
from pinbot.config import BuildSettings, Driver, RegistrySettings
from pinbot.errors import BuilderError
from pinbot.ports import Builder


class ProbedBuilder(Builder, Protocol):
    """A builder that can say whether it is of use on this machine."""

    async def probe(self) -> str:
        """Give name and version.

        Raises:
            BuilderError: why no build can be made with it here.
        """
        ...


# In the order in which `auto` tries them: Dockerfiles are written for BuildKit.
DRIVERS: Mapping[Driver, Callable[..., ProbedBuilder]] = {
    Driver.DOCKER: Docker,
    Driver.BUILDAH: Buildah,
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
        builder = DRIVERS[driver](settings, registries, environ=environ)
        try:
            await builder.probe()
        except BuilderError as problem:
            problems.append(problem)
        else:
            return builder
    if len(problems) == 1:
        raise problems[0]
    raise BuilderError(
        f"there is no builder for test builds: {'; '.join(problem.message for problem in problems)}",
        hint="; or ".join(dict.fromkeys(problem.hint for problem in problems if problem.hint)),
    )
