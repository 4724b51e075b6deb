"""Test builds with buildah or podman: no daemon, own stores, RUN steps in containers within namespaces."""

import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

from pinbot.build import access, arguments, cgroup, disk, features, layout, namespaces, outcome, process
from pinbot.build.cgroup import ControlGroup, control_group
from pinbot.build.dialects import Dialect
from pinbot.build.log import BuildahLog
from pinbot.build.namespaces import Reach, Separation
from pinbot.build.store import Store, cache_folder, claim, remove
from pinbot.config import BuildSettings, Network, RegistrySettings
from pinbot.errors import BuilderError
from pinbot.model.build import BuildOutcome, BuildRequest, Limit
from pinbot.model.diagnosis import Capability

_ASK_SECONDS = 60.0
_TIDY_SECONDS = 600.0
# Before the first step, buildah complains of the Dockerfile or of the machine.
_ABOUT_FILE = re.compile(r"dockerfile|containerfile", re.IGNORECASE)

# What is listed, and not what is warned of beside it, nor `<none>`.
_ID = re.compile(r"[0-9a-f]{12,64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]*:[A-Za-z0-9_][A-Za-z0-9._-]*")


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
            bench = _Bench(
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """Everything that one build needs; each command of it sees the same store.

    Attributes:
        run: an empty folder, for the state of this build alone.
    """

    dialect: Dialect
    store: Store
    run: Path
    separation: Separation
    group: ControlGroup
    env: Mapping[str, str]
    limit: float
    watch: Callable[[], Awaitable[Limit]]

    @property
    def _image_id(self) -> Path:
        return self.store.work / "image-id"

    @property
    def _beforehand(self) -> bool:
        """Whether images are pulled before a build, which then sees another network than this machine's."""
        return self.separation.reach is not Reach.MACHINE

    async def _do(
        self,
        *words: str | Path,
        limit: float = _TIDY_SECONDS,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> process.Finished:
        """Run a command that runs no steps."""
        apart = self.separation.command(self.store.work, steps=False)
        return await process.run(
            (*process.leash(self.env), *apart, *self._of(words)),
            env=self.env,
            limit=limit,
            on_line=on_line,
        )

    def _of(self, words: tuple[str | Path, ...]) -> tuple[str | Path, ...]:
        return (
            self.dialect.program,
            *self.dialect.state(self.store.root, self.run, self.separation.runtime),
            *words,
        )

    async def tidy(self) -> None:
        """Clear away what a build that was killed left, and what has become too old."""
        if not self.store.root.exists():
            self.store.renew()
            return
        for note in self.dialect.notes:
            remove(self.store.root / note)
        await self.remove_containers(must=True)
        if self.store.stale:
            await self._must("rmi", "--all", "--force")
            self.store.renew()
        if self._beforehand:
            # Nothing is asked anew in a build: a tag must not mean what it meant in an earlier run.
            names = await self._must("images", "--noheading", "--format", self.dialect.names)
            if tagged := [name for name in names if _NAME.fullmatch(name)]:
                await self._must("rmi", *tagged)

    async def remove_containers(self, *, must: bool = False) -> None:
        """Remove what steps worked in; `must` has a failure raised."""
        do = self._must if must else self._may
        if ids := [line for line in await do(*self.dialect.containers) if _ID.fullmatch(line)]:
            await do(*self.dialect.remove, *ids)

    async def _must(self, *words: str | Path) -> list[str]:
        lines: list[str] = []
        finished = await self._do(*words, on_line=lines.append)
        if not finished.good:
            raise BuilderError(
                f"{self.dialect.program} {words[0]} failed: {' '.join(finished.tail)[-300:]}",
                hint=f"delete {self.store.folder}, which is only a cache",
            )
        return lines

    async def _may(self, *words: str | Path) -> list[str]:
        lines: list[str] = []
        finished = await self._do(*words, on_line=lines.append)
        return lines if finished.good else []

    async def build(
        self, request: BuildRequest, on_line: Callable[[str], None]
    ) -> tuple[process.Finished, str]:
        """Build, with the images that it names pulled beforehand where steps see another network.

        Returns:
            How it ended, and the instruction that was reached.
        """
        started = time.monotonic()
        pulled: set[str] = set()

        def left() -> float:
            return self.limit - (time.monotonic() - started)

        while True:
            log = BuildahLog()

            def take(line: str, log: BuildahLog = log) -> None:
                shown = log.feed(line)
                if not (self._beforehand and log.absent):
                    on_line(shown)

            finished = await self._build(request, left(), take)
            if finished.good or not self._beforehand or log.absent is None or log.absent in pulled:
                break
            pulled.add(log.absent)
            platform = ("--platform", request.target.platform) if request.target.platform else ()
            finished = await self._do(
                *self.dialect.pull, *platform, log.absent, limit=left(), on_line=on_line
            )
            if not finished.good:
                break
        return replace(finished, seconds=time.monotonic() - started), log.step

    async def export(self, folder: Path) -> None:
        """Write what was built as an OCI layout, compressed as for a registry."""
        await self._must(*self.dialect.push, self._image_id.read_text(), f"oci:{folder}:built")

    async def _build(
        self, request: BuildRequest, limit: float, on_line: Callable[[str], None]
    ) -> process.Finished:
        command = self._of(
            (
                *(*self.dialect.build, "--layers", "--http-proxy=false"),
                *self.dialect.isolation(self.separation.runtime, self.group.steps),
                # Nothing in the image may depend on when it was built.
                *("--timestamp", "0"),
                # Into the store, not straight into a layout: else the last step is never found in the cache.
                *("--iidfile", self._image_id),
                *(("--pull=never",) if self._beforehand else ()),
                *arguments.of(request),
            )
        )
        apart = self.separation.command(self.store.work, steps=True)
        return await process.run(
            (*process.leash(self.env), *self.group.entrance, *apart, *command),
            env=self.env,
            limit=limit,
            on_line=on_line,
            watch=self.watch,
        )
