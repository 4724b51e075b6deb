"""A stateful stand-in for GitHub's REST API, on real git repositories.

    with GitHubServer() as github:
        github.add_token("secret", login="pinbot[bot]")
        repo = github.create_repository("acme/shop", files={"Dockerfile": b"FROM alpine:3.22\\n"})
        ...  # point a client at github.url
        print(repo.files("pinbot/images"), repo.pulls, github.requests, github.problems)

`problems` lists what GitHub's OpenAPI description has against a request or an answer; without a contract it
stays empty.
"""

import hashlib
import json
import shutil
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.github import graphql, listings, smart_http
from tests.support.github.answers import Answers, rate_limit
from tests.support.github.apps import Apps
from tests.support.github.contract import OpenApiContract, Operation
from tests.support.github.faults import Faults, Raw
from tests.support.github.git import Git
from tests.support.github.routes import ROUTES, Call, Refused, Route
from tests.support.github.state import App, Now, Repository, Token

_LIMIT = 5000
assert listings  # which makes its routes known


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request as it came in; `path` is without the API's base path and the query."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str]


class GitHubServer:
    """The server; `base_path` is `/api/v3` for one that looks like GitHub Enterprise Server."""

    def __init__(self, *, base_path: str = "", contract: OpenApiContract | None = None) -> None:
        self._base_path = base_path
        self._contract = contract
        self._graphql_path = "/api/graphql" if base_path else "/graphql"
        self._root = Path(tempfile.mkdtemp(prefix="github-"))
        self._tokens: dict[str, Token] = {}
        self._lock = threading.RLock()
        self._now = Now()
        self.repositories: dict[str, Repository] = {}
        self.organisations: set[str] = set()
        self.requests: list[Received] = []
        self.problems: list[str] = []
        self.faults = Faults()
        self.remaining = _LIMIT
        self.not_modified = 0
        self.reset = int(time.time()) + 3600
        self._http = _Http(("127.0.0.1", 0), self)
        web = f"http://127.0.0.1:{self._http.server_port}"
        self.url = web + base_path
        self._answers = Answers(self.url, web)
        self._apps = Apps(self._answers, self._tokens, self.organisations)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="github")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.close_connections()
        self._http.server_close()
        shutil.rmtree(self._root)

    def add_token(self, value: str, *, login: str = "pinbot[bot]", **settings: Any) -> Token:
        """Make a credential known; `settings` are those of `Token`."""
        self._tokens[value] = Token(login=login, **settings)
        return self._tokens[value]

    def add_app(self, number: str, public_key: str, **settings: Any) -> App:
        """Make a GitHub App known, with its installations; see `Apps.add`."""
        return self._apps.add(number, public_key, **settings)

    def expire_tokens(self) -> None:
        """An hour goes by: the tokens of installations have had their time."""
        for token in self._tokens.values():
            if token.expires is not None:
                token.expires = 0.0

    def create_repository(
        self,
        name: str,
        *,
        files: Mapping[str, bytes] | None = None,
        from_directory: Path | None = None,
        default_branch: str = "main",
    ) -> Repository:
        """Create `owner/name` with one commit that holds the files; without files it is empty."""
        number = len(self.repositories) + 1
        git = Git.init(self._root / f"{number}.git", default_branch)
        repo = Repository(name=name, number=number, git=git, now=self._now, default_branch=default_branch)
        self.repositories[name.lower()] = repo
        if from_directory is not None:
            _push_directory(repo, from_directory)
        elif files:
            repo.push(default_branch, files, message="First commit")
        return repo

    @property
    def writes(self) -> list[Received]:
        """The requests that ask for a change."""
        return [request for request in self.requests if request.method != "GET"]

    def forget_requests(self) -> None:
        """Count requests, and faults, from one again."""
        self.requests.clear()
        self.faults.clear()

    # One request

    def git(self, method: str, target: str, headers: Mapping[str, str], raw: bytes) -> Raw | None:
        """The answer to a request that git itself sends; None for one to the API."""
        request = smart_http.GitRequest(method=method, target=target, headers=headers, body=raw)
        return smart_http.answer(request, self.repositories, self._tokens)

    def answer(self, method: str, target: str, headers: Mapping[str, str], raw: bytes) -> Reply | Raw | None:
        """The answer to a request; None means that the connection is dropped."""
        parts = urlsplit(target)
        body = json.loads(raw) if raw else None
        request = Received(
            method=method,
            path=parts.path.removeprefix(self._base_path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            body=body,
            headers=headers,
        )
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
        if parts.path == self._graphql_path:
            request = replace(request, path="/graphql")
        elif not parts.path.startswith(f"{self._base_path}/"):
            return Reply(status=404, body={"message": "Not Found"}, headers={})
        operation = self._judge_request(request)
        fault = self.faults.at(number)
        if fault is not None and fault.action is not None:
            fault.action()
        if fault is not None and fault.drop == "before":
            return None
        if fault is not None and fault.raw is not None:
            return fault.raw
        with self._lock:
            reply = self._reply(request)
        if self._contract is not None and operation is not None:
            found = self._contract.response_problems(operation, reply.status, reply.body)
            self.problems += [f"{operation.name}: {problem}" for problem in found]
        return None if fault is not None and fault.drop == "after" else reply

    def _reply(self, request: Received) -> Reply:
        try:
            status, body = self._dispatch(request)
            headers: dict[str, str] = {}
        except Refused as refused:
            status, body, headers = refused.status, refused.body, refused.headers
        headers |= {
            "X-RateLimit-Limit": str(_LIMIT),
            "X-RateLimit-Remaining": "0" if self._is_used_up(request) else str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
            "X-RateLimit-Used": str(_LIMIT - self.remaining),
        }
        if request.method == "GET" and status == 200:
            # GitHub's depends on the token as well.
            seen = json.dumps([request.headers.get("authorization"), body])
            etag = f'W/"{hashlib.sha256(seen.encode()).hexdigest()}"'
            headers["ETag"] = etag
            if request.headers.get("if-none-match") == etag:
                self.not_modified += 1
                self.remaining += 1  # it costs nothing of the quota
                return Reply(status=304, body=None, headers=headers)
        return Reply(status=status, body=body, headers=headers)

    def _dispatch(self, request: Received) -> tuple[int, Any]:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and secret.count(".") == 2:
            return self._apps.answer(request.method, request.path, request.query, request.body, secret)
        token = self._tokens.get(secret)
        if token is None or (token.expires is not None and time.monotonic() > token.expires):
            raise Refused(401, "Bad credentials")
        if request.path == "/rate_limit":
            return 200, rate_limit(_LIMIT, self.remaining, self.reset)
        if self.remaining == 0 or (token.installation is not None and token.installation.used_up):
            raise Refused(
                403, f"API rate limit exceeded for installation of {token.login}. Request ID 0A1B:2C3D."
            )
        self.remaining -= 1
        if request.path == "/graphql":
            return graphql.answer(request.body, token, self.repositories.values())
        route, values = _find(request)
        inside = "owner" in values
        repo = self.repositories.get(f"{values['owner']}/{values['name']}".lower()) if inside else None
        if inside and repo is None:
            raise Refused(404, "Not Found")
        if repo is not None and not token.sees(repo.full_name):
            raise Refused(404, "Not Found")
        if repo is not None:
            _authorise(token, repo, route)
        return route.handler(
            Call(
                answers=self._answers,
                token=token,
                now=self._now,
                query=request.query,
                body=request.body,
                values=values,
                repositories=self.repositories,
                organisations=self.organisations,
                **({} if repo is None else {"repo": repo}),
            )
        )

    def _is_used_up(self, request: Received) -> bool:
        token = self._tokens.get(request.headers.get("authorization", "").rpartition(" ")[2])
        return token is not None and token.installation is not None and token.installation.used_up

    def _judge_request(self, request: Received) -> Operation | None:
        if self._contract is None or request.path == "/graphql":
            return None
        operation = self._contract.operation(request.method, request.path)
        if operation is None:
            self.problems.append(f"{request}: no such operation")
            return None
        found = self._contract.request_problems(operation, request.query, request.body)
        self.problems += [f"{operation.name}: {problem}" for problem in found]
        return operation


def _find(request: Received) -> tuple[Route, dict[str, str]]:
    for route in ROUTES:
        if route.method == request.method and (match := route.pattern.fullmatch(request.path)):
            return route, {name: unquote(value) for name, value in match.groupdict().items()}
    raise Refused(404, "Not Found")


def _authorise(token: Token, repo: Repository, route: Route) -> None:
    """GitHub hides what a token may not see, and names what an app's or a fine-grained token lacks."""
    if repo.private and not token.may("contents", "read"):
        raise Refused(404, "Not Found")
    if not token.may(route.permission, route.level):
        if token.kind == "classic":
            raise Refused(404, "Not Found")
        kind = "integration" if token.kind == "app" else "personal access token"
        needed = {"X-Accepted-GitHub-Permissions": f"{route.permission}={route.level}"}
        raise Refused(403, f"Resource not accessible by {kind}", headers=needed)
    if repo.archived and route.level == "write":
        raise Refused(403, "Repository was archived so is read-only.")


def _push_directory(repo: Repository, directory: Path) -> None:
    found = [
        path
        for path in sorted(directory.rglob("*"))
        if ".git" not in path.relative_to(directory).parts and (path.is_symlink() or path.is_file())
    ]
    links = {path.relative_to(directory).as_posix() for path in found if path.is_symlink()}
    repo.push(
        repo.default_branch,
        {
            path.relative_to(directory).as_posix(): str(path.readlink()).encode()
            if path.is_symlink()
            else path.read_bytes()
            for path in found
        },
        message="First commit",
        links=links,
        executable=[
            path.relative_to(directory).as_posix()
            for path in found
            if not path.is_symlink() and path.stat().st_mode & 0o100
        ],
    )


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], github: GitHubServer) -> None:
        super().__init__(address, _Handler)
        self.github = github
        self._open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A mistake of the stand-in itself must not pass for a connection that was dropped."""
        del request, client_address
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.github.problems.append("".join(traceback.format_exception(error)))

    def close_connections(self) -> None:
        """End the connections that clients keep alive."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet, not one for the headers that waits for the next
    server: _Http

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._chunks() if headers.get("transfer-encoding") == "chunked" else self.rfile.read(length)
        github = self.server.github
        reply = github.git(self.command, self.path, headers, body) or github.answer(
            self.command, self.path, headers, body
        )
        if reply is None:
            self.close_connection = True
            return
        if isinstance(reply, Raw):
            status, data, extra = reply.status, reply.data, dict(reply.headers)
        else:
            status, extra = reply.status, dict(reply.headers)
            data = b"" if reply.body is None else json.dumps(reply.body).encode()
            if data:
                extra["Content-Type"] = "application/json; charset=utf-8"
        self.send_response(status)
        for name, value in extra.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _chunks(self) -> bytes:
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_one  # noqa: N815  # http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
        """Say nothing: `requests` has it all."""
