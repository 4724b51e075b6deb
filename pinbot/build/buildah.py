"""Test builds with buildah or podman: no daemon, own stores, RUN steps in containers within namespaces."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Self

from pinbot.build import access, arguments, cgroup, disk, features, layout, namespaces, outcome, process
from pinbot.build.cgroup import control_group
from pinbot.build.daemonless import Bench
from pinbot.build.dialects import Dialect
from pinbot.build.namespaces import Reach, Separation
from pinbot.build.store import Store, cache_folder, claim
from pinbot.config import BuildSettings, Network, RegistrySettings
from pinbot.errors import BuilderError
from pinbot.model.build import BuildOutcome, BuildRequest
from pinbot.model.diagnosis import Capability

_ASK_SECONDS = 60.0
# Before the first step, buildah complains of the Dockerfile or of the machine.
_ABOUT_FILE = re.compile(r"dockerfile|containerfile", re.IGNORECASE)


class Buildah:
    """Builds with the program of a dialect on the PATH of `environ`."""

    def __init__(
        self,
        dialect: Dialect,
        settings: BuildSettings,
        registries: Iterable[RegistrySettings],
        *,
        environ: Mapping[str, str],
        version: str,
        separation: Separation,
    ) -> None:
        self.name = dialect.program
        self.version = version
        self._dialect = dialect
        self._settings = settings
        self._registries = tuple(registries)
        self._environ = environ
        self._separation = separation

    @classmethod
    async def find(
        cls,
        dialect: Dialect,
        settings: BuildSettings,
        registries: Iterable[RegistrySettings],
        *,
        environ: Mapping[str, str],
    ) -> Self:
        """Make a builder, if this machine has what it takes.

        Raises:
            BuilderError: why not.
        """
        with process.scratch_folder(environ) as home:
            env = process.environment(environ, home=home, scratch=home)
            return cls(
                dialect,
                settings,
                registries,
                environ=environ,
                version=await _version(dialect, env),
                separation=await namespaces.separation(env, settings.network, home),
            )

    async def build(self, request: BuildRequest, *, on_line: Callable[[str], None]) -> BuildOutcome:
        """Build in a store that keeps its layers for the next build.

        Raises:
            BuilderError: the builder cannot do this build, which says nothing about the Dockerfile.
        """
        arguments.check(request)
        with (
            claim(cache_folder(self._environ, self.name)) as store,
            process.scratch_folder({"TMPDIR": self._scratch(store)}) as run,
            control_group(self._settings) as group,
        ):
            store.lend(run)
            env = process.environment(self._environ, home=store.work, scratch=store.work)
            bench = Bench(
                dialect=self._dialect,
                store=store,
                run=run,
                separation=self._separation,
                group=group,
                env={**env, **access.grant(store.work, self._registries, self._environ)},
                limit=self._settings.timeout,
                watch=disk.watch((store.folder,), self._settings.disk),
            )
            await bench.tidy()
            good = False
            try:
                finished, step = await bench.build(request, on_line)
                good = finished.good
            finally:
                if not good:
                    # Should that fail, it must not hide why: the next build in this store tries again.
                    await bench.remove_containers()
            caveats = (*self._separation.caveats, *group.caveats)
            if good:
                await bench.export(request.image)
                contents = layout.read_layout(request.image)
                return outcome.succeeded(
                    contents, seconds=finished.seconds, builder=self.version, caveats=caveats
                )
            if not step and finished.limit is None and not _ABOUT_FILE.search(" ".join(finished.tail[-1:])):
                raise BuilderError(
                    f"{self.version} cannot build here: {' '.join(finished.tail)[-300:]}",
                    file=request.target.dockerfile,
                )
            return outcome.failed(
                request,
                finished,
                step=step,
                builder=self.version,
                remedy=f"install a newer {self.name}, or set build.driver to docker",
                limit=group.exceeded(finished.tail),
                caveats=caveats,
            )

    async def capabilities(self) -> tuple[Capability, ...]:
        """See the port. What steps are kept from does not depend on how the network is configured."""
        with process.scratch_folder(self._environ) as home:
            env = process.environment(self._environ, home=home, scratch=home)
            try:
                await namespaces.separation(env, Network.NONE, home)
                closes = True
            except BuilderError:
                closes = False
        return (
            *await features.tried(partial(self.build, on_line=lambda _: None), self._environ),
            Capability(name="network none", able=closes),
            Capability(name="limits", able=cgroup.holds_memory()),
            Capability(name="containers", able=self._separation.runtime is not None),
            Capability(name="own loopback", able=self._separation.reach is not Reach.MACHINE),
            Capability(name="OCI output", able=True),
        )

    def _scratch(self, store: Store) -> str:
        longest = self._dialect.longest_scratch
        if longest is None:
            return str(store.work)
        wanted = self._environ.get("TMPDIR", "")
        return wanted if 0 < len(wanted) <= longest else "/tmp"  # noqa: S108  a private folder is made in it


async def _version(dialect: Dialect, env: Mapping[str, str]) -> str:
    program = dialect.program
    if not process.is_there(program, env):
        raise BuilderError(f"{program} is not installed", hint=f"install {program}")
    asked = await process.run((program, "--version"), env=env, limit=_ASK_SECONDS)
    match = dialect.version.search("\n".join(asked.tail))
    if not asked.good or match is None:
        raise BuilderError(f"{program} does not start: {' '.join(asked.tail)[:200]}")
    return f"{program} {match['version']}"
