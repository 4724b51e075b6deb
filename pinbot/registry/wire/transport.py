"""One HTTP exchange, with every limit that it has.

Nothing here follows a redirect, keeps a cookie, tries again or knows about credentials. What httpcore raises
ends here: see `mapped`.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import aclosing, suppress
from functools import partial
from typing import cast

from pinbot.errors import Unreachable, Untrustworthy
from pinbot.model.exchange import Exchange
from pinbot.registry.servers.addresses import OutOfReach
from pinbot.registry.servers.proxies import Proxies
from pinbot.registry.servers.trust import Trust
from pinbot.registry.servers.urls import Url
from pinbot.registry.wire.engine import httpcore
from pinbot.registry.wire.lines import Connection, Line, Route
from pinbot.registry.wire.messages import Answer, Headers, Request
from pinbot.registry.wire.quota import quota_of
from pinbot.registry.wire.troubles import NoAnswer, Timing, mapped

_CONTENT = frozenset({200, 206})
_PIECE = 64 * 1024

Observer = Callable[[Exchange], None]
"""Is told of every exchange."""


class Transport:
    """Sends requests. Connections are kept, and no more are opened than requests are sent at once."""

    def __init__(
        self, *, user_agent: str, timing: Timing, proxies: Proxies, observer: Observer | None
    ) -> None:
        self._headers = [(b"User-Agent", user_agent.encode("ascii")), (b"Accept-Encoding", b"identity")]
        self._timing = timing
        self._timeouts = {"read": timing.read, "write": timing.read, "connect": timing.connect}
        self._proxies = proxies
        self._observer = observer
        self._contexts: dict[tuple[Trust, tuple[str, ...]], ssl.SSLContext] = {}
        self._lines: dict[tuple[object, ...], Line] = {}

    async def send(self, request: Request) -> Answer:
        """Exchange one request for one answer, of whatever status.

        Raises:
            NoAnswer: no whole answer within the time.
            Untrustworthy: an answer that is larger than the limit, or packed though it must not be.
            OutOfReach: the server is in a network in which it must not be.
        """
        started, observer = time.perf_counter(), self._observer
        incoming: httpcore.Response | None = None
        headers = Headers()
        try:
            with mapped(request.url, self._timing):
                async with asyncio.timeout(self._timing.total):
                    line = self._line(request)
                    connection = await line.take(alone=request.streamed)
                    try:
                        incoming = await connection.http.handle_async_request(self._outgoing(request))
                        headers = Headers(incoming.headers)
                        _refuse_packed(headers, request)
                        streamed = request.streamed and incoming.status in _CONTENT
                        body = b"" if streamed else await _read(incoming, request)
                    except BaseException as error:
                        if incoming is not None:
                            await incoming.aclose()
                        await line.end(connection, error)
                        raise
                    stream = _Body(incoming, line, connection, request.url, self._timing)
                    if not streamed:
                        await stream.aclose()
        except OutOfReach:
            observer = None  # nothing was sent
            raise
        finally:
            if observer is not None:
                observer(_told(request, incoming, headers, time.perf_counter() - started))
        return Answer(
            url=request.url,
            status=incoming.status,
            headers=headers,
            body=body,
            stream=stream if streamed else None,
            version=_version(incoming),
            peer=connection.peer,
        )

    def expect(self, request: Request, count: int) -> None:
        """Connect for so many requests like this one before they are sent."""
        with suppress(NoAnswer):  # whoever sends one is told
            self._line(request).expect(count)

    async def aclose(self) -> None:
        """Close all connections."""
        for line in self._lines.values():
            await line.aclose()

    def _line(self, request: Request) -> Line:
        """The line to the server of a request: nobody uses one that was opened with other rights."""
        url, trust, reach = request.url, request.trust, request.reach
        key = url.origin, trust, reach
        line = self._lines.get(key)
        if line is None:
            try:
                proxy = self._proxies.find(url)
            except ValueError as error:
                raise NoAnswer(
                    f"the proxy that the environment names cannot be used: {error}",
                    hint="mend HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY",
                    transient=False,
                ) from error
            line = self._lines[key] = Line(
                Route(
                    url=url,
                    reach=reach,
                    context=partial(self._context, trust),
                    proxy=proxy,
                    seconds=self._timing.connect,
                )
            )
        return line

    def _context(self, trust: Trust, protocols: Iterable[str]) -> ssl.SSLContext:
        key = trust, tuple(protocols)
        context = self._contexts.get(key)
        if context is None:
            try:
                context = trust.context()
            except Unreachable as error:
                raise NoAnswer(error.message, hint=error.hint, transient=False) from error
            context.set_alpn_protocols(list(protocols))
            self._contexts[key] = context
        return context

    def _outgoing(self, request: Request) -> httpcore.Request:
        url = request.url
        headers = [(b"Host", url.authority.encode("ascii")), *self._headers]
        headers += [
            (name.encode("ascii"), value.encode("latin-1")) for name, value in request.headers.items()
        ]
        if request.body:
            headers.append((b"Content-Length", str(len(request.body)).encode("ascii")))
        return httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.scheme, host=url.host, port=url.unusual_port, target=url.target),
            headers=headers,
            content=request.body,
            extensions={"timeout": self._timeouts},
        )


class _Body:
    """See `Stream`."""

    def __init__(
        self, incoming: httpcore.Response, line: Line, connection: Connection, url: Url, timing: Timing
    ) -> None:
        self._incoming = incoming
        self._line = line
        self._connection = connection
        self._url = url
        self._timing = timing

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The bytes as they are sent, up to 64 KiB at a time; can be read once.

        Each piece has the time of a whole answer, so that what comes too slowly ends, however long it is.

        Raises:
            NoAnswer: the connection is lost, or silent, or too slow.
        """
        received, ended = bytearray(), False
        async with aclosing(_chunks(self._incoming)) as chunks:
            while True:
                with mapped(self._url, self._timing):
                    try:
                        async with asyncio.timeout(self._timing.total):
                            while len(received) < _PIECE and not ended:
                                chunk = await anext(chunks, None)
                                ended = chunk is None
                                received += chunk or b""
                    except TimeoutError as error:
                        raise self._too_slow() from error
                if not received:
                    return
                piece = bytes(received[:_PIECE])
                del received[:_PIECE]
                yield piece

    async def aclose(self) -> None:
        """Give the connection back; it is lost if the body was not read to its end."""
        await self._incoming.aclose()
        await self._line.end(self._connection)

    def _too_slow(self) -> NoAnswer:
        seconds = self._timing.total
        return NoAnswer(f"{self._url.authority} sent less than {_PIECE} bytes in {seconds:g} seconds")


