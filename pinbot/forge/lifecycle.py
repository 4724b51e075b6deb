"""The life of a pull request: find it, compare, and write only what differs.

Nothing here knows which forge it speaks to; a `Remote` is all that it needs. Every step can be repeated
without harm, so a run that stops anywhere is mended by the next one, and two runs at once end in one pull
request.
"""

from dataclasses import dataclass, replace

from pinbot.errors import ForgeConflict, ForgeError
from pinbot.forge.board import Board
from pinbot.forge.changes import tree_change
from pinbot.forge.closing import Closing
from pinbot.forge.extras import Extras, wants_extras
from pinbot.forge.ownership import Ownership, holds, left_alone, not_ours
from pinbot.forge.remote import HEADS, Commit, Pull, Remote
from pinbot.forge.seal import (
    Seal,
    fingerprint,
    is_unfinished,
    is_waiting,
    mark,
    marked,
    marked_head,
    read_left,
    read_mark,
    read_subjects,
    seal,
    unfinished,
)
from pinbot.model.ledger import Rejection
from pinbot.model.notice import Notice
from pinbot.model.proposal import PREFIX, OwnPull, Proposal, PullRequest, PullRequestAction, Survey

_ATTEMPTS = 3


class PullRequests:
    """The `Forge` of the pipeline, over any `Remote`.

    Args:
        remote: the repository.
        base_head: the commit that the base points to, where that was read a moment ago.
    """

    def __init__(self, remote: Remote, *, base_head: str | None = None) -> None:
        self._remote = remote
        self._base_head = base_head
        self._ownership = Ownership(remote)
        self._closing = Closing(remote, self._ownership)
        self._extras = Extras(remote)
        self._board = Board(remote)

    @property
    def calls(self) -> int:
        """See `Forge.calls`."""
        return self._remote.calls

    async def survey(self, base: str | None) -> Survey:
        """See `Forge.survey`: two requests; one where the head of the base is known, or nothing is open.

        Raises:
            ForgeError: see `propose`.
        """
        found = await self._remote.all_open_pulls()
        own = sorted((_own(pull) for pull in found if pull.branch.startswith(PREFIX)), key=_number)
        if not own:
            return Survey(base=base or "", head="")
        name = base or await self._remote.default_branch()
        into = tuple(pull for pull in own if pull.base == name)
        head = (self._base_head or (await self._head_of_base(name)).sha) if into else ""
        return Survey(base=name, head=head, pulls=into)

    async def find(self, proposal: Proposal, survey: Survey) -> PullRequest | None:
        """See `Forge.find`: no request where the list of pull requests tells it, else one or two.

        Raises:
            ForgeError: see `propose`.
        """
        pull = survey.pull_of(proposal.branch)
        if pull is None:
            return None
        if pull.mark == mark(proposal, base=survey.head, head=pull.head):
            return PullRequest(number=pull.number, url=pull.url, action=PullRequestAction.UNCHANGED)
        if marked_head(pull.mark) == pull.head:
            return None  # nobody but pinbot has moved it
        if read_left(pull.body) == pull.head:
            return left_alone(pull.branch, pull.number, pull.url)
        head = await self._remote.head(proposal.branch)
        if head is None or await self._ownership.may_replace(proposal.branch, head):
            return None
        return await self._leave(pull, head)

    async def rejected(self, branch: str) -> tuple[Rejection, ...]:
        """See `Forge.rejected`.

        Raises:
            ForgeError: see `propose`.
        """
        return await self._closing.rejected(branch)

    async def settle(self, branch: str, number: int) -> tuple[Rejection, ...] | None:
        """See `Forge.settle`.

        Raises:
            ForgeError: see `propose`.
        """
        return await self._closing.settle(branch, number)

    async def close(self, pull: OwnPull, why: str) -> PullRequest:
        """See `Forge.close`.

        Raises:
            ForgeError: see `propose`.
        """
        return await self._closing.close(pull, why)

    async def notice(self, number: int) -> Notice | None:
        """See `Forge.notice`.

        Raises:
            ForgeError: see `propose`.
        """
        return await self._board.find(number)

    async def post(self, notice: Notice | None, body: str) -> Notice:
        """See `Forge.post`.

        Raises:
            ForgeError: see `propose`.
        """
        return await self._board.post(notice, body)

    async def propose(self, proposal: Proposal) -> PullRequest:
        """Make one pull request hold exactly this proposal, as one commit on the head of its base.

        Raises:
            ForgeConflict: the base is not what the plan was made on, or the branch belongs to somebody else.
            ForgeDenied: the token may not do this; the message names the permission.
            ForgeError: the forge could not do it, or could not be asked.
        """
        scene = await self._look(proposal)
        head, moved = scene.head, False
        if head is None or not holds(head, scene.base, proposal):
            if head is not None and not await self._ownership.may_replace(proposal.branch, head):
                return await self._leave_in(proposal, scene)
            commit = await self._commit(proposal, scene.base, scene.base_branch)
            pointed = await self._point(proposal, scene.base, commit)
            if pointed is None:
                return await self._leave_in(proposal, scene)
            scene, moved = replace(scene, at=pointed), True
        return await self._publish(proposal, scene, moved=moved)

    async def _look(self, proposal: Proposal) -> "_Scene":
        """Read all that decides what there is to do."""
        pulls = await self._remote.open_pulls(proposal.branch)
        base_branch = proposal.base or await self._remote.default_branch()
        if proposal.branch == base_branch:
            raise ForgeConflict(
                f"the pull request would go from {base_branch} into itself",
                hint="choose another name for the branch of the pull request",
            )
        base = await self._head_of_base(base_branch)
        head = await self._remote.head(proposal.branch)
        return _Scene(
            base_branch=base_branch,
            base=base,
            head=head,
            at="" if head is None else head.sha,
            pull=_into(base_branch, pulls),
        )

    async def _head_of_base(self, branch: str) -> Commit:
        base = await self._remote.head(branch)
        if base is None:
            raise ForgeConflict(
                f"there is no branch {branch} on the forge",
                hint="push it, or name the branch that pull requests shall go to",
            )
        return base

    async def _commit(self, proposal: Proposal, base: Commit, base_branch: str) -> str:
        """Store the one commit of the proposal, on top of the base."""
        files = tuple(file for file in proposal.files if file.before != file.after)
        if not files:
            raise ForgeConflict(
                "the proposal changes no file", hint="there is nothing to open a pull request for"
            )
        found = await self._remote.entries(base.tree, tuple(file.path for file in files))
        changes = tuple(tree_change(file, found.get(file.path), base_branch) for file in files)
        tree = await self._remote.create_tree(base.tree, changes)
        message = seal(proposal.message, Seal(tree, fingerprint(proposal)))
        return await self._remote.create_commit(message, tree=tree, parent=base.sha)

    async def _point(self, proposal: Proposal, base: Commit, commit: str) -> str | None:
        """Make the branch point to the commit; gives what it points to, None if that is somebody else's work.

        The branch is read once more because GitHub's REST API knows no "move it if it is still there": what
        was pushed while the commit was made must not be overwritten.
        """
        for _ in range(_ATTEMPTS):
            head = await self._remote.head(proposal.branch)
            if head is None:
                done = await self._remote.create_ref(f"{HEADS}{proposal.branch}", commit)
            elif holds(head, base, proposal):
                return head.sha  # another run was faster and did the same
            elif await self._ownership.may_replace(proposal.branch, head):
                done = await self._remote.move_branch(proposal.branch, commit)
            else:
                return None
            if done:
                return commit
        raise ForgeConflict(
            f"the branch {proposal.branch} comes and goes while it is being written",
            hint="another run is at work on it: run again when that one is done",
        )

    async def _publish(self, proposal: Proposal, scene: "_Scene", *, moved: bool) -> PullRequest:
        """Have an open pull request with the proposal's title, body and extras.

        The body is written last, since its mark says that all is done. So one that is to have extras is
        opened with a mark that says the opposite.
        """
        pull, action = scene.pull, PullRequestAction.UPDATED if moved else PullRequestAction.UNCHANGED
        body = marked(proposal.body, mark(proposal, base=scene.base.sha, head=scene.at))
        if pull is None:
            first = unfinished(proposal.body) if wants_extras(proposal) else body
            pull = await self._remote.open_pull(
                proposal.branch,
                scene.base_branch,
                title=proposal.title,
                body=first,
                draft=proposal.draft or proposal.ripe is not None,
            )
            action = PullRequestAction.OPENED
        if pull is None:
            # Another run opened it after this one had looked.
            pull = _into(scene.base_branch, await self._remote.open_pulls(proposal.branch))
            action = PullRequestAction.UPDATED
        if pull is None:
            raise ForgeConflict(
                f"the forge says both that a pull request from {proposal.branch} is open and that none is",
                hint="another run may be at work on it: run again",
            )
        notes = await self._extras.give(
            pull,
            proposal,
            head=scene.at,
            fresh=action is PullRequestAction.OPENED or is_unfinished(pull.body),
            waited=is_waiting(read_mark(pull.body)),
        )
        if (pull.title.strip(), _lines(pull.body)) != (proposal.title.strip(), _lines(body)):
            try:
                await self._remote.edit_pull(pull.number, title=proposal.title, body=body)
            except ForgeError as problem:
                if action is not PullRequestAction.OPENED:
                    raise
                notes = (*notes, f"the next run has to finish it: {problem}")
            action = PullRequestAction.UPDATED if action is PullRequestAction.UNCHANGED else action
        return PullRequest(number=pull.number, url=pull.url, action=action, note="; ".join(notes))

    async def _leave_in(self, proposal: Proposal, scene: "_Scene") -> PullRequest:
        """Leave a branch to people, with or without a pull request."""
        head = await self._remote.head(proposal.branch)
        if scene.pull is None or head is None:
            raise not_ours(proposal.branch)
        return await self._leave(_own(scene.pull), head)

    async def _leave(self, pull: OwnPull, head: Commit) -> PullRequest:
        return await self._ownership.leave(
            pull.branch, number=pull.number, url=pull.url, body=pull.body, head=head.sha
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """How things stand before anything is written; `at` is the commit that the branch points to."""

    base_branch: str
    base: Commit
    head: Commit | None
    at: str
    pull: Pull | None


def _into(base: str, pulls: tuple[Pull, ...]) -> Pull | None:
    return next((pull for pull in pulls if pull.base == base), None)


def _lines(text: str) -> list[str]:
    """The text without its line ends and outer blanks, which forges do not keep."""
    return text.strip().splitlines()


def _number(pull: OwnPull) -> int:
    return pull.number


def _own(pull: Pull) -> OwnPull:
    return OwnPull(
        number=pull.number,
        url=pull.url,
        branch=pull.branch,
        base=pull.base,
        head=pull.head,
        mark=read_mark(pull.body),
        body=pull.body,
        subjects=read_subjects(pull.body),
    )
