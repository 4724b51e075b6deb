"""Pull requests on GitHub."""

from collections.abc import Mapping
from typing import Any

from pinbot.errors import ForgeError
from pinbot.forge.github.asking import (
    MOST_PAGES,
    PAGE,
    PULLS_READ,
    PULLS_WRITE,
    WRITE,
    Asking,
    items,
    sha,
    text,
)
from pinbot.forge.github.connection import Answer
from pinbot.forge.remote import Pull
from pinbot.model.proposing import MergeMethod


class Pulls(Asking):
    """See `remote.Pulls`."""

    async def all_open_pulls(self) -> tuple[Pull, ...]:
        """See `Remote`. One request for each hundred of them, other people's included."""
        pulls: list[Pull] = []
        for page in range(1, MOST_PAGES + 1):
            found, complete = await self._ask(
                "GET",
                "/pulls",
                _own_pulls,
                query={"state": "open", "per_page": str(PAGE), "page": str(page)},
                doing="list the pull requests of",
                needs=PULLS_READ,
            )
            pulls += self._noted(found)
            if complete:
                break
        return tuple(pulls)

    async def open_pulls(self, branch: str) -> tuple[Pull, ...]:
        """See `Remote`. One request: a branch has one pull request for each base, never more than a page."""
        return self._noted(await self._pulls(branch, "open"))

    async def closed_pulls(self, branch: str) -> tuple[Pull, ...]:
        """See `Remote`. One request, for the newest hundred of them."""
        return self._noted(await self._pulls(branch, "closed"))

    async def _pulls(self, branch: str, state: str) -> list[tuple[Pull, str]]:
        found, _ = await self._ask(
            "GET",
            "/pulls",
            _own_pulls,
            query={"state": state, "head": f"{self._owner}:{branch}", "per_page": str(PAGE)},
            doing="list the pull requests of",
            needs=PULLS_READ,
        )
        return [(pull, default) for pull, default in found if pull.branch == branch]

    def _noted(self, found: list[tuple[Pull, str]]) -> tuple[Pull, ...]:
        """The pull requests; what they tell of the default branch on the way needs no request of its own."""
        for _, default_branch in found:
            self._default_branch = default_branch
        return tuple(pull for pull, _ in found)

    async def open_pull(self, branch: str, base: str, *, title: str, body: str, draft: bool) -> Pull | None:
        """See `Remote`. One request, and one more where the repository knows no drafts."""
        wanted = {"head": branch, "base": base, "title": title, "body": body}
        try:
            return await self._open_pull(branch, {**wanted, "draft": draft} if draft else wanted)
        except ForgeError as error:
            if not draft or "raft pull requests are not supported" not in error.message:
                raise
            return await self._open_pull(branch, wanted)

    async def _open_pull(self, branch: str, wanted: Mapping[str, Any]) -> Pull | None:
        return await self._ask(
            "POST",
            "/pulls",
            _pull,
            body=wanted,
            doing=f"open a pull request from {branch} in",
            needs=PULLS_WRITE,
            expected={(422, "A pull request already exists"): None},
        )

    async def close_pull(self, number: int, *, body: str) -> None:
        """See `Remote`. One request."""
        await self._ask(
            "PATCH",
            f"/pulls/{number}",
            _pull,
            body={"state": "closed", "body": body},
            doing=f"close pull request #{number} of",
            needs=PULLS_WRITE,
        )

    async def request_reviews(self, number: int, people: tuple[str, ...], teams: tuple[str, ...]) -> None:
        """See `Remote`. One request."""
        await self._ask(
            "POST",
            f"/pulls/{number}/requested_reviewers",
            _pull,
            body={"reviewers": list(people), "team_reviewers": list(teams)},
            doing=f"ask for reviews of pull request #{number} of",
            needs=PULLS_WRITE,
        )

    async def merge_when_ready(self, pull: Pull, method: MergeMethod) -> None:
        """See `Remote`. One request."""
        await self._mutate(
            "enablePullRequestAutoMerge",
            {"pullRequestId": pull.node, "mergeMethod": method.upper()},
            doing=f"have pull request #{pull.number} merged when it is ready in",
            needs=f"{PULLS_WRITE}, {WRITE}",
        )

    async def mark_ready(self, pull: Pull) -> None:
        """See `Remote`. One request."""
        await self._mutate(
            "markPullRequestReadyForReview",
            {"pullRequestId": pull.node},
            doing=f"make a pull request of the draft #{pull.number} of",
            needs=PULLS_WRITE,
        )

    async def edit_pull(self, number: int, *, body: str, title: str | None = None) -> None:
        """See `Remote`. One request."""
        await self._ask(
            "PATCH",
            f"/pulls/{number}",
            _pull,
            body={"body": body} if title is None else {"title": title, "body": body},
            doing=f"edit pull request #{number} of",
            needs=PULLS_WRITE,
        )


def _own_pulls(data: Answer) -> tuple[list[tuple[Pull, str]], bool]:
    """Those of a page that come from branches of the repository, each with its default branch.

    Also whether it is the last page.
    """
    pulls = items(data)
    own = [(_pull(pull), text(pull["base"]["repo"]["default_branch"])) for pull in pulls if _is_own(pull)]
    return own, len(pulls) < PAGE


def _is_own(pull: Answer) -> bool:
    """Whether a pull request comes from a branch of its own repository, and not of a fork."""
    head, base = pull["head"], pull["base"]
    return head["repo"] is not None and head["repo"]["id"] == base["repo"]["id"]


def _pull(data: Answer) -> Pull:
    return Pull(
        number=int(data["number"]),
        url=text(data["html_url"]),
        branch=text(data["head"]["ref"]),
        head=sha(data["head"]),
        base=text(data["base"]["ref"]),
        title=text(data["title"]),
        body=text(data["body"] or ""),
        labels=tuple(text(label["name"]) for label in items(data["labels"])),
        assignees=tuple(text(user["login"]) for user in items(data["assignees"])),
        node=text(data["node_id"]),
        draft=bool(data.get("draft", False)),
        merged=bool(data["merged_at"]),
    )
