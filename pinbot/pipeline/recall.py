"""Verdicts of an earlier job in the place of test builds.

They are that job's word, and whoever got out of one of its builds could have written them. So they are looked
up by what is to be proposed here, never the other way round: a verdict can let a change pass, hold it, or be
about something else, and nothing more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pinbot.model.build import BuildTarget, ChangedFile, Verdict
from pinbot.model.plan import Wait, updates_within
from pinbot.model.report import UpdateReport
from pinbot.pipeline.parts import postponed
from pinbot.pipeline.verify import changed_files, targets_of
from pinbot.ports.building import WorkTree
from pinbot.ports.machine import Progress

MOVED = "was not built: it moved, or its file changed, since the job that builds looked at it"
UNKNOWN = "was not built: the job that builds brought no verdict on it"


class Recall:
    """Answers as a `Verifier` would that had built what an earlier job did.

    Args:
        verdicts: what that job said.
        targets: the configured build targets, as for the `Verifier`.
    """

    def __init__(self, verdicts: Iterable[Verdict], *, targets: tuple[BuildTarget, ...] = ()) -> None:
        self._targets = targets
        self._known: dict[BuildTarget, list[Verdict]] = {}
        for verdict in verdicts:
            self._known.setdefault(verdict.target, []).append(replace(verdict, earlier=True))

    async def verify(self, report: UpdateReport, tree: WorkTree, progress: Progress) -> UpdateReport:
        """See `Verifying.verify`.

        Each Dockerfile stands for itself, as with builds here: what nobody built waits for the next run, and
        keeps no other.
        """
        del progress  # there is none to tell: nothing takes time
        changes = {tree.relative(change.path): change for change in report.plan.changes}
        files = {file.path: file for file in changed_files(changes)}
        verdicts: list[Verdict] = []
        held: list[str] = []
        unknown: dict[str, list[str]] = {}
        for path, change in changes.items():
            answers = [self._answer(one, files) for one in targets_of((path,), self._targets, tree)]
            known = [answer for answer in answers if isinstance(answer, Verdict)]
            missing = [answer for answer in answers if isinstance(answer, str)]
            if not all(verdict.good for verdict in known):
                held.append(change.path)
            elif missing:
                unknown.setdefault(missing[0], []).append(change.path)
                continue
            verdicts += known
        waits = tuple(
            Wait(update=update, reason=reason)
            for reason, paths in unknown.items()
            for update in updates_within(report.plan.updates, paths)
        )
        return postponed(replace(report, verdicts=tuple(verdicts), held=tuple(held)), waits)

    def _answer(self, target: BuildTarget, files: Mapping[str, ChangedFile]) -> Verdict | str:
        """The verdict on this very change, or why there is none; of several the worst counts."""
        known = self._known.get(target)
        if known is None:
            return UNKNOWN
        fitting = [verdict for verdict in known if _is_about(verdict, target, files)]
        return min(fitting, key=lambda verdict: verdict.good, default=MOVED)


def _is_about(verdict: Verdict, target: BuildTarget, files: Mapping[str, ChangedFile]) -> bool:
    """Whether the Dockerfile was built as it is to be, in a tree that was as it is.

    Another file that is to become something else than it was in that build answers for itself: where nobody
    built it so, it stays as it is.
    """
    same_tree = all(files[one.path].before == one.before for one in verdict.files if one.path in files)
    return same_tree and files[target.dockerfile] in verdict.files
