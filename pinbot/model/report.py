"""What came of a run, for the renderers and the exit code."""

from dataclasses import dataclass

from pinbot.errors import PinbotError
from pinbot.model.build import Verdict
from pinbot.model.comparison import Explanation
from pinbot.model.ledger import Ledger
from pinbot.model.plan import FileChange, Plan, Update, updates_within
from pinbot.model.proposal import OwnPull, PullRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateReport:
    """A run of `pin` or `update`.

    Attributes:
        plan: what was found.
        explanations: what changed in the images that move, where that was asked for.
        verdicts: test builds, one for each target that the plan touches; empty where none was asked for.
        held: paths whose change was not made, since their test build or its audit did not pass.
        written: paths that were changed in the working tree.
        pull_requests: what was done on the forge.
        open_pulls: pinbot's own that are open there now.
        learnt: what the forge told, and what was done there, as far as later runs are to know it.
        requests: how many the forge was sent; None where there was no forge.
        errors: what went wrong after planning; the plan has its own.
    """

    plan: Plan
    explanations: tuple[Explanation, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    held: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    pull_requests: tuple[PullRequest, ...] = ()
    open_pulls: tuple[OwnPull, ...] = ()
    learnt: tuple[Ledger, ...] = ()
    requests: int | None = None
    errors: tuple[PinbotError, ...] = ()

    @property
    def all_errors(self) -> tuple[PinbotError, ...]:
        """Those of the plan and those that came after."""
        return self.plan.errors + self.errors

    @property
    def passed(self) -> tuple[FileChange, ...]:
        """The changes that nothing speaks against."""
        return tuple(change for change in self.plan.changes if change.path not in self.held)

    @property
    def passed_explanations(self) -> tuple[Explanation, ...]:
        """Those of the updates that nothing speaks against."""
        passed = {(update.image, update.old.digest, update.new.digest) for update in self.passed_updates}
        return tuple(told for told in self.explanations if (told.image, told.old, told.new) in passed)

    @property
    def passed_updates(self) -> tuple[Update, ...]:
        """The updates with those of their places that are in these changes."""
        return updates_within(self.plan.updates, {change.path for change in self.passed})
