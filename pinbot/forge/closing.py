"""The end of a pull request: closed by pinbot, turned down by people, or merged."""

from contextlib import suppress

from pinbot.errors import ForgeConflict, ForgeDenied
from pinbot.forge.ownership import OTHERS, Ownership
from pinbot.forge.remote import Pull, Remote
from pinbot.forge.seal import read_mark, read_subjects, without_subjects
from pinbot.model.ledger import Rejection
from pinbot.model.proposal import OwnPull, PullRequest, PullRequestAction


class Closing:
    """Closes pull requests, and sees to what is left of those that are closed."""

    def __init__(self, remote: Remote, ownership: Ownership) -> None:
        self._remote = remote
        self._ownership = ownership

    async def close(self, pull: OwnPull, why: str) -> PullRequest:
        """See `Forge.close`. A run that is killed on the way leaves at worst a comment too many.

        The branch goes last; `settle` sees to it where that did not happen.
        """
        head = await self._remote.head(pull.branch)
        if head is not None and not await self._ownership.may_replace(pull.branch, head):
            note = f"nothing asks for it any more, but its branch {OTHERS}: close it if they are not needed"
            return PullRequest(
                number=pull.number, url=pull.url, action=PullRequestAction.LEFT_ALONE, note=note
            )
        await self._remote.comment(pull.number, why)
        await self._remote.close_pull(pull.number, body=without_subjects(pull.body))
        await self._remote.delete_branch(pull.branch)
        return PullRequest(number=pull.number, url=pull.url, action=PullRequestAction.CLOSED)

    async def rejected(self, branch: str) -> tuple[Rejection, ...]:
        """See `Forge.rejected`: one request. What pinbot closes itself no longer says what it moved."""
        closed = await self._remote.closed_pulls(branch)
        return tuple(one for pull in closed if not pull.merged for one in _rejections(pull))

    async def settle(self, branch: str, number: int) -> tuple[Rejection, ...] | None:
        """See `Forge.settle`: one request, and up to three more to delete the branch of a merged one."""
        closed = await self._remote.closed_pulls(branch)
        pull = next((one for one in closed if one.number == number), None)
        if pull is None:
            return None
        rejections = () if pull.merged else _rejections(pull)
        if not pull.merged and (rejections or not read_mark(pull.body)):
            return rejections  # people closed it, and may open it again
        head = await self._remote.head(branch)
        if head is not None and head.sha == pull.head and not await self._remote.open_pulls(branch):
            with suppress(ForgeDenied, ForgeConflict):  # a rule of the repository may protect it
                await self._remote.delete_branch(branch)
        return ()


def _rejections(pull: Pull) -> tuple[Rejection, ...]:
    return tuple(
        Rejection(image=subject.image, digest=subject.digest, number=pull.number, tag=subject.tag)
        for subject in read_subjects(pull.body)
    )
