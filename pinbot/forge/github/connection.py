"""How GitHub's REST API is spoken to: as whom, how often, and what its failures mean.

Requests go through PyGithub's `Requester`: it knows authentication, base paths and error classes.
Its objects are not used, because they complete themselves with requests of their own whenever an attribute is
missing; here every request that is sent is one that somebody asked for, so that they can be counted. And it
is given connections that stop at a redirect where it would lose what was asked.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

import github
from github.Requester import Requester

from pinbot.forge.github.errors import (
    FOREIGN,
    LONGEST_WAIT,
    Request,
    explain,
    is_refusal,
    pause_before_retry,
    refused,
)
from pinbot.forge.github.known import Known, KnownAnswers
from pinbot.forge.github.line import TIMEOUT, check_address, details, line
from pinbot.forge.github.tokens import checked
from pinbot.ports.machine import Cache, Clock

_WRITE_INTERVAL = 0.75  # seconds; GitHub allows 80 requests a minute that create content
_GRAPHQL = "/graphql"

T = TypeVar("T")
Answer = Any
Expected = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A token that is good for a while, and for how many seconds."""

    token: str = field(repr=False)
    seconds: float


class Lessor(Protocol):
    """Gives a token whenever the one before it has had its time, or is not taken any more."""

    @property
    def calls(self) -> int:
        """How many requests that took so far."""
        ...

    async def lease(self) -> Lease:
        """A new token.

        Raises:
            ForgeError: there is none to be had.
        """
        ...


