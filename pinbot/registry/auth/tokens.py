"""Bearer tokens from a token server (distribution, docs/content/spec/auth: token.md, oauth.md, scope.md)."""

import asyncio
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode

from pinbot.errors import AccessDenied, RegistryError, Unreachable, Untrustworthy
from pinbot.ports.machine import Clock
from pinbot.registry.asking.complaints import error_message
from pinbot.registry.asking.hosts import TRANSIENT
from pinbot.registry.asking.web import Web
from pinbot.registry.auth.credentials import Credential
from pinbot.registry.servers.endpoint import Endpoint
from pinbot.registry.servers.urls import Url
from pinbot.registry.wire.messages import Answer

_MOST_SCOPES = 25
_ANSWER_LIMIT = 64 * 1024
_SHORTEST_LIFE = 60.0
_LONGEST_LIFE = 86400.0
_RENEW_AFTER = 0.9
_NO_OAUTH = frozenset({404, 405})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token for reading; `alone` tells that it was asked for with one repository only.

    `renew_at` is a moment of the clock's `monotonic()`.
    """

    value: str = field(repr=False)
    renew_at: float
    alone: bool


@dataclass(eq=False, slots=True)
class _Batch:
    """Repositories that share one request, and the task that makes it."""

    repositories: list[str] = field(default_factory=list)
    task: asyncio.Task[dict[str, Token | RegistryError]] | None = None


class TokenServer:
    """One realm and service, asked with one credential or none.

    Repositories that are wanted in the same turn of the event loop share a request, as far as the server
    grants several scopes at once; one that is denied does not fail the others. No two requests are made for
    one repository at a time, and failures are not kept.
    """

    def __init__(
        self,
        *,
        realm: Url,
        service: str | None,
        credential: Credential | None,
        endpoint: Endpoint,
        web: Web,
        clock: Clock,
    ) -> None:
        self._realm = realm
        self._service = service
        self._credential = credential
        self._endpoint = endpoint
        self._web = web
        self._clock = clock
        self._most_scopes = _MOST_SCOPES
        self._refused_together: set[str] = set()
        self._tokens: dict[str, Token] = {}
        self._taken: dict[str, Token] = {}
        self._pending: dict[str, asyncio.Task[dict[str, Token | RegistryError]]] = {}
        self._open: _Batch | None = None
        self._locked_out: AccessDenied | None = None

    async def token(self, repository: str) -> Token:
        """A token to pull from a repository, from an earlier answer as long as that is valid.

        Raises:
            AccessDenied: the server refuses.
            Unreachable: it cannot be asked.
            Untrustworthy: its answer is none.
        """
        token = self._tokens.get(repository)
        if token is not None and self._clock.monotonic() < token.renew_at:
            return token
        task = self._pending.get(repository) or self._enqueue(repository)
        outcome = (await asyncio.shield(task))[repository]
        if isinstance(outcome, RegistryError):
            raise outcome
        return outcome

    def refused(self, repository: str, token: Token) -> bool:
        """Note that the registry did not take a token; true if another one may be taken."""
        if self._tokens.get(repository) is token:
            del self._tokens[repository]
        if not token.alone:
            self._refused_together.add(repository)
        outlived = self._taken.get(repository) is token or self._clock.monotonic() >= token.renew_at
        return outlived or not token.alone

    def taken(self, repository: str, token: Token) -> None:
        """Note that the registry took a token. If it had to be asked for alone, so must be all others."""
        self._taken[repository] = token
        if token.alone and repository in self._refused_together:
            self._most_scopes = 1

    async def aclose(self) -> None:
        """Stop asking."""
        tasks = set(self._pending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _enqueue(self, repository: str) -> asyncio.Task[dict[str, Token | RegistryError]]:
        alone = repository in self._refused_together
        batch = None if alone else self._open
        if batch is None or batch.task is None or len(batch.repositories) >= self._most_scopes:
            batch = _Batch()
            batch.task = asyncio.create_task(self._serve(batch))
            if not alone:
                self._open = batch
        batch.repositories.append(repository)
        self._pending[repository] = batch.task
        return batch.task

    async def _serve(self, batch: _Batch) -> dict[str, Token | RegistryError]:
        await asyncio.sleep(0)  # all who were woken by the same event get in
        if self._open is batch:
            self._open = None
        try:
            return await self._request_for(tuple(batch.repositories))
        finally:
            for repository in batch.repositories:
                del self._pending[repository]

    async def _request_for(self, repositories: tuple[str, ...]) -> dict[str, Token | RegistryError]:
        try:
            token = await self._request(repositories)
        except RegistryError as error:
            if len(repositories) == 1 or not isinstance(error, AccessDenied) or self._locked_out:
                return dict.fromkeys(repositories, error)
            self._most_scopes = 1
            apart = await asyncio.gather(*(self._request_for((repository,)) for repository in repositories))
            return {repository: outcome for outcomes in apart for repository, outcome in outcomes.items()}
        self._tokens.update(dict.fromkeys(repositories, token))
        return dict.fromkeys(repositories, token)

    async def _request(self, repositories: tuple[str, ...]) -> Token:
        if self._locked_out is not None:
            raise self._locked_out
        asked_at = self._clock.monotonic()
        answer = await self._ask([f"repository:{repository}:pull" for repository in repositories])
        if answer.status != HTTPStatus.OK:
            raise self._failure(answer)
        try:
            document = json.loads(answer.body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            document = {}
        value = document.get("token") or document.get("access_token")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise Untrustworthy(
                f"the token server {self._realm.public} answered without a token",
                hint="whoever runs the registry must mend it",
            )
        life = document.get("expires_in")
        if not isinstance(life, int | float) or not life >= _SHORTEST_LIFE:
            life = _SHORTEST_LIFE
        renew_at = asked_at + min(life, _LONGEST_LIFE) * _RENEW_AFTER
        return Token(value=value, renew_at=renew_at, alone=len(repositories) == 1)

    async def _ask(self, scopes: list[str]) -> Answer:
        credential = self._credential
        if credential is not None and credential.identity_token:
            form = {
                "grant_type": "refresh_token",
                "refresh_token": credential.secret,
                "client_id": "pinbot",
                "service": self._service or "",
                "scope": " ".join(scopes),
            }
            answer = await self._send("POST", self._realm, form=urlencode(form).encode("ascii"))
            if answer.status not in _NO_OAUTH:
                return answer
        query = [("service", self._service)] if self._service else []
        url = self._realm.with_query([*query, *(("scope", scope) for scope in scopes)])
        return await self._send("GET", url, authorization=credential.basic if credential else None)

    async def _send(
        self,
        method: str,
        url: Url,
        *,
        form: bytes = b"",
        authorization: str | None = None,
    ) -> Answer:
        return await self._web.ask(
            method,
            url,
            endpoint=self._endpoint,
            limit=_ANSWER_LIMIT,
            form=form,
            authorization=authorization,
            redirects=0,
        )

    def _failure(self, answer: Answer) -> RegistryError:
        server = f"the token server {self._realm.public}"
        said = error_message(answer.body)
        words = f"{said} (status {answer.status})" if said else f"status {answer.status}"
        if answer.status in TRANSIENT or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unreachable(f"{server} failed: {words}", hint="run pinbot again later")
        if answer.status < HTTPStatus.BAD_REQUEST:
            return Untrustworthy(
                f"{server} gave no token: {words}", hint="whoever runs the registry must mend it"
            )
        denial = AccessDenied(f"{server} gives no token: {words}")
        if answer.status == HTTPStatus.UNAUTHORIZED and self._credential is not None:
            # A wrong password is not tried for each repository: accounts are locked for less.
            self._locked_out = denial
        return denial
