"""A token server as distribution describes it (docs/content/spec/auth), which signs real JWTs.

    with TokenServer() as tokens, RegistryServer(auth=tokens.section) as registry: ...

Anybody may pull, except from repositories below `private/`, for which it takes a user.
"""

import base64
import datetime as dt
import json
import tempfile
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.registry import PASSWORD, USERNAME
from tests.support.registry_tls import self_signed

SERVICE = "registry of the tests"
ISSUER = "pinbot tests"
IDENTITY_TOKEN = "an identity token"


@dataclass(frozen=True)
class TokenRequest:
    """What was asked: by whom (None: nobody), for which repositories, and what came of it."""

    method: str
    user: str | None
    repositories: tuple[str, ...]
    status: int


Grant = Callable[[tuple[str, ...]], tuple[str, ...] | None]


def grant_all(repositories: tuple[str, ...]) -> tuple[str, ...] | None:
    return repositories


def grant_first(repositories: tuple[str, ...]) -> tuple[str, ...] | None:
    return repositories[:1]


def grant_single(repositories: tuple[str, ...]) -> tuple[str, ...] | None:
    """Refuse requests for several repositories."""
    return repositories if len(repositories) <= 1 else None


@dataclass
class TokenServer:
    """Up within `with`.

    Attributes:
        grant: which of the repositories of one request get into the token; None refuses the request.
        expires_in: seconds of life; None leaves the field out of the answer (the token lives for a minute).
        oauth: whether POST (oauth.md) is known, for identity tokens.
        port: to listen on, known once it is up.
    """

    grant: Grant = grant_all
    expires_in: int | None = 300
    oauth: bool = True
    port: int = 0
    requests: list[TokenRequest] = field(default_factory=list)

    @property
    def realm(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    @property
    def section(self) -> dict[str, object]:
        """The `auth` section of a registry that trusts this server."""
        return self.section_with(self.realm)

    def section_with(self, realm: str) -> dict[str, object]:
        bundle = str(Path(self._folder.name) / "root.pem")
        token = {"realm": realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": bundle}
        return {"token": token}

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="pinbot-tokens-")
        self._key = ec.generate_private_key(ec.SECP256R1())
        certificate = self_signed(ISSUER, self._key)
        (Path(self._folder.name) / "root.pem").write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
        )
        der = certificate.public_bytes(serialization.Encoding.DER)
        self._x5c = [base64.b64encode(der).decode()]
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._folder.cleanup()

    def answer(self, method: str, user: str | None, scopes: list[str]) -> tuple[int, dict[str, object]]:
        """Status and body for a request of a user who has been recognised."""
        repositories = tuple(scope.split(":")[1] for scope in scopes)
        granted = self.grant(repositories)
        if granted is None:
            self.requests.append(TokenRequest(method, user, repositories, 400))
            return 400, {"errors": [{"code": "UNSUPPORTED", "message": "one scope at a time"}]}
        allowed = [name for name in granted if user or not name.startswith("private/")]
        self.requests.append(TokenRequest(method, user, repositories, 200))
        token = self._sign(user, allowed)
        body: dict[str, object] = {"access_token": token} if method == "POST" else {"token": token}
        if self.expires_in is not None:
            body["expires_in"] = self.expires_in
        return 200, body

    def _sign(self, user: str | None, repositories: list[str]) -> str:
        now = dt.datetime.now(dt.UTC)
        claims = {
            "iss": ISSUER,
            "sub": user or "",
            "aud": SERVICE,
            "exp": now + dt.timedelta(seconds=self.expires_in or 60),
            "nbf": now - dt.timedelta(seconds=10),
            "iat": now,
            "jti": uuid.uuid4().hex,
            "access": [{"type": "repository", "name": name, "actions": ["pull"]} for name in repositories],
        }
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"x5c": self._x5c})


def _handler(tokens: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            header = self.headers.get("Authorization")
            user = None
            if header is not None:
                user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
                if password not in {PASSWORD, IDENTITY_TOKEN}:
                    self._refuse("GET", user)
                    return
            self._reply(*tokens.answer("GET", user, query.get("scope", [])))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if not tokens.oauth:
                self._reply(405, {})
            elif form["grant_type"] != ["refresh_token"] or form["refresh_token"] != [IDENTITY_TOKEN]:
                self._refuse("POST", None)
            else:
                self._reply(*tokens.answer("POST", USERNAME, form["scope"][0].split(" ")))

        def _refuse(self, method: str, user: str | None) -> None:
            tokens.requests.append(TokenRequest(method, user, (), 401))
            self._reply(401, {"errors": [{"code": "UNAUTHORIZED", "message": "wrong user or password"}]})

        def _reply(self, status: int, body: dict[str, object]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Keep quiet."""

    return Handler
