"""git over http, as GitHub serves it beside the API: git's own http-backend, behind the same tokens."""

import base64
import binascii
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.support.github.faults import Raw
from tests.support.github.state import Repository, Token


@dataclass(frozen=True, slots=True, kw_only=True)
class GitRequest:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def answer(
    request: GitRequest, repositories: Mapping[str, Repository], tokens: Mapping[str, Token]
) -> Raw | None:
    """The answer to a request of git's; None for what is none, e.g. of the API."""
    headers, parts = request.headers, urlsplit(request.target)
    name, mark, rest = parts.path.partition(".git/")
    if not mark:
        return None
    repo = repositories.get(name.strip("/").lower())
    token = tokens.get(_password(headers))
    if token is None and (repo is None or repo.private):
        return Raw(status=401, data=b"", headers={"WWW-Authenticate": 'Basic realm="GitHub"'})
    if repo is None or not (token is None or token.sees(repo.full_name)):
        return Raw(status=404, data=b"Repository not found.", headers={})
    done = subprocess.run(
        ["git", "http-backend"],
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(repo.path),
            "PATH_INFO": f"/{rest}",
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
            "GIT_PROTOCOL": headers.get("git-protocol", ""),
        },
        input=request.body,
        capture_output=True,
        check=True,
    )
    head, _, data = done.stdout.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    return Raw(status=int(fields.pop("Status", "200").split()[0]), data=data, headers=fields)


def _password(headers: Mapping[str, str]) -> str:
    kind, _, value = headers.get("authorization", "").partition(" ")
    try:
        pair = base64.b64decode(value, validate=True).decode() if kind.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return pair.partition(":")[2]
