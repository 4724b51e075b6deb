"""A plan and its verdicts to a pull request."""

from pinbot.model.plan import Update, UpdateKind
from pinbot.model.proposal import Proposal, ProposedFile
from pinbot.model.report import UpdateReport
from pinbot.render import markdown
from pinbot.worktree.tree import Tree

BRANCH = "pinbot/images"


def proposal_of(report: UpdateReport, *, tree: Tree, base: str | None, labels: tuple[str, ...]) -> Proposal:
    """The one pull request that makes the changes which nothing speaks against."""
    title = title_of(report.passed_updates)
    return Proposal(
        branch=BRANCH,
        base=base,
        title=title,
        body=markdown.pull_request_body(report, naming=tree.name),
        message=title,
        files=tuple(
            ProposedFile(path=tree.relative(change.path), before=change.source.data, after=change.after)
            for change in report.passed
        ),
        labels=labels,
    )


def title_of(updates: tuple[Update, ...]) -> str:
    """One line that names the image, or counts them."""
    match updates:
        case [one]:
            verb = "Pin" if one.kind is UpdateKind.PIN else "Update"
            return f"{verb} {one.image.familiar} to {one.new.digest.short if one.new.digest else one.new.tag}"
        case _:
            pins = sum(update.kind is UpdateKind.PIN for update in updates)
            moves = len(updates) - pins
            counts = [(pins, "Pin"), (moves, "Update")]
            words = [f"{verb} {count}" for count, verb in counts if count]
            return f"{' and '.join(words)} base images".replace(" and Update", " and update")
