"""Comments, labels and issues on GitHub; a pull request is an issue, too."""

from pinbot.forge.github.asking import (
    ISSUES_READ,
    ISSUES_WRITE,
    PAGE,
    PULLS_READ,
    PULLS_WRITE,
    STATUSES_WRITE,
    Asking,
    items,
    text,
)
from pinbot.forge.github.connection import Answer
from pinbot.forge.remote import Issue

_INSIDERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


class Issues(Asking):
    """See `remote.Issues`."""

    async def comment(self, number: int, text: str) -> None:
        """See `Remote`. One request."""
        await self._ask(
            "POST",
            f"/issues/{number}/comments",
            lambda data: int(data["id"]),
            body={"body": text},
            doing=f"comment on pull request #{number} of",
            needs=PULLS_WRITE,
        )

    async def add_labels(self, number: int, labels: tuple[str, ...]) -> None:
        """See `Remote`. One request: GitHub creates labels that it does not know."""
        await self._ask(
            "POST",
            f"/issues/{number}/labels",
            lambda data: [text(label["name"]) for label in items(data)],
            body={"labels": list(labels)},
            doing=f"label pull request #{number} of",
            needs=f"{PULLS_WRITE}, and issues: write for labels that are new",
        )

    async def comments(self, number: int) -> tuple[str, ...]:
        """See `Remote`. One request, for the first hundred."""
        return await self._ask(
            "GET",
            f"/issues/{number}/comments",
            lambda data: tuple(text(comment["body"]) for comment in items(data)),
            query={"per_page": str(PAGE)},
            doing=f"read the comments on pull request #{number} of",
            needs=PULLS_READ,
        )

    async def add_assignees(self, number: int, people: tuple[str, ...]) -> tuple[str, ...]:
        """See `Remote`. One request."""
        return await self._ask(
            "POST",
            f"/issues/{number}/assignees",
            lambda data: tuple(text(user["login"]) for user in items(data["assignees"])),
            body={"assignees": list(people)},
            doing=f"assign pull request #{number} of",
            needs=PULLS_WRITE,
        )

    async def set_status(self, commit: str, state: str, *, context: str, description: str) -> None:
        """See `Remote`. One request."""
        await self._ask(
            "POST",
            f"/statuses/{commit}",
            lambda data: text(data["state"]),
            body={"state": state, "context": context, "description": description},
            doing=f"set the commit status {context} in",
            needs=STATUSES_WRITE,
        )

    async def issue(self, number: int) -> Issue | None:
        """See `Remote`. One request."""
        return await self._ask(
            "GET",
            f"/issues/{number}",
            _issue,
            doing=f"read issue #{number} of",
            needs=ISSUES_READ,
            expected={(404, "Not Found"): None, (410, ""): None},
        )

    async def issues(self) -> tuple[Issue, ...]:
        """See `Remote`. One request, for the hundred that were opened last."""
        return await self._ask(
            "GET",
            "/issues",
            lambda data: tuple(_issue(entry) for entry in items(data) if "pull_request" not in entry),
            query={"state": "open", "per_page": str(PAGE)},
            doing="list the issues of",
            needs=ISSUES_READ,
        )

    async def open_issue(self, *, title: str, body: str) -> Issue:
        """See `Remote`. One request."""
        return await self._ask(
            "POST",
            "/issues",
            _issue,
            body={"title": title, "body": body},
            doing="open an issue in",
            needs=ISSUES_WRITE,
        )

    async def edit_issue(self, number: int, *, body: str, closed: bool = False) -> None:
        """See `Remote`. One request."""
        await self._ask(
            "PATCH",
            f"/issues/{number}",
            _issue,
            body={"body": body, "state": "closed"} if closed else {"body": body},
            doing=f"edit issue #{number} of",
            needs=ISSUES_WRITE,
        )


def _issue(data: Answer) -> Issue:
    insider = data["user"]["type"] == "Bot" or data["author_association"] in _INSIDERS
    return Issue(
        number=int(data["number"]),
        url=text(data["html_url"]),
        body=text(data["body"] or ""),
        trusted=insider,
    )
