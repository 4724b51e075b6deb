"""Test builds with buildah: no daemon, stores of their own, RUN steps in a chroot within fresh namespaces."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pinbot.build import access, arguments, layout, namespaces, outcome, process
from pinbot.build.log import BuildahLog
from pinbot.build.store import Store, cache_folder, claim
from pinbot.config import BuildSettings, Network, RegistrySettings
from pinbot.errors import BuilderError
from pinbot.model.build import BuildOutcome, BuildRequest

_ASK_SECONDS = 60.0
_TIDY_SECONDS = 600.0
_REMOVE_CONTAINERS = ("rm", "--all")
_RETRIES = ("--retry", "2", "--retry-delay", "1s")
_VERSION = re.compile(r"buildah version (?P<version>\S+)")
# Before the first step, buildah complains of the Dockerfile or of the machine.
_ABOUT_FILE = re.compile(r"dockerfile|containerfile", re.IGNORECASE)


class Buildah:
    """Builds with the `buildah` on the PATH of `environ`, apart from this machine if `separate`."""

    name = "buildah"

    def __init__(
        self,
        settings: BuildSettings,
        registries: Iterable[RegistrySettings],
        *,
        environ: Mapping[str, str],
        version: str,
        separate: bool,
    ) -> None:
        self.version = version
        self._settings = settings
        self._registries = tuple(registries)
        self._environ = environ
        self._separate = separate

    @classmethod
    async def find(
        cls, settings: BuildSettings, registries: Iterable[RegistrySettings], *, environ: Mapping[str, str]
    ) -> Self:
        """Make a builder, if this machine has what it takes.

        Raises:
            BuilderError: why not.
        """
        with process.scratch_folder(environ) as home:
            env = process.environment(environ, home=home, scratch=home)
            return cls(
                settings,
                registries,
                environ=environ,
                version=await _version(env),
                separate=await namespaces.usable(env, closed=settings.network is Network.NONE),
            )

    async def build(self, request: BuildRequest, *, on_line: Callable[[str], None]) -> BuildOutcome:
        """Build in a store that keeps its layers for the next build.

        Raises:
            BuilderError: buildah cannot do this build, which says nothing about the Dockerfile.
        """
        arguments.check(request)
        with claim(cache_folder(self._environ)) as store:
            variables, options = access.grant(store.work, self._registries, self._environ)
            bench = _Bench(
                store=store,
                separate=self._separate,
                env={**process.environment(self._environ, home=store.work, scratch=store.work), **variables},
                options=options,
                closed=self._settings.network is Network.NONE,
                limit=self._settings.timeout,
            )
            await bench.tidy()
            good = False
            try:
                finished, step = await bench.build(request, on_line)
                good = finished.good
            finally:
                if not good:
                    # Should that fail, it must not hide why: the next build in this store tries again.
                    await bench.buildah(*_REMOVE_CONTAINERS)
            if good:
                await bench.export(request.image)
                contents = layout.read_layout(request.image)
                return outcome.succeeded(contents, seconds=finished.seconds, builder=self.version)
        if not step and not finished.timed_out and not _ABOUT_FILE.search(" ".join(finished.tail[-1:])):
            raise BuilderError(
                f"{self.version} cannot build here: {' '.join(finished.tail)[-300:]}",
                file=request.target.dockerfile,
            )
        return outcome.failed(
            request,
            finished,
            step=step,
            builder=self.version,
            remedy="install a newer buildah, or set build.driver to docker",
        )


async def _version(env: Mapping[str, str]) -> str:
    if not process.is_there("buildah", env):
        raise BuilderError("buildah is not installed", hint="install buildah")
    asked = await process.run(("buildah", "--version"), env=env, limit=_ASK_SECONDS)
    match = _VERSION.search("\n".join(asked.tail))
    if not asked.good or match is None:
        raise BuilderError(f"buildah does not start: {' '.join(asked.tail)[:200]}")
    return f"buildah {match['version']}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """Everything that one build needs; each command of it sees the same store."""

    store: Store
    separate: bool
    env: Mapping[str, str]
    options: tuple[str, ...]
    closed: bool
    limit: float

    @property
    def _image_id(self) -> Path:
        return self.store.work / "image-id"

    async def buildah(
        self,
        *words: str | Path,
        closed: bool = False,
        limit: float = _TIDY_SECONDS,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> process.Finished:
        # Mounts live as long as their namespace, so the state of mounts must not live longer either.
        state = ("--root", self.store.root, "--runroot", self.store.work / "run")
        wrapper = (*process.leash(self.env), *(namespaces.command(closed=closed) if self.separate else ()))
        return await process.run(
            (*wrapper, "buildah", *state, *self.options, *words),
            env=self.env,
            limit=limit,
            on_line=on_line,
        )

    async def tidy(self) -> None:
        """Clear away what a build that was killed left, and what has become too old."""
        if not self.store.root.exists():
            self.store.renew()
            return
        await self._must(*_REMOVE_CONTAINERS)
        if self.store.stale:
            await self._must("rmi", "--all", "--force")
            self.store.renew()
        if self.closed:
            # Without the network nothing is asked anew: a tag must not mean what it meant in an earlier run.
            names: list[str] = []
            await self._must("images", "--noheading", "--format", "{{.Name}}:{{.Tag}}", on_line=names.append)
            tagged = [
                name for name in names if not name.startswith("<none>") and not name.endswith(":<none>")
            ]
            if tagged:
                await self._must("rmi", *tagged)

    async def _must(self, *words: str, on_line: Callable[[str], None] = lambda _: None) -> None:
        finished = await self.buildah(*words, on_line=on_line)
        if not finished.good:
            raise BuilderError(
                f"buildah {words[0]} failed: {' '.join(finished.tail)[-300:]}",
                hint=f"delete {self.store.folder}, which is only a cache",
            )

    async def build(
        self, request: BuildRequest, on_line: Callable[[str], None]
    ) -> tuple[process.Finished, str]:
        """Build, off the network if that is wanted: then buildah names the images that it lacks.

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
                log.feed(line)
                if not (self.closed and log.absent):
                    on_line(line)

            finished = await self._bud(request, left(), take)
            if finished.good or not self.closed or log.absent is None or log.absent in pulled:
                break
            pulled.add(log.absent)
            platform = ("--platform", request.target.platform) if request.target.platform else ()
            finished = await self.buildah(
                *("pull", *_RETRIES, *platform, log.absent), limit=left(), on_line=on_line
            )
            if not finished.good:
                break
        return replace(finished, seconds=time.monotonic() - started), log.step

    async def export(self, folder: Path) -> None:
        """Write what was built as an OCI layout, compressed as for a registry."""
        await self._must(
            "push", "--disable-compression=false", self._image_id.read_text(), f"oci:{folder}:built"
        )

    async def _bud(
        self, request: BuildRequest, limit: float, on_line: Callable[[str], None]
    ) -> process.Finished:
        return await self.buildah(
            *("bud", "--isolation", "chroot", "--layers", "--http-proxy=false", *_RETRIES),
            # Nothing in the image may depend on when it was built.
            *("--timestamp", "0"),
            # Into the store, not straight into a layout: else the last step is never found in the cache.
            *("--iidfile", self._image_id),
            *(("--pull=never",) if self.closed else ()),
            *arguments.of(request),
            closed=self.closed,
            limit=limit,
            on_line=on_line,
        )
