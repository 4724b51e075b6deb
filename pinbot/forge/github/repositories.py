"""Many repositories on GitHub, read through the REST API: which there are, and what is in them."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from pinbot.errors import ForgeConflict, ForgeError
from pinbot.forge.github import listings
from pinbot.forge.github.access import Access
from pinbot.forge.github.asking import PAGE, READ, items, text
from pinbot.forge.github.checkout import check_out
from pinbot.forge.github.connection import Answer
from pinbot.forge.github.tokens import of_installation
from pinbot.model.fleet import Account, ListedFile, Listing, RepositoryFacts
from pinbot.ports.machine import Cache

_MOST_PAGES = 100
_METADATA = "metadata: read"


class GitHubRepositories:
    """The `Repositories` that a token, or those of an app, can see.

    Args:
        access: gives the connections to GitHub; shared with what works on a single repository.
        cache: keeps files that were read, and lists of files: they never change under their names.
        environ: what git gets to see of it are proxies and authorities.
    """

    def __init__(self, access: Access, *, cache: Cache, environ: Mapping[str, str]) -> None:
        self._access = access
        self._cache = cache
        self._environ = environ

    def calls(self, name: str | None = None) -> int:
        """See `Repositories.calls`."""
        return self._access.calls if name is None else self._access.connection(name).calls_about[name]

    def asked_as(self, name: str) -> str:
        """See `Repositories.asked_as`."""
        return self._access.identity(name)

    async def accounts(self) -> tuple[Account, ...]:
        """See `Repositories.accounts`."""
        return await self._access.accounts()

    async def named(self, name: str) -> RepositoryFacts:
        """See `Repositories.named`. One request."""
        return await self._access.connection(name).ask(
            "GET", f"/repos/{name}", _facts, target=name, doing="read", needs=_METADATA
        )

    async def owned_by(self, owner: str) -> tuple[RepositoryFacts, ...]:
        """See `Repositories.owned_by`. One request for each hundred, and two to tell a person from others.

        The token of an installation is asked for what it is installed on, a person's own for what is theirs:
        the public list of a person holds nothing private.
        """
        token = await self._access.connection(owner).token()
        if of_installation(token):
            found = await self._list("/installation/repositories", owner, key="repositories")
        else:
            found = await self._list(f"/orgs/{owner}/repos", owner, query={"type": "all"}, or_none=True)
        if found is None and await self._is_me(owner):
            found = await self._list("/user/repos", owner, query={"affiliation": "owner"})
        if found is None:
            found = await self._list(f"/users/{owner}/repos", owner, query={"type": "owner"})
        mine = f"{owner}/".casefold()
        return tuple(facts for facts in found or () if facts.name.casefold().startswith(mine))

    async def _list(
        self,
        path: str,
        owner: str,
        *,
        query: Mapping[str, str] | None = None,
        key: str | None = None,
        or_none: bool = False,
    ) -> list[RepositoryFacts] | None:
        """All pages; None where there is no such owner and that is an answer."""
        found: list[RepositoryFacts] = []
        for page in range(1, _MOST_PAGES + 1):
            answer: list[RepositoryFacts] | None = await self._access.connection(owner).ask(
                "GET",
                path,
                lambda data: [_facts(item) for item in items(data if key is None else data[key])],
                target=owner,
                doing="list the repositories of",
                needs=_METADATA,
                query={**(query or {}), "per_page": str(PAGE), "page": str(page)},
                expected={(404, ""): None} if or_none else None,
            )
            if answer is None:
                return None
            found += answer
            if len(answer) < PAGE:
                return found
        raise ForgeError(
            f"{owner} has more than {PAGE * _MOST_PAGES} repositories",
            hint="name them with --repo",
        )

    async def _is_me(self, owner: str) -> bool:
        login = await self._access.connection(owner).ask(
            "GET",
            "/user",
            lambda data: text(data["login"]),
            target="the token",
            doing="find out whose is",
            needs=_METADATA,
        )
        return login.casefold() == owner.casefold()

    async def listing(self, repository: RepositoryFacts, branch: str) -> Listing | None:
        """See `Repositories.listing`. One request for the branch; one more for what no run has listed."""
        connection = self._access.connection(repository.name)
        head: tuple[str, str] | None = await connection.ask(
            "GET",
            f"/repos/{repository.name}/branches/{quote(branch)}",
            lambda data: (text(data["commit"]["sha"]), text(data["commit"]["commit"]["tree"]["sha"])),
            target=repository.name,
            doing=f"read the branch {branch} of",
            needs=READ,
            expected={(404, "Branch not found"): None},
        )
        # Nobody but the Git database tells an empty repository from one without that branch.
        commit, tree = head or ("", quote(branch, safe=""))
        kept = f"git tree {connection.host} {repository.name} {tree}"
        data = await self._cache.get(kept) if head else None
        files = None if data is None else listings.unpacked(data)
        if files is not None:
            return Listing(commit=commit, tree=tree, files=files)
        listing: Listing | None = await connection.ask(
            "GET",
            f"/repos/{repository.name}/git/trees/{tree}",
            lambda data: _listing(data, commit),
            target=repository.name,
            doing=f"list the files on {branch} of",
            needs=READ,
            query={"recursive": "1"},
            expected={(409, "empty"): None},
            keep=False,
        )
        if head and listing is not None and listing.complete:
            await self._cache.put(kept, listings.packed(listing.files))
        return listing

    async def read(self, repository: RepositoryFacts, file: ListedFile) -> bytes:
        """See `Repositories.read`. One request, or none for what an earlier run has read."""
        connection = self._access.connection(repository.name)
        kept = f"git blob {connection.host} {repository.name} {file.sha}"
        data = await self._cache.get(kept)
        if data is None:
            data = await connection.ask(
                "GET",
                f"/repos/{repository.name}/git/blobs/{file.sha}",
                _content,
                target=repository.name,
                doing=f"read {file.path} in",
                needs=READ,
                keep=False,
            )
            if _name_of(data, like=file.sha) != file.sha:
                raise ForgeConflict(
                    f"{file.path} in {repository.name} came damaged: it is not what its tree names",
                    hint="run again",
                )
            await self._cache.put(kept, data)
        return data

    async def check_out(self, repository: RepositoryFacts, branch: str, tree: str, folder: Path) -> None:
        """See `Repositories.check_out`. No request to the API: git fetches it, without its history."""
        await check_out(
            repository,
            branch,
            tree,
            folder,
            token=await self._access.connection(repository.name).token(),
            environ=self._environ,
        )


def _facts(data: Answer) -> RepositoryFacts:
    closed = [word for word in ("archived", "disabled") if data.get(word)]
    return RepositoryFacts(
        name=text(data["full_name"]),
        default_branch=text(data["default_branch"]),
        clone_url=text(data["clone_url"]),
        fork=bool(data["fork"]),
        closed=f"it is {closed[0]}" if closed else None,
    )


def _listing(data: Answer, commit: str) -> Listing:
    return Listing(
        commit=commit,
        tree=text(data["sha"]),
        files={
            file.path: file
            for item in items(data["tree"])
            if item["type"] == "blob"
            for file in (
                ListedFile(
                    path=text(item["path"]),
                    mode=text(item["mode"]),
                    sha=text(item["sha"]),
                    size=int(item["size"]),
                ),
            )
        },
        complete=not data["truncated"],
    )


def _content(data: Answer) -> bytes:
    if data["encoding"] != "base64":
        raise ValueError(f"base64 is promised, and {json.dumps(data['encoding'])} is given")
    return base64.b64decode(text(data["content"]))


def _name_of(data: bytes, *, like: str) -> str:
    """What git calls a content, in the kind of name that the repository has."""
    kind = "sha256" if len(like) == hashlib.sha256().digest_size * 2 else "sha1"
    return hashlib.new(kind, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
