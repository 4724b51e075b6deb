"""Answers that are not GitHub's: nothing but ForgeError comes out, whatever comes in."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pinbot.errors import ForgeError
from pinbot.forge.github.repository import GitHub
from pinbot.forge.remote import TreeChange
from tests.forge.support import BRANCH, REPOSITORY, remote
from tests.support.github.server import GitHubServer

pytestmark = pytest.mark.needs("git")

STRANGE: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "nothing": (200, b"", {}),
    "no content": (204, b"", {}),
    "html": (200, b"<html>Welcome to the hotel</html>", {"Content-Type": "text/html"}),
    "null": (200, b"null", {}),
    "number": (200, b"5", {}),
    "list": (200, b"[]", {}),
    "list of null": (200, b"[null]", {}),
    "object": (200, b"{}", {}),
    "wrong types": (
        200,
        b'{"sha": 1, "ref": null, "commit": [], "tree": {}, "truncated": 3, "number": "x", "title": 0}',
        {},
    ),
    "half": (200, b'{"sha": "', {}),
    "bytes": (200, b"\xff\xfe\x00", {}),
    "redirect": (302, b"", {"Location": "https://example.org/"}),
    "moved": (301, b'{"message": "Moved Permanently"}', {"Location": "https://example.org/repositories/1"}),
    "moved in a circle": (307, b'{"message": "Moved Permanently"}', {}),
    "teapot": (418, b"[1, 2]", {}),
    "refusal in html": (403, b"<html>proxy says no</html>", {}),
    "refusal as list": (422, b'["no"]', {}),
    "refusal with odd parts": (422, b'{"message": 5, "errors": [1, null, {"code": []}]}', {}),
    "refusal with bare errors": (422, b'{"message": "no", "errors": ["because", null]}', {}),
    "conflict": (409, b'{"message": "Git Repository is empty."}', {}),
    "odd limits": (
        429,
        b"{}",
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 30},
    ),
    "odd wait": (403, b'{"message": "secondary rate limit"}', {"Retry-After": "soon"}),
}

METHODS: dict[str, Callable[[GitHub], Awaitable[Any]]] = {
    "default_branch": lambda remote: remote.default_branch(),
    "head": lambda remote: remote.head("main"),
    "entries": lambda remote: remote.entries("a" * 40, ("Dockerfile",)),
    "create_tree": lambda remote: remote.create_tree(
        "a" * 40, (TreeChange(path="x", mode="100644", data=b"\xff"),)
    ),
    "create_commit": lambda remote: remote.create_commit("m", tree="a" * 40, parent="b" * 40),
    "create_ref": lambda remote: remote.create_ref(f"refs/heads/{BRANCH}", "a" * 40),
    "move_branch": lambda remote: remote.move_branch(BRANCH, "a" * 40),
    "open_pulls": lambda remote: remote.open_pulls(BRANCH),
    "all_open_pulls": lambda remote: remote.all_open_pulls(),
    "closed_pulls": lambda remote: remote.closed_pulls(BRANCH),
    "close_pull": lambda remote: remote.close_pull(1, body="b"),
    "comment": lambda remote: remote.comment(1, "text"),
    "open_pull": lambda remote: remote.open_pull(BRANCH, "main", title="t", body="b", draft=True),
    "edit_pull": lambda remote: remote.edit_pull(1, title="t", body="b"),
    "add_labels": lambda remote: remote.add_labels(1, ("x",)),
}

# An empty list is an answer where a list is asked for.
FINE = {(name, "list") for name in ("all_open_pulls", "open_pulls", "closed_pulls", "add_labels")}


@pytest.mark.parametrize("method", METHODS)
def test_no_other_exception_escapes(github: GitHubServer, method: str) -> None:
    async def ask() -> Any:
        return await METHODS[method](remote(github.url))

    for name, (status, data, headers) in STRANGE.items():
        github.forget_requests()
        github.faults.garble(1, data, status=status, headers=headers, times=99)
        if (method, name) in FINE:
            asyncio.run(ask())
            continue
        with pytest.raises(ForgeError, match=f"^could not .* {REPOSITORY}: ") as caught:
            pytest.fail(f"{name} gave {asyncio.run(ask())}")
        assert caught.value.hint, name
