"""In which way one registry wants to be asked: not at all, Basic, or with a Bearer token."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from pinbot.errors import AccessDenied, RegistryError, Untrustworthy
from pinbot.ports.machine import Clock
from pinbot.registry.asking.complaints import error_message
from pinbot.registry.asking.web import Web
from pinbot.registry.auth import challenge
from pinbot.registry.auth.challenge import BASIC, BEARER, Challenge
from pinbot.registry.auth.credentials import Credential, CredentialStore
from pinbot.registry.auth.memory import Memory
from pinbot.registry.auth.tokens import Token, TokenServer
from pinbot.registry.once import Once
from pinbot.registry.servers.endpoint import Endpoint
from pinbot.registry.servers.urls import Url, shown
from pinbot.registry.wire.messages import Answer

_BASE = "/v2/"
_BASE_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What a request was sent with, and the challenge that asked for it."""

    header: str | None = field(default=None, repr=False)
    challenge: Challenge | None = None
    credential: Credential | None = None
    server: TokenServer | None = None
    token: Token | None = None


class Authenticator:
    """Learns from the answers of one registry how to ask it, and keeps that for the following requests.

    How it was to be asked in an earlier run is a guess: it saves the first question, and if anything speaks
    against it the registry is asked anew.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        web: Web,
        store: CredentialStore,
        clock: Clock,
        memory: Memory,
        tries: int | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._web = web
        self._store = store
        self._clock = clock
        self._memory = memory
        self._tries = tries
        self._challenge = memory.recall(endpoint.url)
        self._guessed = self._challenge is not None
        self._credential: Credential | None = None
        self._came = 0
        self._known = asyncio.Event()
        if self._guessed:
            self._known.set()
        self._learning = Once[str, None]()
        self._servers: dict[tuple[Url, str | None, Credential | None], TokenServer] = {}

    @property
    def scheme(self) -> str | None:
        """`basic` or `bearer`, once the registry has asked for it."""
        return None if self._challenge is None else self._challenge.scheme

    @property
    def realm_host(self) -> str | None:
        """`host[:port]` of the token server, for `bearer`."""
        if self._challenge is None or self._challenge.scheme != BEARER:
            return None
        try:
            return self._realm(self._challenge).authority
        except Untrustworthy:
            return None

    @property
    def credentials(self) -> str | None:
        """Where those come from that were used last."""
        return None if self._credential is None else self._credential.source

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Let the first request to the registry go alone, so that the others can learn from its answer.

        Where others wait already, what is to be learnt is asked for at the base of the API instead: that
        counts as no pull anywhere, and no request for an image is lost.
        """
        self._came += 1
        if self._known.is_set():
            if self._came == 1:  # it is a guess; while a token is asked for there is time to connect
                await asyncio.sleep(0)  # all who were woken by the same event get in
                self._web.expect(self._came, self._endpoint)
            yield
        elif self._came == 1:
            try:
                await asyncio.sleep(0)
                if self._came > 1:
                    self._web.expect(self._came, self._endpoint)
                    await self._learn()
                    self._known.set()
                yield
            finally:
                self._known.set()
        else:
            await self._known.wait()
            yield

    async def authorization(self, repository: str) -> Authorization:
        """How to ask for a repository, as far as is known.

        Raises:
            RegistryError: a token is needed and cannot be had.
        """
        guess = self._challenge if self._guessed else None
        try:
            return await self._authorization(repository)
        except RegistryError:
            confirmed = not self._guessed and self._challenge == guess
            if guess is None or confirmed:
                raise
        await self._learning.get("anew", self._learn)
        return await self._authorization(repository)

    async def _authorization(self, repository: str) -> Authorization:
        wanted = self._challenge
        if wanted is None:
            return Authorization()
        credential = self._credential = await self._store.find(self._endpoint.settings, repository)
        if wanted.scheme == BASIC:
            header = None if credential is None else credential.basic
            return Authorization(header=header, challenge=wanted, credential=credential)
        server = self._server(wanted, credential)
        try:
            token = await server.token(repository)
        except AccessDenied as error:
            raise self._denied(repository, credential, error.message) from error
        return Authorization(
            header=f"Bearer {token.value}",
            challenge=wanted,
            credential=credential,
            server=server,
            token=token,
        )

    def accepted(self, repository: str, used: Authorization) -> None:
        """Learn from an answer that is not 401."""
        if used.header is not None and used.challenge is not None:
            self._guessed = self._guessed and used.challenge != self._challenge
            self._memory.keep(self._endpoint.url, used.challenge)
        if used.server is not None and used.token is not None:
            used.server.taken(repository, used.token)

    async def refused(self, repository: str, used: Authorization, answer: Answer) -> None:
        """Learn from a 401 how to ask again.

        Raises:
            AccessDenied: asking again would not help.
        """
        found = _found(answer)
        if found is None and used.header is None:
            found = await self._asked_at_base()
        if found is not None:
            self._challenge, self._guessed = found, False
        if found is not None and used.challenge not in {None, found}:
            again = True  # it is another one than before
        elif used.server is not None and used.token is not None:
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
        await self._learning.aclose()
        for server in self._servers.values():
            await server.aclose()

    async def _learn(self) -> None:
        """Ask the registry how it wants to be asked; whatever was known before is forgotten."""
        self._challenge, self._guessed = None, False
        self._memory.forget(self._endpoint.url)
        self._challenge = await self._asked_at_base()

    async def _asked_at_base(self) -> Challenge | None:
        answer: Answer | None = None
        with suppress(Untrustworthy):  # a page to log in, perhaps: images may be had all the same
            answer = await self._web.ask(
                "GET",
                self._endpoint.url.at(_BASE),
                endpoint=self._endpoint,
                limit=_BASE_LIMIT,
                tries=self._tries,
            )
        return None if answer is None else _found(answer)

    async def _can_log_in(self, repository: str) -> bool:
        if self._challenge is None or self._challenge.scheme == BEARER:
            return self._challenge is not None
        return await self._store.find(self._endpoint.settings, repository) is not None

    def _server(self, wanted: Challenge, credential: Credential | None) -> TokenServer:
        realm, service = self._realm(wanted), wanted.get("service")
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

    def _realm(self, wanted: Challenge) -> Url:
        text = wanted.get("realm") or ""
        try:
            if text:
                return self._endpoint.url.join(text)
        except ValueError:
            pass
        raise Untrustworthy(
            f"{self._endpoint.name} sends to {shown(text)} for a token: not followed",
            hint="the realm of a Bearer challenge is an https address without a user",
        )

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


def _found(answer: Answer) -> Challenge | None:
    """The challenge of a 401."""
    if answer.status != HTTPStatus.UNAUTHORIZED:
        return None
    return challenge.choose(challenge.parse(answer.headers.each("WWW-Authenticate")))
