"""A plan to verdicts: build what the plan touches, before and after, on copies of the tree."""

import asyncio
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pinbot.errors import BuilderError, PinbotError, SourceError
from pinbot.model.build import BuildOutcome, BuildRequest, BuildTarget, BuiltImage, FailedBuild, Verdict
from pinbot.model.occurrence import SourceFile
from pinbot.model.plan import FileChange
from pinbot.pipeline.scan import scan
from pinbot.ports import Builder, Progress
from pinbot.worktree.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The verdicts, and the paths (as in `FileChange.path`) whose change must not be made."""

    verdicts: tuple[Verdict, ...]
    held: tuple[str, ...]


async def verify(
    changes: Iterable[FileChange],
    *,
    tree: Tree,
    configured: Iterable[BuildTarget],
    builder: Builder,
    progress: Progress,
) -> Verification:
    """Build every target whose Dockerfile changes; nothing in the tree itself is touched.

    Each target is built with the old text and with the new one, so that the sizes can be compared, and a
    build that was broken before is told apart from one that the update breaks.
    """
    by_path = {tree.relative(change.path): change for change in changes}
    bench = _Bench(tree=tree, changes=by_path, builder=builder, progress=progress)
    targets = targets_of(by_path, configured)
    verdicts = [await bench.judge(target) for target in targets]
    held = [by_path[verdict.target.dockerfile].path for verdict in verdicts if not verdict.good]
    return Verification(verdicts=tuple(verdicts), held=tuple(dict.fromkeys(held)))


def targets_of(dockerfiles: Iterable[str], configured: Iterable[BuildTarget]) -> tuple[BuildTarget, ...]:
    """The configured targets of these Dockerfiles; one that has none is built in its own folder."""
    known = tuple(configured)
    targets: list[BuildTarget] = []
    for dockerfile in dockerfiles:
        own = [target for target in known if target.dockerfile == dockerfile]
        folder = str(PurePosixPath(dockerfile).parent)
        targets.extend(own or [BuildTarget(dockerfile=dockerfile, context=folder)])
    return tuple(targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    tree: Tree
    changes: dict[str, FileChange]
    builder: Builder
    progress: Progress

    async def judge(self, target: BuildTarget) -> Verdict:
        # Also the old texts are written: the copy lacks a Dockerfile that git ignores.
        old = {path: change.source.data for path, change in self.changes.items()}
        new = {path: change.after for path, change in self.changes.items()}
        reuse = _is_fixed(self.changes[target.dockerfile].source)
        before = await self._build(target, "as it is", old, reuse=reuse)
        after = await self._build(target, "with the new digests", new)
        if isinstance(before, BuiltImage):
            return Verdict(target=target, after=after, before=before)
        return Verdict(target=target, after=after, before_problem=_why(before))

    async def _build(
        self, target: BuildTarget, how: str, changes: dict[str, bytes], *, reuse: bool = False
    ) -> BuildOutcome | PinbotError:
        title = f"Building {target.name} {how}"
        try:
            with (
                tempfile.TemporaryDirectory(prefix="pinbot-tree-") as folder,
                self.progress.step(title) as say,
            ):
                request = BuildRequest(
                    target=target, root=Path(folder, "tree"), image=Path(folder, "image"), reuse=reuse
                )
                await asyncio.to_thread(self.tree.copy_to, request.root, changes=changes)
                return await self.builder.build(request, on_line=say)
        except (BuilderError, SourceError) as error:
            return error
        except OSError as error:
            return BuilderError(
                f"there is no folder for a copy of the tree: {error.strerror}",
                hint="make room where temporary files go, or name another folder in TMPDIR",
            )


def _is_fixed(source: SourceFile) -> bool:
    """Whether a Dockerfile names all its images by digest, so that it means the same whenever it is built."""
    found = scan((source,))
    digests = (occurrence.image and occurrence.image.digest for occurrence in found.occurrences)
    return all(digests) and not found.errors


def _why(before: FailedBuild | PinbotError) -> str:
    if isinstance(before, PinbotError):
        return before.message
    return f"{before.reason} at {before.step or 'an unknown step'}"
