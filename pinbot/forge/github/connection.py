"""How GitHub's REST API is spoken to: as whom, how often, and what its failures mean.

Requests go through PyGithub's `Requester`: it knows authentication, base paths, redirects and error classes.
Its objects are not used, because they complete themselves with requests of their own whenever an attribute is
missing; here every request that is sent is one that somebody asked for, so that they can be counted.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import github

from pinbot.errors import ForgeDenied, UsageError
from pinbot.forge.github.errors import FOREIGN, LONGEST_WAIT, Request, explain, is_refusal, pause_before_retry
from pinbot.ports import Clock

PUBLIC_API = "https://api.github.com"
_TIMEOUT = 15  # seconds; GitHub itself gives up after ten
_WRITE_INTERVAL = 0.75  # seconds; GitHub allows 80 requests a minute that create content
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

T = TypeVar("T")
Answer = Any
Expected = tuple[int, str]


class Connection:
    """GitHub or GitHub Enterprise Server, as one token sees it.

    Requests are sent one after the other, as GitHub asks of its clients.

    Args:
        token: of a person, an app's installation, or the Action's GITHUB_TOKEN.
        api_url: where the REST API is, as Actions sets it in GITHUB_API_URL.
        clock: for waiting before a request is sent again.
        write_interval: seconds between two requests that change something.

    Attributes:
        host: of the API, for messages.
        calls: how many requests were sent so far.

    Raises:
        UsageError: the address cannot be right.
        ForgeDenied: the token cannot be one.
    """

    def __init__(
        self,
        *,
        token: str,
        clock: Clock,
        api_url: str = PUBLIC_API,
        write_interval: float = _WRITE_INTERVAL,
    ) -> None:
        token = token.strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ForgeDenied(
                "the GitHub token is empty or holds characters that no token has",
                hint="give a valid token in GITHUB_TOKEN",
            )
        api_url = api_url.rstrip("/")
        self.host = _check_address(api_url)
        self.calls = 0
        self._clock = clock
        self._turn = asyncio.Lock()
        self._requester = github.Github(
            auth=github.Auth.Token(token),
            base_url=api_url,
            timeout=_TIMEOUT,
            user_agent="pinbot",
            per_page=100,
            retry=None,  # `ask` does it: bounded, and awake to an interruption while it waits
            seconds_between_requests=0,
            seconds_between_writes=write_interval,
        ).requester

    def __repr__(self) -> str:
        return f"Connection({self.host!r})"

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

        Raises:
            ForgeError: GitHub refuses, or could not be asked.
        """
        waited = 0.0
        attempt = 0
        async with self._turn:
            while True:
                attempt += 1
                try:
                    return await asyncio.to_thread(self._send, verb, path, read, query, body)
                except FOREIGN as error:
                    for refusal, answer in (expected or {}).items():
                        if is_refusal(error, *refusal):
                            return answer
                    pause = pause_before_retry(error, attempt)
                    if pause is None or waited + pause > LONGEST_WAIT:
                        request = Request(doing=doing, needs=needs, target=target, host=self.host)
                        raise explain(error, request) from error
                await self._clock.sleep(pause)
                waited += pause

    def _send(
        self,
        verb: str,
        path: str,
        read: Callable[[Answer], T],
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> T:
        self.calls += 1
        _headers, data = self._requester.requestJsonAndCheck(
            verb, path, parameters=dict(query or {}), input=body
        )
        return read(data)


def _check_address(api_url: str) -> str:
    """The host of the API, for messages. A token must not travel in clear text."""
    try:
        parts = urlsplit(api_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    plain = parts.scheme == "http" and host in _LOOPBACK
    if not host or not (parts.scheme == "https" or plain) or parts.username or parts.query or parts.fragment:
        shown = api_url.rpartition("@")[2]  # what stands before may be a password
        raise UsageError(
            f"{shown!r} is no address of a GitHub API",
            hint="it looks like https://api.github.com or https://HOST/api/v3; http is for this machine only",
        )
    return host if port is None else f"{host}:{port}"
