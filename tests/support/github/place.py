"""A repository on whatever speaks GitHub's REST API, looked at and filled without pinbot's own client."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a tree: its content, and git's mode."""

    data: bytes
    mode: str = "100644"


class Place:
    """The repository `name`, asked with a client that knows the address of the API and has a token."""

    def __init__(self, http: httpx.Client, name: str) -> None:
        self.name = name
        self._http = http

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One request to a path below the repository, e.g. `issues/1`, and whatever is answered."""
        return self._http.request(method, f"/repos/{self.name}/{path}", json=body)

    def get(self, path: str) -> Any:
        """What is at a path."""
        return _succeeded(self.ask("GET", path))

    def post(self, path: str, body: Any) -> Any:
        """Have something made."""
        return _succeeded(self.ask("POST", path, body))

    @property
    def number(self) -> int:
        """What the API knows the repository by."""
        return int(_succeeded(self._http.get(f"/repos/{self.name}"))["id"])

    def tip(self, ref: str) -> str | None:
        """The commit that a reference, e.g. `heads/main`, points to."""
        answer = self.ask("GET", f"git/ref/{quote(ref)}")
        return None if answer.status_code == 404 else str(_succeeded(answer)["object"]["sha"])

    def commit(self, ref: str) -> Any:
        """The commit that a reference points to, as the Git database shows it."""
        return self.get(f"git/commits/{self.tip(ref)}")

    def files(self, ref: str) -> dict[str, Entry]:
        """Every file of a reference by path."""
        tree = self.get(f"git/trees/{self.commit(ref)['tree']['sha']}?recursive=1")["tree"]
        return {
            entry["path"]: Entry(self.blob(entry["sha"]), entry["mode"])
            for entry in tree
            if entry["type"] == "blob"
        }

    def blob(self, sha: str) -> bytes:
        """The content that has this name."""
        return base64.b64decode(self.get(f"git/blobs/{sha}")["content"])

    def write(self, files: Mapping[str, bytes | Entry], *, parent: str | None = None) -> str:
        """A commit of these files, on top of those of a parent if there is one; nothing points to it yet."""
        tree = [
            {"path": path, "mode": entry.mode, "type": "blob", "sha": self._store(entry.data)}
            for path, content in files.items()
            for entry in (content if isinstance(content, Entry) else Entry(content),)
        ]
        over = {"base_tree": self.get(f"git/commits/{parent}")["tree"]["sha"]} if parent else {}
        made = self.post("git/trees", {**over, "tree": tree})["sha"]
        commit = {"message": "By hand", "tree": made, "parents": [parent] if parent else []}
        return str(self.post("git/commits", commit)["sha"])

    def _store(self, data: bytes) -> str:
        blob = {"content": base64.b64encode(data).decode(), "encoding": "base64"}
        return str(self.post("git/blobs", blob)["sha"])

    def move(self, ref: str, commit: str) -> None:
        """Point a reference to a commit, whatever it pointed to."""
        if self.tip(ref) is None:
            self.post("git/refs", {"ref": f"refs/{ref}", "sha": commit})
        else:
            _succeeded(self.ask("PATCH", f"git/refs/{quote(ref)}", {"sha": commit, "force": True}))


def _succeeded(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
    return answer.json()