class Connection:
    """GitHub or GitHub Enterprise Server, as one token sees it.

    Requests are sent one after the other, as GitHub asks of its clients. What was read before is asked for
    under the condition that it has changed: "it has not" costs nothing of the quota.

    Args:
        token: of a person, an app's installation, or the Action's GITHUB_TOKEN; or who gives one.
        api_url: where the REST API is, as Actions sets it in GITHUB_API_URL.
        clock: for waiting before a request is sent again.
        write_interval: seconds between two requests that change something.
        kind: how the token is presented: `token`, or `Bearer` for that of an app itself.
        cache: keeps answers for the next run, if the token lasts until then.

    Attributes:
        host: of the API, for messages.
        sent: how many requests were sent so far, those for its tokens left out.
        calls_about: the same for each target of `ask`.

    Raises:
        UsageError: the address cannot be right.
        ForgeDenied: the token cannot be one.
    """

    def __init__(
        self,
        *,
        token: str | Lessor,
        clock: Clock,
        api_url: str,
        write_interval: float = _WRITE_INTERVAL,
        kind: str = "token",
        cache: Cache | None = None,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self.host = check_address(self._api_url)
        self.sent = 0
        self.calls_about: Counter[str] = Counter()
        self._token = ""
        self._clock = clock
        self._turn = asyncio.Lock()
        self._write_interval = write_interval
        self._known = KnownAnswers(
            cache, host=self.host, token=checked(token) if isinstance(token, str) else ""
        )
        self._kind = kind
        self._lessor: Lessor | None = None
        self._renew_at = 0.0
        if isinstance(token, str):
            self._requester = self._as(checked(token))
        else:
            self._lessor = token

    def _as(self, token: str) -> Requester:
        self._token = token
        self._line = line(self._api_url)
        auth = github.Auth.AppAuthToken(token) if self._kind == "Bearer" else github.Auth.Token(token)
        return github.Github(
            auth=auth,
            base_url=self._api_url,
            timeout=TIMEOUT,
            user_agent="pinbot",
            per_page=100,
            retry=None,  # `ask` does it: bounded, and awake to an interruption while it waits
            seconds_between_requests=0,
            seconds_between_writes=self._write_interval,
        ).requester

    def __repr__(self) -> str:
        return f"Connection({self.host!r})"

    @property
    def calls(self) -> int:
        """How many requests were sent so far, those for its tokens included."""
        return self.sent + (self._lessor.calls if self._lessor is not None else 0)

    async def token(self) -> str:
        """What it speaks with, for what is no request to the API.

        Raises:
            ForgeError: there is none to be had.
        """
        async with self._turn:
            await self._authenticate()
            return self._token

    async def ask(
        self,
        verb: str,
        path: str,
        read: Callable[[Answer], T],
        *,
        target: str,
        doing: str,
        needs: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        expected: Mapping[Expected, T] | None = None,
        keep: bool = True,
    ) -> T:
        """Send one request, again if it may help, and read the answer: here GitHub's failures are met.

        Args:
            verb: the method.
            path: from the root of the API, e.g. `/repos/owner/name/pulls`.
            read: makes the result of the answer's JSON.
            target: what it is about, for messages: the repository.
            doing: what is being done, for messages: "could not {doing} {target}".
            needs: the permission that it takes.
            query: parameters.
            body: JSON to send.
            expected: for refusals that are an answer (status, and words in it), what that answer is.
            keep: whether the answer may be asked for again, by this run or a later one.

        Raises:
            ForgeError: GitHub refuses, or could not be asked.
        """
        waited = 0.0
        attempt = 0
        place = json.dumps([path, dict(query or {})]) if keep and verb == "GET" else None
        async with self._turn:
            can_renew = not await self._authenticate() and self._lessor is not None
            known = None if place is None else await self._known.get(place)
            while True:
                attempt += 1
                self.calls_about[target] += 1
                try:
                    tag, data = await _to_the_end(
                        asyncio.to_thread(self._send, verb, path, query, body, known)
                    )
                    result = read(data)
                except FOREIGN as error:
                    for refusal, answer in (expected or {}).items():
                        if is_refusal(error, *refusal):
                            return answer
                    if can_renew and is_refusal(error, HTTPStatus.UNAUTHORIZED, ""):
                        can_renew, self._renew_at = False, 0.0  # it was revoked, or this machine slept
                        await self._authenticate()
                        continue
                    pause = pause_before_retry(error, attempt)
                    if pause is None or waited + pause > LONGEST_WAIT:
                        request = Request(doing=doing, needs=needs, target=target, host=self.host)
                        raise explain(error, request) from error
                else:
                    if place is not None and tag:
                        await self._known.put(place, Known(tag, data))
                    return result
                await self._clock.sleep(pause)
                waited += pause

    async def mutate(
        self, document: str, variables: Mapping[str, Any], *, target: str, doing: str, needs: str
    ) -> None:
        """Send one mutation to GraphQL; `variables` are the fields of its one input.

        Raises:
            ForgeError: as for `ask`. GraphQL answers 200 to what it refuses; its words are in the message.
        """
        refusals = await self.ask(
            "POST",
            _GRAPHQL,
            _refusals,
            target=target,
            doing=doing,
            needs=needs,
            body={"query": document, "variables": {"input": dict(variables)}},
        )
        if refusals:
            raise refused(refusals, Request(doing=doing, needs=needs, target=target, host=self.host))

    async def _authenticate(self) -> bool:
        """Have a token that should do for this request; says whether it is a new one."""
        if self._lessor is None or (self._renew_at and self._clock.monotonic() < self._renew_at):
            return False
        lease = await self._lessor.lease()
        self._requester = self._as(checked(lease.token))
        self._renew_at = self._clock.monotonic() + lease.seconds
        return True

    def _send(
        self,
        verb: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        known: Known | None,
    ) -> tuple[str, Answer]:
        """The answer's tag, if it is a new answer, and the answer."""
        self.sent += 1
        status, headers, text = self._requester.requestJson(
            verb,
            self._requester.graphql_url if path == _GRAPHQL else path,
            parameters=dict(query or {}),
            headers=None if known is None else {"If-None-Match": known.tag},
            input=body,
            cnx=self._line,
        )
        if status >= HTTPStatus.BAD_REQUEST:
            raise self._requester.createException(status, headers, details(text))
        if known is not None and status == HTTPStatus.NOT_MODIFIED:
            return "", known.data
        return headers.get("etag") or "", json.loads(text) if text else None


async def _to_the_end(sending: Awaitable[T]) -> T:
    """Its result; who is not waited for any more still has it ended before the next request begins.

    A thread cannot be stopped, and two of them must not send at once.
    """
    task = asyncio.ensure_future(sending)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        task.cancelled() or task.exception()  # it is of interest to nobody
        raise


def _refusals(data: Answer) -> list[Answer]:
    """What GraphQL has against a request, of an answer that is one."""
    errors = data.get("errors") or []
    if not isinstance(errors, list) or not ("data" in data or errors):
        raise TypeError("neither data nor errors")
    return errors
