"""Branches, other references, and what they lead to: GitHub's Git database."""

import base64
from urllib.parse import quote

from pinbot.errors import ForgeConflict
from pinbot.forge.github.asking import READ, WRITE, Asking, done, items, sha, text
from pinbot.forge.github.connection import Answer
from pinbot.forge.remote import HEADS, Commit, Missing, TreeChange, TreeEntry


class GitData(Asking):
    """See `remote.GitData`."""

    async def default_branch(self) -> str:
        """See `Remote`. One request, or none if a pull request was seen before: it tells the same."""
        if self._default_branch is None:
            self._default_branch = await self._ask(
                "GET", "", lambda data: text(data["default_branch"]), doing="read", needs="metadata: read"
            )
        return self._default_branch

    async def head(self, branch: str) -> Commit | None:
        """See `Remote`. One request."""
        return await self._ask(
            "GET",
            f"/branches/{quote(branch)}",
            lambda data: _commit(data["commit"]),
            doing=f"read the branch {branch} of",
            needs=READ,
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
                    text(item["path"]): TreeEntry(mode=text(item["mode"]), sha=text(item["sha"]))
                    for item in items(data["tree"])
                },
                not data["truncated"],
            ),
            query={"recursive": "1"} if recursive else {},
            doing="list the files of",
            needs=READ,
        )

    async def create_tree(self, base: str | None, changes: tuple[TreeChange, ...]) -> str:
        """See `Remote`. One request, and one more for each file that is not UTF-8 text."""
        entries = [
            {"path": change.path, "mode": change.mode, "type": "blob", **await self._content(change.data)}
            for change in changes
        ]
        return await self._ask(
            "POST",
            "/git/trees",
            sha,
            body={"tree": entries} if base is None else {"base_tree": base, "tree": entries},
            doing="store files in",
            needs=WRITE,
        )

    async def _content(self, data: bytes) -> dict[str, str]:
        """The content of a tree's entry: text goes along with the tree, anything else is stored first."""
        try:
            content = data.decode()
        except UnicodeDecodeError:
            content = "\0"
        if "\0" not in content:
            return {"content": content}
        blob = {"content": base64.b64encode(data).decode(), "encoding": "base64"}
        return {
            "sha": await self._ask("POST", "/git/blobs", sha, body=blob, doing="store a file in", needs=WRITE)
        }

    async def create_commit(self, message: str, *, tree: str, parent: str | None) -> str:
        """See `Remote`. One request. It names no author, so that GitHub signs the commit of an app."""
        body = {"message": message, "tree": tree, "parents": [parent] if parent else []}
        return await self._ask("POST", "/git/commits", sha, body=body, doing="store a commit in", needs=WRITE)

    async def create_ref(self, name: str, commit: str) -> bool:
        """See `Remote`. One request."""
        return await self._ask(
            "POST",
            "/git/refs",
            done,
            body={"ref": name, "sha": commit},
            doing=f"create {_spoken(name)} in",
            needs=WRITE,
            expected={(422, "Reference already exists"): False},
        )

    async def move_branch(self, branch: str, commit: str) -> bool:
        """See `Remote`. One request."""
        return await self._ask(
            "PATCH",
            f"/git/refs/heads/{quote(branch)}",
            done,
            body={"sha": commit, "force": True},
            doing=f"move the branch {branch} of",
            needs=WRITE,
            expected={(422, "Reference does not exist"): False},
        )

    async def advance_ref(self, name: str, commit: str) -> bool:
        """See `Remote`. One request."""
        return await self._ask(
            "PATCH",
            f"/git/{quote(name)}",
            done,
            body={"sha": commit, "force": False},
            doing=f"move {_spoken(name)} of",
            needs=WRITE,
            expected={
                (422, "Update is not a fast forward"): False,
                (422, "Reference does not exist"): False,
            },
        )

    async def tip(self, name: str) -> str | None:
        """See `Remote`. One request.

        The list of references is documented to hold those of any kind, and tells "none" apart from "denied".
        """
        return await self._ask(
            "GET",
            f"/git/matching-{quote(name)}",
            lambda data: next((sha(ref["object"]) for ref in items(data) if ref["ref"] == name), None),
            doing=f"look for {_spoken(name)} in",
            needs=READ,
        )

    async def file(self, ref: str, path: str) -> bytes | Missing:
        """See `Remote`. One request, and one more for a file of more than 1 MB."""
        found: tuple[str, str, str] | str | Missing = await self._ask(
            "GET",
            f"/contents/{quote(path)}",
            _file,
            query={"ref": ref},
            doing=f"read {path} in",
            needs=READ,
            expected={
                (404, "No commit found for the ref"): Missing.COMMIT,
                (404, "Not Found"): Missing.FILE,
            },
        )
        if isinstance(found, Missing):
            return found
        if isinstance(found, str):
            raise ForgeConflict(
                f"could not read {path} in {self.repository}: {found} stands in its place",
                hint="put the file there again, or take away what is there",
            )
        name, encoding, content = found
        if encoding != "none":
            return base64.b64decode(content)
        return await self._ask(
            "GET",
            f"/git/blobs/{name}",
            lambda data: base64.b64decode(text(data["content"])),
            doing=f"read {path} in",
            needs=READ,
        )

    async def delete_branch(self, branch: str) -> None:
        """See `Remote`. One request."""
        await self._ask(
            "DELETE",
            f"/git/refs/heads/{quote(branch)}",
            lambda _: None,
            doing=f"delete the branch {branch} of",
            needs=WRITE,
            expected={(422, "Reference does not exist"): None},
        )


def _commit(data: Answer) -> Commit:
    return Commit(
        sha=sha(data),
        tree=sha(data["commit"]["tree"]),
        parents=tuple(sha(parent) for parent in items(data["parents"])),
        message=text(data["commit"]["message"]),
    )


def _file(data: Answer) -> tuple[str, str, str] | str:
    """Name, encoding and content of a file; what is there if it is none: a folder is shown as a list."""
    if isinstance(data, list):
        return "a folder"
    if data["type"] != "file":
        return f"a {text(data['type'])}"  # a submodule, or a link that leads out of the repository
    return sha(data), text(data["encoding"]), text(data["content"])


def _spoken(ref: str) -> str:
    """What people call a reference."""
    return f"the branch {ref.removeprefix(HEADS)}" if ref.startswith(HEADS) else f"the reference {ref}"
