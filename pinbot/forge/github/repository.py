"""A repository on GitHub or GitHub Enterprise Server, through the REST API.

Every method sends exactly the requests that it says, so that they can be counted.
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from pinbot.errors import ForgeError, UsageError
from pinbot.forge.github.connection import Answer, Connection, Expected
from pinbot.forge.remote import Commit, Pull, TreeChange, TreeEntry

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/(?!\.{1,2}$)[A-Za-z0-9._-]+")

_PAGE = 100
_MOST_PAGES = 20

_READ = "contents: read"
_WRITE = "contents: write"
_PULLS_READ = "pull-requests: read"
_PULLS_WRITE = "pull-requests: write"

T = TypeVar("T")


class GitHub:
    """One repository, a `Remote` for the life cycle.

    Args:
        connection: to GitHub, as a token that may see the repository.
        repository: `owner/name`.

    Raises:
        UsageError: the repository's name cannot be right.
    """

    def __init__(self, connection: Connection, repository: str) -> None:
        if not _NAME.fullmatch(repository):
            raise UsageError(f"{repository!r} is no repository on GitHub", hint="name it as owner/name")
        self.repository = repository
        self._connection = connection
        self._owner = repository.partition("/")[0]
        self._default_branch: str | None = None

    def __repr__(self) -> str:
        return f"GitHub({self.repository!r} at {self._connection.host})"

    async def default_branch(self) -> str:
        """See `Remote`. One request, or none if a pull request was seen before: it tells the same."""
        if self._default_branch is None:
            self._default_branch = await self._ask(
                "GET", "", lambda data: _text(data["default_branch"]), doing="read", needs="metadata: read"
            )
        return self._default_branch

    async def head(self, branch: str) -> Commit | None:
        """See `Remote`. One request."""
        return await self._ask(
            "GET",
            f"/branches/{quote(branch)}",
            lambda data: _commit(data["commit"]),
            doing=f"read the branch {branch} of",
            needs=_READ,
            expected={(404, "Branch not found"): None},
        )

    async def entries(self, tree: str, paths: tuple[str, ...]) -> dict[str, TreeEntry]:
        """See `Remote`. One request; for a tree that is too large, one for each folder on the way."""
        listing, complete = await self._tree(tree, recursive=True)
        if complete:
            return {path: listing[path] for path in paths if path in listing}
        folders = {"": (await self._tree(tree, recursive=False))[0]}
        return {path: entry for path in paths if (entry := await self._walk(path, folders)) is not None}

    async def _walk(self, path: str, folders: dict[str, dict[str, TreeEntry]]) -> TreeEntry | None:
        """Follow a path from the root folder, remembering the folders that were read."""
        *above, name = path.split("/")
        here = ""
        for part in above:
            inside = f"{here}/{part}" if here else part
            if inside not in folders:
                entry = folders[here].get(part)
                if entry is None or entry.mode != "040000":
                    return None
                folders[inside] = (await self._tree(entry.sha, recursive=False))[0]
            here = inside
        return folders[here].get(name)

    async def _tree(self, tree: str, *, recursive: bool) -> tuple[dict[str, TreeEntry], bool]:
        """The entries of a tree by path, and whether they are all there."""
        return await self._ask(
            "GET",
            f"/git/trees/{tree}",
            lambda data: (
                {
                    _text(item["path"]): TreeEntry(mode=_text(item["mode"]), sha=_text(item["sha"]))
                    for item in _list(data["tree"])
                },
                not data["truncated"],
            ),
            query={"recursive": "1"} if recursive else {},
            doing="list the files of",
            needs=_READ,
        )

    async def create_tree(self, base: str, changes: tuple[TreeChange, ...]) -> str:
        """See `Remote`. One request, and one more for each file that is not UTF-8 text."""
        entries = [
            {"path": change.path, "mode": change.mode, "type": "blob", **await self._content(change.data)}
            for change in changes
        ]
        return await self._ask(
            "POST",
            "/git/trees",
            _sha,
            body={"base_tree": base, "tree": entries},
            doing="store files in",
            needs=_WRITE,
        )

    async def _content(self, data: bytes) -> dict[str, str]:
        """The content of a tree's entry: text goes along with the tree, anything else is stored first."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" not in text:
            return {"content": text}
        blob = {"content": base64.b64encode(data).decode(), "encoding": "base64"}
        return {
            "sha": await self._ask(
                "POST", "/git/blobs", _sha, body=blob, doing="store a file in", needs=_WRITE
            )
        }

    async def create_commit(self, message: str, *, tree: str, parent: str) -> str:
        """See `Remote`. One request. It names no author, so that GitHub signs the commit of an app."""
        body = {"message": message, "tree": tree, "parents": [parent]}
        return await self._ask(
            "POST", "/git/commits", _sha, body=body, doing="store a commit in", needs=_WRITE
        )

    async def create_branch(self, branch: str, commit: str) -> bool:
        """See `Remote`. One request."""
        return await self._ask(
            "POST",
            "/git/refs",
            _done,
            body={"ref": f"refs/heads/{branch}", "sha": commit},
            doing=f"create the branch {branch} in",
            needs=_WRITE,
            expected={(422, "Reference already exists"): False},
        )

    async def move_branch(self, branch: str, commit: str) -> bool:
        """See `Remote`. One request."""
        return await self._ask(
            "PATCH",
            f"/git/refs/heads/{quote(branch)}",
            _done,
            body={"sha": commit, "force": True},
            doing=f"move the branch {branch} of",
            needs=_WRITE,
            expected={(422, "Reference does not exist"): False},
        )

    async def all_open_pulls(self) -> tuple[Pull, ...]:
        """See `Remote`. One request for each hundred of them, other people's included."""
        pulls: list[Pull] = []
        for page in range(1, _MOST_PAGES + 1):
            found, complete = await self._ask(
                "GET",
                "/pulls",
                _own_pulls,
                query={"state": "open", "per_page": str(_PAGE), "page": str(page)},
                doing="list the pull requests of",
                needs=_PULLS_READ,
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
            query={"state": state, "head": f"{self._owner}:{branch}", "per_page": str(_PAGE)},
            doing="list the pull requests of",
            needs=_PULLS_READ,
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
            needs=_PULLS_WRITE,
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
            needs=_PULLS_WRITE,
        )

    async def comment(self, number: int, text: str) -> None:
        """See `Remote`. One request."""
        await self._ask(
            "POST",
            f"/issues/{number}/comments",
            lambda data: int(data["id"]),
            body={"body": text},
            doing=f"comment on pull request #{number} of",
            needs=_PULLS_WRITE,
        )

    async def delete_branch(self, branch: str) -> None:
        """See `Remote`. One request."""
        await self._ask(
            "DELETE",
            f"/git/refs/heads/{quote(branch)}",
            lambda _: None,
            doing=f"delete the branch {branch} of",
            needs=_WRITE,
            expected={(422, "Reference does not exist"): None},
        )

    async def edit_pull(self, number: int, *, title: str, body: str) -> None:
        """See `Remote`. One request."""
        await self._ask(
            "PATCH",
            f"/pulls/{number}",
            _pull,
            body={"title": title, "body": body},
            doing=f"edit pull request #{number} of",
            needs=_PULLS_WRITE,
        )

    async def add_labels(self, number: int, labels: tuple[str, ...]) -> None:
        """See `Remote`. One request: GitHub creates labels that it does not know."""
        await self._ask(
            "POST",
            f"/issues/{number}/labels",
            lambda data: [_text(label["name"]) for label in _list(data)],
            body={"labels": list(labels)},
            doing=f"label pull request #{number} of",
            needs=f"{_PULLS_WRITE}, and issues: write for labels that are new",
        )

    async def _ask(
        self,
        verb: str,
        path: str,
        read: Callable[[Answer], T],
        *,
        doing: str,
        needs: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        expected: Mapping[Expected, T] | None = None,
    ) -> T:
        """One request about this repository; see `Connection.ask`."""
        return await self._connection.ask(
            verb,
            f"/repos/{self.repository}{path}",
            read,
            target=self.repository,
            doing=doing,
            needs=needs,
            query=query,
            body=body,
            expected=expected,
        )


