"""One HTTP exchange, with every limit that it has.

Nothing here follows a redirect, keeps a cookie, tries again or knows about credentials. What httpx raises
ends here: see `trouble`.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from pinbot.errors import Unreachable, Untrustworthy
from pinbot.model.exchange import Exchange
from pinbot.registry.addresses import is_loopback
from pinbot.registry.endpoint import Origin, host_of, origin
from pinbot.registry.quota import quota_of
from pinbot.registry.troubles import NoAnswer, Timing, mapped
from pinbot.registry.trust import Trust, no_trust

_CONTENT = frozenset({200, 206})
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent.

    Attributes:
        method, url, headers: as in HTTP.
        form: fields of a body, for POST.
        trust: certificates, for https.
        limit: bytes that the answer's body may have.
        streamed: leave the body of a 200 or 206, of any size, to be read from `Answer.stream`.
    """

    method: str
    url: httpx.URL
    headers: dict[str, str] = field(repr=False)
    form: dict[str, str] | None = field(default=None, repr=False)
    trust: Trust = field(default_factory=Trust)
    limit: int
    streamed: bool = False


class Stream:
    """The body of an answer that is still coming; it holds a connection until it is closed."""

    def __init__(self, response: httpx.Response, held: AsyncExitStack, timing: Timing) -> None:
        self._response = response
        self._held = held
        self._timing = timing

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The bytes as they are sent, up to 64 KiB at a time; can be read once.

        Each piece has the time of a whole answer, so that what comes too slowly ends, however long it is.

        Raises:
            NoAnswer: the connection is lost, or silent, or too slow.
        """
        chunks = self._response.aiter_raw(_PIECE)
        seconds = self._timing.total
        while True:
            with mapped(self._response.url, self._timing):
                try:
                    async with asyncio.timeout(seconds):
                        piece = await anext(chunks)
                except StopAsyncIteration:
                    return
                except TimeoutError as error:
                    host = self._response.url.netloc.decode("ascii")
                    raise NoAnswer(f"{host} sent less than {_PIECE} bytes in {seconds:g} seconds") from error
            yield piece

    async def aclose(self) -> None:
        """Give the connection back; it is lost if the body was not read to its end."""
        with mapped(self._response.url, self._timing):
            await self._held.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the body whole and within the limit, or else a `stream` to be read and closed.

    `version` is that of HTTP, e.g. `HTTP/1.1`.
    """

    url: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes
    stream: Stream | None = None
    version: str = ""


Observer = Callable[[Exchange], None]


class Transport:
    """Sends requests. Connections are kept, and no more are opened than requests are sent at once."""

    def __init__(self, *, user_agent: str, timing: Timing, observer: Observer | None) -> None:
        self._user_agent = user_agent
        self._timing = timing
        self._observer = observer
        self._contexts: dict[Trust | None, ssl.SSLContext] = {}
        self._clients: list[httpx.AsyncClient] = []
        self._idle: dict[tuple[Origin, Trust], list[httpx.AsyncClient]] = {}

    async def send(self, request: Request) -> Answer:
        """Exchange one request for one answer, of whatever status.

        Raises:
            NoAnswer: no whole answer within the time.
            Untrustworthy: an answer that is larger than the limit, or packed though it must not be.
        """
        headers = {"User-Agent": self._user_agent, "Accept-Encoding": "identity", **request.headers}
        started = time.perf_counter()
        status = quota = None
        body, stream = b"", None
        try:
            with mapped(request.url, self._timing):
                async with asyncio.timeout(self._timing.total), AsyncExitStack() as held:
                    client = held.enter_context(self._client(request))
                    outgoing = client.build_request(
                        request.method, request.url, headers=headers, data=request.form
                    )
                    incoming = await client.send(outgoing, stream=True, auth=None)
                    held.push_async_callback(incoming.aclose)
                    status = incoming.status_code
                    quota = quota_of(incoming.headers)
                    _refuse_packed(incoming, request)
                    if request.streamed and status in _CONTENT:
                        stream = Stream(incoming, held.pop_all(), self._timing)
                    else:
                        body = await _read(incoming, request)
        finally:
            if self._observer is not None:
                elapsed = (time.perf_counter() - started) * 1000
                self._observer(
                    Exchange(
                        method=request.method,
                        url=display(request.url),
                        status=status,
                        milliseconds=elapsed,
                        quota=quota,
                    )
                )
        return Answer(
            url=request.url,
            status=status,
            headers=incoming.headers,
            body=body,
            stream=stream,
            version=incoming.http_version,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients:
            await client.aclose()

    @contextmanager
    def _client(self, request: Request) -> Iterator[httpx.AsyncClient]:
        """A client of httpx with one connection, which nobody else uses meanwhile; an idle one if possible.

        A client with all the connections would look at each of them for each request, which takes more time
        than everything else that it does.
        """
        idle = self._idle.setdefault((origin(request.url), request.trust), [])
        client = idle.pop() if idle else self._open(request)
        try:
            yield client
        finally:
            idle.append(client)

    def _open(self, request: Request) -> httpx.AsyncClient:
        context = self._context(None if request.url.scheme == "http" else request.trust)
        timing = self._timing
        try:
            client = httpx.AsyncClient(
                verify=context,
                # No proxy can reach this machine's own loopback.
                trust_env=not is_loopback(host_of(request.url)),
                timeout=httpx.Timeout(timing.read, connect=timing.connect, pool=None),
                limits=httpx.Limits(keepalive_expiry=15),
                # Cookies would cross from port to port of one host.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            )
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise NoAnswer(
                f"the proxy that the environment names cannot be used: {error}",
                hint="mend HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY",
                transient=False,
            ) from error
        self._clients.append(client)
        return client

    def _context(self, trust: Trust | None) -> ssl.SSLContext:
        """The context for these certificates; None for plain http."""
        context = self._contexts.get(trust)
        if context is None:
            try:
                context = no_trust() if trust is None else trust.context()
            except Unreachable as error:
                raise NoAnswer(error.message, hint=error.hint, transient=False) from error
            self._contexts[trust] = context
        return context


def display(url: httpx.URL) -> str:
    """A URL that may be printed: without query and user, which can hold secrets."""
    return str(url.copy_with(username=None, password=None, query=None, fragment=None))


def _refuse_packed(response: httpx.Response, request: Request) -> None:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"} and request.method != "HEAD":
        raise Untrustworthy(
            f"{display(request.url)} sent its body in {encoding[:40]!r}, though it was asked not to pack it",
            hint="look for a proxy in between that compresses answers",
        )


async def _read(response: httpx.Response, request: Request) -> bytes:
    body = bytearray()
    # Also for HEAD, whose body is empty: a connection is used again only when the answer was read to its end.
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > request.limit:
            raise Untrustworthy(
                f"{display(request.url)} sent more than {request.limit} bytes where such an answer is small",
                hint="this is no registry's answer, or no image that other tools would read either",
            )
    return bytes(body)
