"""One build with buildah or podman: the commands that it takes, and what is cleared away around it."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pinbot.build import arguments, process
from pinbot.build.cgroup import ControlGroup
from pinbot.build.dialects import Dialect
from pinbot.build.log import BuildahLog
from pinbot.build.namespaces import Reach, Separation
from pinbot.build.store import Store, remove
from pinbot.errors import BuilderError
from pinbot.model.build import BuildRequest, Limit

_TIDY_SECONDS = 600.0
# What is listed, and not what is warned of beside it, nor `<none>`.
_ID = re.compile(r"[0-9a-f]{12,64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]*:[A-Za-z0-9_][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
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
