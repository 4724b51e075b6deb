"""Asking a service that speaks OSV's API: one exchange of JSON, with every limit that it has."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from pinbot import __version__
from pinbot.errors import VulnerabilityError
from pinbot.ports.machine import Clock

_LARGEST_ANSWER = 32 << 20
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_HINT = "try again later; vulnerabilities are looked up only where `vulnerabilities` asks for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds that it may take to connect, between two bytes, for one exchange, and for one look-up."""

    connect: float = 5.0
    read: float = 15.0
    exchange: float = 30.0
    total: float = 120.0


class _Trouble(Exception):
    """An exchange that may go well the next time."""


class Service:
    """A service at an address; to be used as a context.

    Args:
        url: where `/v1/...` begins.
        clock: for pauses.
        tries: how often something is asked that went wrong for a reason that may pass.
    """

    def __init__(self, url: str, *, clock: Clock, timing: Timing | None = None, tries: int = 3) -> None:
        self._url = url.rstrip("/")
        self._clock = clock
        self._timing = timing or Timing()
        self._tries = tries
        self._opened: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            await self._opened.aclose()

    @asynccontextmanager
    async def deadline(self) -> AsyncIterator[None]:
        """All exchanges of one look-up have an end together.

        Raises:
            VulnerabilityError: it has come.
        """
        try:
            async with asyncio.timeout(self._timing.total):
                yield
        except TimeoutError as error:
            raise self._error(f"did not answer everything within {self._timing.total:g} seconds") from error

    async def ask(self, method: str, path: str, body: object = None) -> dict[str, Any] | None:
        """The document that the service answers with; None where it says that there is none.

        Raises:
            VulnerabilityError: it does not answer, or not with a document.
        """
        content = None if body is None else json.dumps(body).encode()
        for attempt in range(1, self._tries + 1):
            try:
                return await self._exchange(method, path, content)
            except _Trouble as trouble:
                if attempt == self._tries:
                    raise self._error(str(trouble)) from trouble
                await self._clock.sleep(0.5 * 2**attempt)
        raise AssertionError

    async def _exchange(self, method: str, path: str, content: bytes | None) -> dict[str, Any] | None:
        headers = {} if content is None else {"Content-Type": "application/json"}
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self._timing.exchange),
                self._client.stream(method, self._url + path, content=content, headers=headers) as response,
            ):
                async for piece in response.aiter_raw():
                    body += piece
                    if len(body) > _LARGEST_ANSWER:
                        raise self._error(f"answers with more than {_LARGEST_ANSWER:,} bytes")
        except TimeoutError as error:
            raise _Trouble(f"did not finish its answer within {self._timing.exchange:g} seconds") from error
        except (httpx.TransportError, ssl.SSLError) as error:
            raise _Trouble(f"does not answer: {str(error)[:200] or type(error).__name__}") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
            raise self._error(f"cannot be asked: {str(error)[:200]}") from error
        if response.status_code in _AGAIN:
            raise _Trouble(f"answers with status {response.status_code}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.status_code != httpx.codes.OK:
            raise self._error(f"answers with status {response.status_code}")
        return self._document(bytes(body))

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._opened is None:
            secure = self._url.startswith("https:")
            try:
                _ = urlsplit(self._url).port  # out of range, it would break out of anyio as a group of errors
                self._opened = httpx.AsyncClient(
                    verify=_trusted() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                    http2=True,
                    headers={"User-Agent": f"pinbot/{__version__}", "Accept-Encoding": "identity"},
                    timeout=httpx.Timeout(self._timing.read, connect=self._timing.connect),
                )
            except (ValueError, ImportError) as error:
                raise self._error(f"cannot be asked: {error}") from error
        return self._opened

    def _document(self, body: bytes) -> dict[str, Any]:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self._error("answers with what is no JSON") from error
        if not isinstance(document, dict):
            raise self._error("answers with what is no object")
        return document

    def _error(self, what: str) -> VulnerabilityError:
        return VulnerabilityError(f"the vulnerability database at {self._url} {what}", hint=_HINT)


def _trusted() -> ssl.SSLContext:
    """With the authorities of the system, or else those that httpx brings."""
    paths = ssl.get_default_verify_paths()
    return ssl.create_default_context() if paths.cafile or paths.capath else httpx.create_ssl_context()
