"""What builds images, and the files that are built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

# What the signatures name is not needed to run, and would load half of the model.
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pinbot.model.build import BuildOutcome, BuildRequest
    from pinbot.model.diagnosis import Capability
    from pinbot.model.report import UpdateReport
    from pinbot.ports.machine import Progress


class Builder(Protocol):
    """Turns a Dockerfile into an image, without changing anything but its own storage."""

    @property
    def name(self) -> str:
        """Of the driver, e.g. `buildah`."""
        ...

    @property
    def version(self) -> str:
        """Name and version of the program, e.g. `buildah 1.28.2`."""
        ...

    async def build(self, request: BuildRequest, *, on_line: Callable[[str], None]) -> BuildOutcome:
        """Build, calling `on_line` with each line of the log as it comes.

        A line of a step has its place in front, as far as the builder says it: `[files, step 2/5] `.

        Raises:
            BuilderError: the builder cannot do this build, which says nothing about the Dockerfile.
        """
        ...

    async def capabilities(self) -> tuple[Capability, ...]:
        """What it can do here; some of it is tried, which takes seconds."""
        ...


class WorkTree(Protocol):
    """The files of a repository, wherever they are."""

    def relative(self, path: str) -> str:
        """The path from the root, with `/`, of the file that `path` leads to.

        Raises:
            UsageError: it is outside of the tree.
        """
        ...

    def name(self, path: str) -> str:
        """The path from the root where there is one; the path itself for what is outside of the tree."""
        ...

    def has(self, path: str) -> bool:
        """Whether there is a file at a path from the root."""
        ...

    async def bring(self) -> None:
        """Have the files here, so that they can be copied.

        Raises:
            PinbotError: they cannot be had.
        """
        ...

    def copy_to(self, destination: Path, *, changes: Mapping[str, bytes]) -> None:
        """Copy what a fresh checkout would hold, with other bytes for the paths in `changes`.

        Raises:
            SourceError: a file cannot be copied.
        """
        ...


class Verifying(Protocol):
    """Tells what becomes of changes when they are built: by building them, or because somebody did."""

    async def verify(self, report: UpdateReport, tree: WorkTree, progress: Progress) -> UpdateReport:
        """The report with its verdicts; changes that did not pass are held, those without a verdict wait.

        Raises:
            PinbotError: the files cannot be had.
        """
        ...
