"""Building a target on a copy of the tree, and looking at what came of it."""

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pinbot.errors import BuilderError, PinbotError, SourceError
from pinbot.formats.dockerfile import buildable
from pinbot.model.build import BuildOutcome, BuildRequest, BuildTarget, BuiltImage
from pinbot.model.inspection import Inspection
from pinbot.pipeline.audit import Auditor
from pinbot.ports.building import Builder, WorkTree
from pinbot.ports.machine import Progress
from pinbot.worktree import files


class Trial(NamedTuple):
    """What came of a build, and what the image is: an error where it could not be looked into."""

    outcome: BuildOutcome | PinbotError
    inspection: Inspection | PinbotError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where targets are tried.

    Attributes:
        tree: whose files are built; nothing in it is touched.
        builder: what builds them.
        auditor: what looks into the images; None where nobody wants to know.
        progress: is told of each build, and of each line of its log.
    """

    tree: WorkTree
    builder: Builder
    auditor: Auditor | None
    progress: Progress

    async def attempt(
        self, target: BuildTarget, changes: Mapping[str, bytes], *, how: str = "", reuse: bool = False
    ) -> Trial:
        """Build a target with other bytes in some files, by their paths from the root.

        `how` tells people which of several builds of the target it is; `reuse` allows to take what was built
        of the same before.
        """
        title = " ".join(filter(None, (f"Building {target.name}", how)))
        try:
            with (
                tempfile.TemporaryDirectory(prefix="pinbot-tree-") as folder,
                self.progress.step(title) as say,
            ):
                request = BuildRequest(
                    target=target, root=Path(folder, "tree"), image=Path(folder, "image"), reuse=reuse
                )
                await asyncio.to_thread(self.tree.copy_to, request.root, changes=changes)
                dockerfile = await asyncio.to_thread(
                    files.read, request.root / target.dockerfile, shown=target.dockerfile
                )
                buildable.check(dockerfile)
                outcome = await self.builder.build(request, on_line=say)
                if self.auditor is None or not isinstance(outcome, BuiltImage):
                    return Trial(outcome)
                return Trial(
                    outcome, await self.auditor.audit(target, root=request.root, image=request.image)
                )
        except (BuilderError, SourceError) as error:
            return Trial(error)
        except OSError as error:
            return Trial(
                BuilderError(
                    f"there is no folder for a copy of the tree: {error.strerror}",
                    hint="make room where temporary files go, or name another folder in TMPDIR",
                )
            )