def _text(value: Answer) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a string is promised, and {type(value).__name__} is given")
    return value


def _list(value: Answer) -> list[Answer]:
    if not isinstance(value, list):
        raise TypeError(f"a list is promised, and {type(value).__name__} is given")
    return value


def _sha(data: Answer) -> str:
    return _text(data["sha"])


def _done(data: Answer) -> bool:
    """A reference was written: the answer holds it, which that of a redirection does not."""
    return bool(_text(data["ref"]))


def _commit(data: Answer) -> Commit:
    return Commit(
        sha=_sha(data),
        tree=_sha(data["commit"]["tree"]),
        parents=tuple(_sha(parent) for parent in _list(data["parents"])),
        message=_text(data["commit"]["message"]),
    )


def _own_pulls(data: Answer) -> tuple[list[tuple[Pull, str]], bool]:
    """Those of a page that come from branches of the repository, each with its default branch.

    Also whether it is the last page.
    """
    pulls = _list(data)
    own = [(_pull(pull), _text(pull["base"]["repo"]["default_branch"])) for pull in pulls if _is_own(pull)]
    return own, len(pulls) < _PAGE


def _is_own(pull: Answer) -> bool:
    """Whether a pull request comes from a branch of its own repository, and not of a fork."""
    head, base = pull["head"], pull["base"]
    return head["repo"] is not None and head["repo"]["id"] == base["repo"]["id"]


def _pull(data: Answer) -> Pull:
    return Pull(
        number=int(data["number"]),
        url=_text(data["html_url"]),
        branch=_text(data["head"]["ref"]),
        head=_sha(data["head"]),
        base=_text(data["base"]["ref"]),
        title=_text(data["title"]),
        body=_text(data["body"] or ""),
        labels=tuple(_text(label["name"]) for label in _list(data["labels"])),
        merged=bool(data["merged_at"]),
    )
