"""Whose a branch is: pinbot's, or that of people who committed to it."""

from pinbot.errors import ForgeConflict
from pinbot.forge.remote import Commit, Remote
from pinbot.forge.seal import Seal, fingerprint, left, read_left, read_seal
from pinbot.model.proposal import Proposal, PullRequest, PullRequestAction

OTHERS = "holds commits that pinbot did not make"

_TOLD = "<!-- pinbot-told: others -->"
_TELLING = (
    "This branch holds commits that pinbot did not make, so pinbot leaves it to you: it is not rebuilt when "
    "a digest or the base branch moves. Merge or close this pull request when you are done; or take your "
    f"commits off the branch again, and pinbot goes on with it.\n\n{_TOLD}"
)


def is_own(commit: Commit) -> bool:
    """Whether the commit was made here and is still as it was made."""
    found = read_seal(commit.message)
    return found is not None and found.tree == commit.tree and len(commit.parents) == 1


def holds(commit: Commit, base: Commit, proposal: Proposal) -> bool:
    """Whether the commit is the one that this proposal asks for on this base."""
    return (
        is_own(commit)
        and commit.parents == (base.sha,)
        and read_seal(commit.message) == Seal(commit.tree, fingerprint(proposal))
    )


class Ownership:
    """Looks whose branches are, and tells it once on a pull request that is left to people."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def may_replace(self, branch: str, head: Commit) -> bool:
        """Whether nothing of anybody is lost when the branch moves away from `head`."""
        return is_own(head) or any(
            pull.merged and pull.head == head.sha for pull in await self._remote.closed_pulls(branch)
        )

    async def leave(self, branch: str, *, number: int, url: str, body: str, head: str) -> PullRequest:
        """Leave a pull request to people: say so there, the first time, and remember at which commit it was.

        A run that is killed on the way does not say it twice.
        """
        before = read_left(body)
        if not before and not any(_TOLD in said for said in await self._remote.comments(number)):
            await self._remote.comment(number, _TELLING)
        if before != head:
            await self._remote.edit_pull(number, body=left(body, head))
        return left_alone(branch, number, url)


def left_alone(branch: str, number: int, url: str) -> PullRequest:
    """What the user is told of it."""
    note = f"the branch {branch} {OTHERS}; merge or close it, or take them off the branch"
    return PullRequest(number=number, url=url, action=PullRequestAction.LEFT_ALONE, note=note)


def not_ours(branch: str) -> ForgeConflict:
    """The error where a branch is somebody else's and there is no pull request to say so on."""
    return ForgeConflict(f"the branch {branch} {OTHERS}", hint="delete or rename that branch, and run again")
