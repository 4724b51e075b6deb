"""What a pull request has beside its commit and its text; where it cannot be had, a note takes its place."""

from collections.abc import Awaitable, Iterator

from pinbot.errors import ForgeError
from pinbot.forge.remote import Pull, Remote
from pinbot.model.proposal import Proposal

CONTEXT = "pinbot/cooldown"
"""Of the commit status that tells whether the digests have been seen for long enough."""

_Step = tuple[str, Awaitable[str | None]]
"""What is not so if it fails, for messages, and what is done; that may give a note, too."""


def wants_extras(proposal: Proposal) -> bool:
    """Whether more is asked for than a pull request with a commit, a title and a body."""
    return bool(
        proposal.labels
        or proposal.reviewers
        or proposal.team_reviewers
        or proposal.assignees
        or proposal.auto_merge
        or proposal.cooldown
    )


class Extras:
    """Labels, reviewers, assignees, the commit status of the cooldown, drafts that are ripe, auto-merge."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def give(
        self, pull: Pull, proposal: Proposal, *, head: str, fresh: bool, waited: bool
    ) -> tuple[str, ...]:
        """Give a pull request all that it is to have; gives what could not be done.

        Args:
            pull: as it was found or opened.
            proposal: what it is to have.
            head: the commit that its branch points to.
            fresh: whether it is new: people are asked once, and what they change afterwards is theirs.
            waited: whether its digests had not been seen for long enough until now.
        """
        notes: list[str] = []
        for failure, step in self._steps(pull, proposal, head=head, fresh=fresh, waited=waited):
            try:
                note = await step
            except ForgeError as problem:
                note = f"{failure}: {problem}"
            if note:
                notes.append(note)
        return tuple(notes)

    def _steps(
        self, pull: Pull, proposal: Proposal, *, head: str, fresh: bool, waited: bool
    ) -> Iterator[_Step]:
        remote = self._remote
        known = {label.casefold() for label in pull.labels}
        if missing := tuple(label for label in proposal.labels if label.casefold() not in known):
            yield f"it could not be labelled {', '.join(missing)}", remote.add_labels(pull.number, missing)
        if fresh and (proposal.reviewers or proposal.team_reviewers):
            names = ", ".join((*proposal.reviewers, *proposal.team_reviewers))
            yield (
                f"{names} could not be asked for a review",
                remote.request_reviews(pull.number, proposal.reviewers, proposal.team_reviewers),
            )
        if fresh and proposal.assignees:
            yield f"it could not be assigned to {', '.join(proposal.assignees)}", self._assign(pull, proposal)
        if proposal.cooldown:
            yield f"its commit has no status {CONTEXT}", self._show_cooldown(proposal, head)
        ready = (fresh or waited) and proposal.ripe is None and not proposal.draft
        if ready and pull.draft:
            yield "it stays a draft", remote.mark_ready(pull)
        if ready and proposal.auto_merge:
            yield "it does not merge by itself", remote.merge_when_ready(pull, proposal.auto_merge)

    async def _assign(self, pull: Pull, proposal: Proposal) -> str:
        has = {name.casefold() for name in await self._remote.add_assignees(pull.number, proposal.assignees)}
        strangers = [name for name in proposal.assignees if name.casefold() not in has]
        return f"{', '.join(strangers)} cannot be assigned in this repository" if strangers else ""

    async def _show_cooldown(self, proposal: Proposal, head: str) -> None:
        if proposal.ripe is None:
            state, description = "success", "The digests have been seen for long enough"
        else:
            state, description = "pending", f"Seen for long enough from {proposal.ripe:%Y-%m-%d %H:%M} UTC on"
        await self._remote.set_status(head, state, context=CONTEXT, description=description)
