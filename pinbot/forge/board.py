"""The issue that is the dashboard: found again by its number, or by a mark that an insider made."""

from pinbot.forge.remote import Issue, Remote
from pinbot.model.notice import Notice

TITLE = "pinbot: base images"
MARK = "<!-- pinbot-dashboard -->"


class Board:
    """One issue, made when it is missing."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def find(self, number: int) -> Notice | None:
        """See `Forge.notice`: one request where the number is known, else one more.

        Anybody can open an issue with the mark, and tick in it what they like. So the mark counts only where
        a bot, or somebody who works on the repository, opened the issue; of several the oldest.
        """
        known = await self._remote.issue(number) if number else None
        if known is not None and known.trusted and MARK in known.body:
            return _notice(known)
        found = [one for one in await self._remote.issues() if one.trusted and MARK in one.body]
        return _notice(found[-1]) if found else None

    async def post(self, notice: Notice | None, body: str) -> Notice:
        """See `Forge.post`: no request where it says that already, else one; three to make it.

        Two runs may make one at the same time; so who made it looks again, and the oldest one stays.
        """
        text = f"{body.rstrip()}\n\n{MARK}\n"
        if notice is None:
            made = _notice(await self._remote.open_issue(title=TITLE, body=text))
            oldest = await self.find(0) or made
            if oldest.number != made.number:
                await self._remote.edit_issue(made.number, body=f"See {oldest.url}.", closed=True)
            return oldest
        if text.strip().splitlines() != notice.body.strip().splitlines():
            await self._remote.edit_issue(notice.number, body=text)
        return Notice(number=notice.number, url=notice.url, body=text)


def _notice(issue: Issue) -> Notice:
    return Notice(number=issue.number, url=issue.url, body=issue.body)
