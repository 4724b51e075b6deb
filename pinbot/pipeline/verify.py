"""A plan to verdicts: build what the plan touches, before and after, on copies of the tree."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from pinbot.audit import compare
from pinbot.errors import BuilderError, PinbotError
from pinbot.model.build import BuildTarget, BuiltImage, ChangedFile, FailedBuild, Verdict
from pinbot.model.inspection import Inspection
from pinbot.model.occurrence import SourceFile
from pinbot.model.plan import FileChange
from pinbot.model.report import UpdateReport
from pinbot.pipeline.audit import Auditor
from pinbot.pipeline.bench import Bench
from pinbot.pipeline.scan import scan
from pinbot.ports.building import Builder, WorkTree
from pinbot.ports.machine import Progress
from pinbot.saved import digest_of

_IGNORED = ".dockerignore"


class Verifier:
    """Test-builds what a report is about.

    Args:
        builder: gives the builder, asked for only when there is something to build.
        targets: the configured build targets.
        auditor: looks into what is built.
    """

    def __init__(
        self,
        builder: Callable[[], Awaitable[Builder]],
        *,
        targets: tuple[BuildTarget, ...] = (),
        auditor: Auditor | None = None,
    ) -> None:
        self._builder = builder
        self._targets = targets
        self._auditor = auditor

    async def verify(self, report: UpdateReport, tree: WorkTree, progress: Progress) -> UpdateReport:
        """Build every target whose Dockerfile changes; nothing in the tree itself is touched.

        Each target is built with the old text and with the new one, so that the images can be compared, and a
        build that was broken before is told apart from one that the update breaks. Changes that did not build
        are held; where there is no builder, all of them are.
        """
        changes = {tree.relative(change.path): change for change in report.plan.changes}
        if not changes:
            return report
        await tree.bring()
        try:
            builder = await self._builder()
        except BuilderError as error:
            held = tuple(change.path for change in changes.values())
            return replace(report, held=held, errors=(*report.errors, error))
        bench = Bench(tree=tree, builder=builder, auditor=self._auditor, progress=progress)
        verdicts = [
            await _judge(target, changes, bench) for target in targets_of(changes, self._targets, tree)
        ]
        held = tuple(changes[verdict.target.dockerfile].path for verdict in verdicts if not verdict.good)
        return replace(report, verdicts=tuple(verdicts), held=tuple(dict.fromkeys(held)))


async def _judge(target: BuildTarget, changes: Mapping[str, FileChange], bench: Bench) -> Verdict:
    # Also the old texts are written: the copy lacks a Dockerfile that git ignores.
    old = {path: change.source.data for path, change in changes.items()}
    new = {path: change.after for path, change in changes.items()}
    reuse = _is_fixed(changes[target.dockerfile].source)
    before = await bench.attempt(target, old, how="as it is", reuse=reuse)
    after = await bench.attempt(target, new, how="with the new digests")
    return Verdict(
        target=target,
        after=after.outcome,
        before=before.outcome if isinstance(before.outcome, BuiltImage) else None,
        before_problem=_why_not(before.outcome),
        inspection=after.inspection,
        difference=compare.difference(before.inspection, after.inspection)
        if isinstance(before.inspection, Inspection) and isinstance(after.inspection, Inspection)
        else None,
        files=changed_files(changes),
    )


def changed_files(changes: Mapping[str, FileChange]) -> tuple[ChangedFile, ...]:
    """What a build with these changes, by their paths from the root, is a build of."""
    return tuple(
        ChangedFile(path=path, before=digest_of(change.source.data), after=digest_of(change.after))
        for path, change in sorted(changes.items())
    )


def targets_of(
    dockerfiles: Iterable[str], configured: Iterable[BuildTarget], tree: WorkTree
) -> tuple[BuildTarget, ...]:
    """The configured targets of these Dockerfiles; one that has none is built where it seems to belong."""
    known = tuple(configured)
    targets: list[BuildTarget] = []
    for dockerfile in dockerfiles:
        own = [target for target in known if target.dockerfile == dockerfile]
        targets.extend(own or [BuildTarget(dockerfile=dockerfile, context=_context(dockerfile, tree))])
    return tuple(targets)


def _context(dockerfile: str, tree: WorkTree) -> str:
    """The folder of the Dockerfile; the root, if that has the `.dockerignore`, which belongs to a context."""
    folder = PurePosixPath(dockerfile).parent
    belongs_to_root = tree.has(_IGNORED) and not tree.has(str(folder / _IGNORED))
    return "." if belongs_to_root else str(folder)


def _is_fixed(source: SourceFile) -> bool:
    """Whether a Dockerfile names all its images by digest, so that it means the same whenever it is built."""
    found = scan((source,))
    digests = (occurrence.image and occurrence.image.digest for occurrence in found.occurrences)
    return all(digests) and not found.errors


def _why_not(before: BuiltImage | FailedBuild | PinbotError) -> str | None:
    match before:
        case BuiltImage():
            return None
        case FailedBuild():
            return f"{before.reason} at {before.step or 'an unknown step'}"
        case PinbotError():
            return before.message