def _told(request: Request, incoming: httpcore.Response | None, headers: Headers, seconds: float) -> Exchange:
    return Exchange(
        method=request.method,
        url=request.url.public,
        status=None if incoming is None else incoming.status,
        milliseconds=seconds * 1000,
        version=None if incoming is None else _version(incoming),
        quota=quota_of(headers),
    )


def _version(incoming: httpcore.Response) -> str:
    version: bytes = incoming.extensions["http_version"]
    return version.decode("ascii")


def _refuse_packed(headers: Headers, request: Request) -> None:
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"} and request.method != "HEAD":
        raise Untrustworthy(
            f"{request.url.public} sent its body in {encoding[:40]!r}, though it was asked not to pack it",
            hint="look for a proxy in between that compresses answers",
        )


async def _read(incoming: httpcore.Response, request: Request) -> bytes:
    body = bytearray()
    # Also for HEAD, whose body is empty: a connection is used again only when the answer was read to its end.
    async with aclosing(_chunks(incoming)) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > request.limit:
                raise _too_large(request)
    return bytes(body)


def _too_large(request: Request) -> Untrustworthy:
    return Untrustworthy(
        f"{request.url.public} sent more than {request.limit} bytes where such an answer is small",
        hint="this is no registry's answer, or no image that other tools would read either",
    )


def _chunks(incoming: httpcore.Response) -> AsyncGenerator[bytes, None]:
    """The body as it comes: httpcore makes a generator of it, and says less than that in its types."""
    return cast("AsyncGenerator[bytes, None]", aiter(cast("AsyncIterable[bytes]", incoming.stream)))
