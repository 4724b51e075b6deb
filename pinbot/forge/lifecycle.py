"""The life of a pull request: find it, compare, and write only what differs.

Nothing here knows which forge it speaks to; a `Remote` is all that it needs. Every step can be repeated
without harm, so a run that stops anywhere is mended by the next one, and two runs at once end in one pull
request.
"""

from dataclasses import dataclass

from pinbot.errors import ForgeConflict, ForgeError
from pinbot.forge.remote import Commit, OpenPull, Remote, TreeChange, TreeEntry
from pinbot.forge.seal import Seal, blob_id, fingerprint, mark, marked, read_seal, seal
from pinbot.model.proposal import Proposal, ProposedFile, PullRequest, PullRequestAction

_ATTEMPTS = 3
_LINK = "120000"
_REGULAR = frozenset({"100644", "100755"})


class PullRequests:
    """The `Forge` of the pipeline, over any `Remote`."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def find(self, proposal: Proposal) -> PullRequest | None:
        """The open pull request that makes the changes of this proposal already; None if there is none.

        Title and body are not compared, for they may tell what another run found out on the way; but the body
        must have been written for this proposal.

        Raises:
            ForgeError: see `propose`.
        """
        scene = await self._look(proposal)
        if scene.pull is None or scene.head is None or not _holds(scene.head, scene.base, proposal):
            return None
        if mark(proposal) not in scene.pull.body:
            return None
        return PullRequest(number=scene.pull.number, url=scene.pull.url, action=PullRequestAction.UNCHANGED)

    async def propose(self, proposal: Proposal) -> PullRequest:
        """Make one pull request hold exactly this proposal, as one commit on the head of its base.

        Raises:
            ForgeConflict: the base is not what the plan was made on, or the branch belongs to somebody else.
            ForgeDenied: the token may not do this; the message names the permission.
            ForgeError: the forge could not do it, or could not be asked.
        """
        scene = await self._look(proposal)
        moved = False
        if scene.head is None or not _holds(scene.head, scene.base, proposal):
            if scene.head is not None and not await self._may_replace(proposal.branch, scene.head):
                return _left_alone(proposal, scene.pull)
            commit = await self._commit(proposal, scene.base, scene.base_branch)
            if not await self._point(proposal, scene.base, commit):
                return _left_alone(proposal, scene.pull)
            moved = True
        return await self._publish(proposal, scene.base_branch, scene.pull, moved=moved)

    async def _look(self, proposal: Proposal) -> "_Scene":
        """Read all that decides what there is to do."""
        pulls = await self._remote.open_pulls(proposal.branch)
        base_branch = proposal.base or await self._remote.default_branch()
        if proposal.branch == base_branch:
            raise ForgeConflict(
                f"the pull request would go from {base_branch} into itself",
                hint="choose another name for the branch of the pull request",
            )
        base = await self._remote.head(base_branch)
        if base is None:
            raise ForgeConflict(
                f"there is no branch {base_branch} on the forge",
                hint="push it, or name the branch that pull requests shall go to",
            )
        head = await self._remote.head(proposal.branch)
        return _Scene(base_branch=base_branch, base=base, head=head, pull=_into(base_branch, pulls))

    async def _may_replace(self, branch: str, head: Commit) -> bool:
        """Whether nothing of anybody is lost when the branch moves away from `head`."""
        return _is_own(head) or await self._remote.was_merged(branch, head.sha)

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

    async def _point(self, proposal: Proposal, base: Commit, commit: str) -> bool:
        """Make the branch point to the commit; False if somebody else's work stands there now.

        The branch is read once more because GitHub's REST API knows no "move it if it is still there": what
        was pushed while the commit was made must not be overwritten.
        """
        for _ in range(_ATTEMPTS):
            head = await self._remote.head(proposal.branch)
            if head is None:
                done = await self._remote.create_branch(proposal.branch, commit)
            elif _holds(head, base, proposal):
                done = True  # another run was faster and did the same
            elif await self._may_replace(proposal.branch, head):
                done = await self._remote.move_branch(proposal.branch, commit)
            else:
                return False
            if done:
                return True
        raise ForgeConflict(
            f"the branch {proposal.branch} comes and goes while it is being written",
            hint="another run is at work on it: run again when that one is done",
        )

    async def _publish(
        self, proposal: Proposal, base_branch: str, pull: OpenPull | None, *, moved: bool
    ) -> PullRequest:
        """Have an open pull request with the proposal's title, body and labels."""
        action = PullRequestAction.UPDATED if moved else PullRequestAction.UNCHANGED
        body = marked(proposal.body, proposal)
        if pull is None:
            pull = await self._remote.open_pull(proposal.branch, base_branch, title=proposal.title, body=body)
            action = PullRequestAction.OPENED
        if pull is None:
            # Another run opened it after this one had looked.
            pull = _into(base_branch, await self._remote.open_pulls(proposal.branch))
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
    """How things stand before anything is written."""

    base_branch: str
    base: Commit
    head: Commit | None
    pull: OpenPull | None


def _into(base: str, pulls: tuple[OpenPull, ...]) -> OpenPull | None:
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


def _left_alone(proposal: Proposal, pull: OpenPull | None) -> PullRequest:
    """What to say when the branch holds what somebody else made."""
    others = f"the branch {proposal.branch} holds commits that pinbot did not make"
    if pull is None:
        raise ForgeConflict(others, hint="delete or rename that branch, and run again")
    return PullRequest(
        number=pull.number,
        url=pull.url,
        action=PullRequestAction.LEFT_ALONE,
        note=f"{others}; merge it, or delete the branch to have a new pull request",
    )


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
