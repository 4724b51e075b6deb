"""The life of a pull request: find it, compare, and write only what differs.

Nothing here knows which forge it speaks to; a `Remote` is all that it needs. Every step can be repeated
without harm, so a run that stops anywhere is mended by the next one, and two runs at once end in one pull
request.
"""

from dataclasses import dataclass, replace

from pinbot.errors import ForgeConflict, ForgeError
from pinbot.forge.remote import Commit, Pull, Remote, TreeChange, TreeEntry
from pinbot.forge.seal import (
    Seal,
    blob_id,
    fingerprint,
    mark,
    marked,
    read_mark,
    read_seal,
    read_subjects,
    seal,
    without_subjects,
)
from pinbot.model.ledger import Rejection
from pinbot.model.proposal import (
    PREFIX,
    OwnPull,
    Proposal,
    ProposedFile,
    PullRequest,
    PullRequestAction,
    Survey,
)

_ATTEMPTS = 3
_OTHERS = "holds commits that pinbot did not make"
_LINK = "120000"
_REGULAR = frozenset({"100644", "100755"})


class PullRequests:
    """The `Forge` of the pipeline, over any `Remote`."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def survey(self, base: str | None) -> Survey:
        """See `Forge.survey`: two requests, or one more where nobody has a pull request open.

        Raises:
            ForgeError: see `propose`.
        """
        pulls = await self._remote.all_open_pulls()
        name = base or await self._remote.default_branch()
        head = await self._head_of_base(name)
        own = [_own(pull) for pull in pulls if pull.branch.startswith(PREFIX) and pull.base == name]
        return Survey(base=name, head=head.sha, pulls=tuple(sorted(own, key=lambda pull: pull.number)))

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
        if pull.mark.endswith(f" {pull.head}"):
            return None  # nobody but pinbot has moved it
        head = await self._remote.head(proposal.branch)
        if head is None or await self._may_replace(proposal.branch, head):
            return None
        return _left_alone(proposal, pull.number, pull.url)

    async def rejected(self, branch: str) -> tuple[Rejection, ...]:
        """See `Forge.rejected`: one request. What pinbot closes itself no longer says what it moved.

        Raises:
            ForgeError: see `propose`.
        """
        return tuple(
            Rejection(image=subject.image, digest=subject.digest, number=pull.number)
            for pull in await self._remote.closed_pulls(branch)
            if not pull.merged
            for subject in read_subjects(pull.body)
        )

    async def close(self, pull: OwnPull, why: str) -> PullRequest:
        """See `Forge.close`. A run that is killed on the way leaves at worst a comment too many.

        Raises:
            ForgeError: see `propose`.
        """
        head = await self._remote.head(pull.branch)
        if head is not None and not await self._may_replace(pull.branch, head):
            note = f"nothing asks for it any more, but its branch {_OTHERS}: close it if they are not needed"
            return PullRequest(
                number=pull.number, url=pull.url, action=PullRequestAction.LEFT_ALONE, note=note
            )
        await self._remote.comment(pull.number, why)
        await self._remote.close_pull(pull.number, body=without_subjects(pull.body))
        await self._remote.delete_branch(pull.branch)
        return PullRequest(number=pull.number, url=pull.url, action=PullRequestAction.CLOSED)

    async def propose(self, proposal: Proposal) -> PullRequest:
        """Make one pull request hold exactly this proposal, as one commit on the head of its base.

        Raises:
            ForgeConflict: the base is not what the plan was made on, or the branch belongs to somebody else.
            ForgeDenied: the token may not do this; the message names the permission.
            ForgeError: the forge could not do it, or could not be asked.
        """
        scene = await self._look(proposal)
        head, moved = scene.head, False
        if head is None or not _holds(head, scene.base, proposal):
            if head is not None and not await self._may_replace(proposal.branch, head):
                return _left_alone_in(proposal, scene.pull)
            commit = await self._commit(proposal, scene.base, scene.base_branch)
            pointed = await self._point(proposal, scene.base, commit)
            if pointed is None:
                return _left_alone_in(proposal, scene.pull)
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

    async def _may_replace(self, branch: str, head: Commit) -> bool:
        """Whether nothing of anybody is lost when the branch moves away from `head`."""
        return _is_own(head) or any(
            pull.merged and pull.head == head.sha for pull in await self._remote.closed_pulls(branch)
        )

    async def _commit(self, proposal: Proposal, base: Commit, base_branch: str) -> str:
        """Store the one commit of the proposal, on top of the base."""
        files = tuple(file for file in proposal.files if file.before != file.after)
        if not files:
            raise ForgeConflict(
                "the proposal changes no file", hint="there is nothing to open a pull request for"
            )
        found = await self._remote.entries(base.tree, tuple(file.path for file in files))
        changes = tuple(_change(file, found.get(file.path), base_branch) for file in files)
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
                done = await self._remote.create_branch(proposal.branch, commit)
            elif _holds(head, base, proposal):
                return head.sha  # another run was faster and did the same
            elif await self._may_replace(proposal.branch, head):
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
        """Have an open pull request with the proposal's title, body and labels."""
        pull, action = scene.pull, PullRequestAction.UPDATED if moved else PullRequestAction.UNCHANGED
        body = marked(proposal.body, mark(proposal, base=scene.base.sha, head=scene.at))
        if pull is None:
            pull = await self._remote.open_pull(
                proposal.branch, scene.base_branch, title=proposal.title, body=body, draft=proposal.draft
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
        if (pull.title.strip(), _lines(pull.body)) != (proposal.title.strip(), _lines(body)):
            await self._remote.edit_pull(pull.number, title=proposal.title, body=body)
            action = PullRequestAction.UPDATED if action is PullRequestAction.UNCHANGED else action
        note = ""
        known = {label.casefold() for label in pull.labels}
        if missing := tuple(label for label in proposal.labels if label.casefold() not in known):
            try:
                await self._remote.add_labels(pull.number, missing)
            except ForgeError as problem:  # a label is never worth the pull request
                note = f"it could not be labelled {', '.join(missing)}: {problem}"
        return PullRequest(number=pull.number, url=pull.url, action=action, note=note)


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


def _is_own(commit: Commit) -> bool:
    """Whether the commit was made here and is still as it was made."""
    found = read_seal(commit.message)
    return found is not None and found.tree == commit.tree and len(commit.parents) == 1


def _holds(commit: Commit, base: Commit, proposal: Proposal) -> bool:
    """Whether the commit is the one that this proposal asks for on this base."""
    return (
        _is_own(commit)
        and commit.parents == (base.sha,)
        and read_seal(commit.message) == Seal(commit.tree, fingerprint(proposal))
    )


def _lines(text: str) -> list[str]:
    """The text without its line ends and outer blanks, which forges do not keep."""
    return text.strip().splitlines()


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


def _left_alone_in(proposal: Proposal, pull: Pull | None) -> PullRequest:
    """What to say when the branch holds what somebody else made, with or without a pull request."""
    if pull is None:
        raise ForgeConflict(
            f"the branch {proposal.branch} {_OTHERS}", hint="delete or rename that branch, and run again"
        )
    return _left_alone(proposal, pull.number, pull.url)


def _left_alone(proposal: Proposal, number: int, url: str) -> PullRequest:
    note = (
        f"the branch {proposal.branch} {_OTHERS}; merge it, or delete the branch to have a new pull request"
    )
    return PullRequest(number=number, url=url, action=PullRequestAction.LEFT_ALONE, note=note)


def _change(file: ProposedFile, found: TreeEntry | None, base_branch: str) -> TreeChange:
    """The change to one file, once it is certain that the base holds what the plan was made on."""
    if found is None:
        raise ForgeConflict(
            f"there is no such file on {base_branch}",
            hint=f"commit and push it to {base_branch} first",
            file=file.path,
        )
    if found.mode == _LINK:
        raise ForgeConflict(
            f"the file is a symbolic link on {base_branch}",
            hint="name the file that it points to",
            file=file.path,
        )
    if found.mode not in _REGULAR:
        raise ForgeConflict(
            f"what stands there on {base_branch} is no file (its mode is {found.mode})",
            hint="a submodule is updated in its own repository",
            file=file.path,
        )
    if found.sha != blob_id(file.before):
        only_line_ends = found.sha == blob_id(file.before.replace(b"\r\n", b"\n"))
        raise ForgeConflict(
            f"the file is not what it is on {base_branch}"
            + (": its line ends were changed when it was checked out" if only_line_ends else ""),
            hint="check it out with core.autocrlf=false"
            if only_line_ends
            else f"check out {base_branch} as it is now, or push the changes to it that are only here",
            file=file.path,
        )
    return TreeChange(path=file.path, mode=found.mode, data=file.after)
