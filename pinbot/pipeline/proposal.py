"""A group of updates as one pull request: what it changes, what it says, and what goes with it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pinbot.model.plan import Update, UpdateKind
from pinbot.model.proposal import Proposal, ProposedFile, Subject
from pinbot.model.proposing import PullRequestSettings
from pinbot.model.report import UpdateReport
from pinbot.model.treatment import CooldownMode, Treatment
from pinbot.pipeline.grouping import Group
from pinbot.ports.building import WorkTree
from pinbot.render import markdown

_LONGEST_NAME = 100
"""Characters of an image that a title shows; GitHub takes 256 in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What pull requests are made by.

    Attributes:
        settings: what the configuration says.
        base: the branch that they go to; None for the default one.
        labels: beside those of the settings.
        whole: whether the run looked at every image of the repository, so that a pull request which it
            does not ask for is asked for by nothing.
    """

    settings: PullRequestSettings = field(default_factory=PullRequestSettings)
    base: str | None = None
    labels: tuple[str, ...] = ()
    whole: bool = True


def proposal_of(part: UpdateReport, group: Group, terms: Terms, tree: WorkTree) -> Proposal:
    """The one pull request that makes the changes which nothing speaks against."""
    settings, updates = terms.settings, part.passed_updates
    title = settings.titled(title_of(updates))
    treatments = [update.treatment for update in group.updates]
    ripe = [update.ripe for update in updates if update.ripe is not None]
    return Proposal(
        branch=group.branch,
        base=terms.base,
        title=title,
        body=markdown.pull_request_body(part, naming=tree.name),
        message=title,
        files=tuple(
            ProposedFile(path=tree.relative(change.path), before=change.source.data, after=change.after)
            for change in part.passed
        ),
        subjects=subjects_of(updates),
        labels=_together(settings.labels, terms.labels, *(one.labels for one in treatments)),
        reviewers=_together(settings.reviewers, *(one.reviewers for one in treatments)),
        team_reviewers=settings.team_reviewers,
        assignees=settings.assignees,
        draft=settings.draft,
        auto_merge=settings.auto_merge,
        cooldown=any(_warns(treatment) for treatment in treatments),
        ripe=max(ripe, default=None),
    )


def title_of(updates: tuple[Update, ...]) -> str:
    """One line that names the image, or counts them."""
    match updates:
        case [one]:
            verb = {UpdateKind.PIN: "Pin", UpdateKind.REPAIR: "Repair"}.get(one.kind, "Update")
            new = one.new_tag or (one.new.digest.short if one.new.digest else "latest")
            return f"{verb} {one.image.familiar[:_LONGEST_NAME]} to {new}"
        case _:
            pins = sum(update.kind is UpdateKind.PIN for update in updates)
            moves = len(updates) - pins
            counts = [(pins, "Pin"), (moves, "Update")]
            words = [f"{verb} {count}" for count, verb in counts if count]
            return f"{' and '.join(words)} base images".replace(" and Update", " and update")


def subjects_of(updates: Iterable[Update]) -> tuple[Subject, ...]:
    """What the updates are about, each once."""
    found = (
        Subject(image=str(update.image), digest=update.new.digest, tag=update.new_tag)
        for update in updates
        if update.new.digest is not None
    )
    return tuple(dict.fromkeys(found))


def _warns(treatment: Treatment) -> bool:
    return treatment.cooldown > 0 and treatment.cooldown_mode is CooldownMode.WARN


def _together(*names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in names for name in some))
