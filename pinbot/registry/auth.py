"""In which way one registry wants to be asked: not at all, Basic, or with a Bearer token."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from pinbot.errors import AccessDenied, Untrustworthy
from pinbot.ports import Clock
from pinbot.registry import challenge
from pinbot.registry.complaints import error_message
from pinbot.registry.credentials import Credential, CredentialStore
from pinbot.registry.endpoint import Endpoint, join, may_follow
from pinbot.registry.tokens import Token, TokenServer
from pinbot.registry.transport import Answer, display
from pinbot.registry.web import Web

_BASE_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What a request was sent with."""

    header: str | None = field(default=None, repr=False)
    credential: Credential | None = None
    server: TokenServer | None = None
    token: Token | None = None


class Authenticator:
    """Learns from the answers of one registry how to ask it, and keeps that for the following requests."""

    def __init__(self, endpoint: Endpoint, *, web: Web, store: CredentialStore, clock: Clock) -> None:
        self._endpoint = endpoint
        self._web = web
        self._store = store
        self._clock = clock
        self._challenge: challenge.Challenge | None = None
        self._credential: Credential | None = None
        self._first: asyncio.Future[None] | None = None
        self._servers: dict[tuple[httpx.URL, str | None, Credential | None], TokenServer] = {}

    @property
    def scheme(self) -> str | None:
        """`basic` or `bearer`, once the registry has asked for it."""
        return None if self._challenge is None else self._challenge.scheme

    @property
    def realm_host(self) -> str | None:
        """`host[:port]` of the token server, for `bearer`."""
        if self._challenge is None or self._challenge.scheme != "bearer":
            return None
        realm = join(self._endpoint.url, self._challenge.get("realm") or "")
        return realm.netloc.decode("ascii") or None

    @property
    def credentials(self) -> str | None:
        """Where those come from that were used last."""
        return None if self._credential is None else self._credential.source

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Let the first request to the registry go alone, so that the others can learn from its answer."""
        if self._first is None:
            self._first = asyncio.get_running_loop().create_future()
            try:
                yield
            finally:
                self._first.set_result(None)
        else:
            await asyncio.shield(self._first)
            yield

    async def authorization(self, repository: str) -> Authorization:
        """How to ask for a repository, as far as is known.

        Raises:
            RegistryError: a token is needed and cannot be had.
        """
        wanted = self._challenge
        if wanted is None:
            return Authorization()
        credential = self._credential = await self._store.find(self._endpoint.settings, repository)
        if wanted.scheme == "basic":
            if credential is None:
                return Authorization()
            return Authorization(header=credential.basic, credential=credential)
        server = self._server(wanted, credential)
        try:
            token = await server.token(repository)
        except AccessDenied as error:
            raise self._denied(repository, credential, error.message) from error
        return Authorization(
            header=f"Bearer {token.value}", credential=credential, server=server, token=token
        )

    def accepted(self, repository: str, used: Authorization) -> None:
        """Learn from an answer that is not 401."""
        if used.server is not None and used.token is not None:
            used.server.taken(repository, used.token)

    async def refused(self, repository: str, used: Authorization, answer: Answer) -> None:
        """Learn from a 401 how to ask again.

        Raises:
            AccessDenied: asking again would not help.
        """
        offered = challenge.parse(answer.headers.get_list("WWW-Authenticate"))
        if not offered and used.header is None:
            url = self._endpoint.url.join("/v2/")
            base = await self._web.ask("GET", url, endpoint=self._endpoint, limit=_BASE_LIMIT)
            offered = challenge.parse(base.headers.get_list("WWW-Authenticate"))
        self._challenge = next(
            (found for scheme in ("bearer", "basic") for found in offered if found.scheme == scheme),
            self._challenge,
        )
        if used.server is not None and used.token is not None:
            again = used.server.refused(repository, used.token)
        else:
            again = used.header is None and await self._can_log_in(repository)
        if not again:
            raise self.denied(repository, used, answer)

    def denied(self, repository: str, used: Authorization, answer: Answer) -> AccessDenied:
        """The error for an answer that refuses access for good."""
        return self._denied(repository, used.credential, error_message(answer.body))

    async def aclose(self) -> None:
        """Stop asking for tokens."""
        for server in self._servers.values():
            await server.aclose()

    async def _can_log_in(self, repository: str) -> bool:
        if self._challenge is None or self._challenge.scheme == "bearer":
            return self._challenge is not None
        return await self._store.find(self._endpoint.settings, repository) is not None

    def _server(self, wanted: challenge.Challenge, credential: Credential | None) -> TokenServer:
        realm, service = self._realm(wanted.get("realm") or ""), wanted.get("service")
        key = (realm, service, credential)
        server = self._servers.get(key)
        if server is None:
            server = self._servers[key] = TokenServer(
                realm=realm,
                service=service,
                credential=credential,
                endpoint=self._endpoint,
                web=self._web,
                clock=self._clock,
            )
        return server

    def _realm(self, text: str) -> httpx.URL:
        realm = join(self._endpoint.url, text)
        if not text or not may_follow(self._endpoint.url, realm):
            place = display(realm) if text else "nowhere"
            raise Untrustworthy(
                f"{self._endpoint.name} sends to {place} for a token: not followed",
                hint="the realm of a Bearer challenge is an https address without a user",
            )
        return realm

    def _denied(self, repository: str, credential: Credential | None, said: str) -> AccessDenied:
        name = self._endpoint.name
        words = f": {said}" if said else ""
        if credential is not None:
            return AccessDenied(
                f"{name} denies {credential.username} ({credential.source}) access to {repository}{words}",
                hint="check that user and secret are right, and that they may pull it, if it exists",
            )
        host = self._endpoint.settings.authority
        problems = "".join(f"; {problem}" for problem in self._store.problems)
        return AccessDenied(
            f"{name} denies anonymous access to {repository}{words}{problems}",
            hint=f"check the name; if it is private, `docker login {host}` or set credentials in pinbot.yaml",
        )
