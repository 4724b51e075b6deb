"""Lines: the open connections to one server, and which of them a request is given.

In HTTP/1.1 a connection carries one request at a time, and as many are opened as requests are sent at once.
In HTTP/2 one connection carries them all. Which of the two a server of https speaks is settled in the
handshake of its first connection (ALPN, RFC 7301).
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from pinbot.errors import PinbotError
from pinbot.registry.servers.addresses import Address, OutOfReach, Reach, networks_of, parse
from pinbot.registry.servers.proxies import Proxy
from pinbot.registry.servers.trust import Trust
from pinbot.registry.servers.urls import Url
from pinbot.registry.wire.engine import httpcore
from pinbot.registry.wire.wires import Network, Wire

T = TypeVar("T")

_IDLE = 15.0
"""Seconds after which an idle connection is not used again; many servers close theirs after so long."""

_MOST_FAILURES = 2
_FORGIVEN_AFTER = 100

_ONE_AT_A_TIME = ("http/1.1",)
_ALL_AT_ONCE = "h2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How to get to a server.

    Attributes:
        url: of the server, whatever its path.
        reach: the networks in which the server may be; None for any.
        context: makes a context for TLS, with the protocols to offer.
        proxy: to be asked instead of the server.
        seconds: that connecting may take, and again TLS.
    """

    url: Url
    reach: Reach | None
    context: Callable[[Iterable[str]], ssl.SSLContext]
    proxy: Proxy | None
    seconds: float


@dataclass(eq=False, slots=True, kw_only=True)
class Connection:
    """One connection.

    Attributes:
        http: what speaks HTTP.
        wire: what it is spoken over; None where a proxy is in between.
        shared: whether it carries any number of requests at a time.
        used: whether it has carried one.
    """

    http: httpcore.AsyncConnectionInterface
    wire: Wire | None = None
    shared: bool = False
    used: bool = False

    @property
    def usable(self) -> bool:
        """Whether it can carry a request, or another one, now."""
        if self.wire is not None and self.wire.ended:
            return False
        return not self.used or (self.http.is_available() and not self.http.has_expired())

    @property
    def peer(self) -> Address | None:
        """The address at its other end; None where that is a proxy."""
        return None if self.wire is None else parse(self.wire.peer)

    async def aclose(self) -> None:
        """Close it, whatever it carries."""
        await self.http.aclose()


class Line:
    """All connections to one server."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._network = Network(route.reach if route.proxy is None else None)
        # Not through proxies: HTTP/2 is for many requests at once, which they would rather see one by one.
        self._may_share = route.url.scheme == "https" and route.proxy is None
        self._shared: Connection | None = None
        self._opening: asyncio.Task[None] | None = None
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._failures = self._good = 0
        self._expected = 0
        self._warming: list[asyncio.Task[Connection]] = []

    def expect(self, requests: int) -> None:
        """Connect for so many requests before they come: once, and then as often as that shows to be right.

        Where HTTP/2 is spoken one connection is enough, and where nobody is, one attempt.
        """
        self._expected = max(self._expected, requests)
        if self._all:
            self._warm()
        elif self._may_share:
            self._begin_to_share()
        elif not self._warming and self._route.proxy is None:
            self._warming.append(_begin(self._open(_ONE_AT_A_TIME)))

    async def take(self, *, alone: bool = False) -> Connection:
        """A connection for one request; `alone` makes it one that nobody else uses meanwhile.

        Raises:
            OutOfReach, httpcore.ConnectError, httpcore.ConnectTimeout: there is none.
        """
        if self._may_share and not alone:
            if self._shared is None or not self._shared.usable:
                await asyncio.shield(self._begin_to_share())
            if self._shared is not None:
                self._shared.used = True
                return self._shared
        connection = await self._unshared()
        connection.used = True
        return connection

    async def end(self, connection: Connection, trouble: BaseException | None = None) -> None:
        """End one request; after `trouble` its connection gets no other one.

        Those that share it may still come to their end. A server that breaks it a second time before it has
        answered a hundred requests is spoken to in HTTP/1.1 from then on.
        """
        if trouble is None:
            self._good += 1
            if self._good == _FORGIVEN_AFTER:
                self._failures = 0
        elif connection is self._shared and _is_of_server(trouble):
            self._good, self._failures = 0, self._failures + 1
            self._may_share = self._failures < _MOST_FAILURES
            if not (self._may_share and connection.usable):
                self._shared = None
        if connection.shared:
            if connection is not self._shared and connection.http.is_idle():
                await self._close(connection)
        elif trouble is None and connection.http.is_idle():
            self._idle.append(connection)
        else:
            await self._close(connection)

    async def aclose(self) -> None:
        """Close all connections."""
        tasks = [*self._warming, *([] if self._opening is None else [self._opening])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in tuple(self._all):
            await self._close(connection)

    async def _unshared(self) -> Connection:
        while self._idle or self._warming:
            connection = self._idle.pop() if self._idle else await self._warming.pop(0)
            if connection.usable:
                return connection
            await self._close(connection)
        return await self._open(_ONE_AT_A_TIME)

    def _begin_to_share(self) -> asyncio.Task[None]:
        if self._opening is None or self._opening.done():
            self._opening = _begin(self._open_for_all())
        return self._opening

    async def _open_for_all(self) -> None:
        """Open what may turn out to be a connection for all."""
        connection = await self._open((_ALL_AT_ONCE, *_ONE_AT_A_TIME))
        if connection.shared:
            before, self._shared = self._shared, connection
            if before is not None and before.http.is_idle():
                await self._close(before)
        else:
            self._may_share = False
            self._idle.append(connection)
            self._warm()

    async def _open(self, protocols: Iterable[str]) -> Connection:
        route = self._route
        origin = httpcore.Origin(route.url.scheme.encode(), route.url.host.encode(), route.url.port)
        if route.proxy is None:
            connection = await self._connect(origin, protocols)
        else:
            # What a name means to the proxy cannot be known, only what it means here, if anything.
            there = await networks_of(route.url.host, route.url.port)
            if route.reach is not None and not there <= route.reach:
                raise OutOfReach
            connection = Connection(http=self._by_proxy(route.proxy).create_connection(origin))
        self._all.add(connection)
        self._warm()
        return connection

    async def _connect(self, origin: httpcore.Origin, protocols: Iterable[str]) -> Connection:
        url, seconds = self._route.url, self._route.seconds
        context = self._route.context(protocols) if url.scheme == "https" else None
        wire = await self._network.connect_tcp(url.host, url.port, seconds)
        try:
            if context is not None:
                await wire.start_tls(context, url.host, seconds)
        except BaseException:
            await wire.aclose()
            raise
        chosen = wire.get_extra_info("ssl_object")
        if chosen is None or chosen.selected_alpn_protocol() != _ALL_AT_ONCE:
            http = httpcore.AsyncHTTP11Connection(origin, stream=wire, keepalive_expiry=_IDLE)
            return Connection(http=http, wire=wire)
        from pinbot.registry.wire.http2 import Http2Connection  # noqa: PLC0415 - most runs have no use for it

        return Connection(http=Http2Connection(wire, keepalive_expiry=_IDLE), wire=wire, shared=True)

    def _by_proxy(self, proxy: Proxy) -> httpcore.AsyncHTTPProxy:
        url = proxy.url
        return httpcore.AsyncHTTPProxy(
            httpcore.URL(scheme=url.scheme, host=url.host, port=url.unusual_port, target="/"),
            proxy_auth=proxy.login,
            ssl_context=self._route.context(_ONE_AT_A_TIME) if self._route.url.scheme == "https" else None,
            proxy_ssl_context=Trust().context() if url.scheme == "https" else None,
            keepalive_expiry=_IDLE,
            network_backend=self._network,
        )

    def _warm(self) -> None:
        if not self._may_share and self._route.proxy is None:
            missing = self._expected - len(self._all) - len(self._warming)
            self._expected = 0
            self._warming += [_begin(self._open(_ONE_AT_A_TIME)) for _ in range(missing)]

    async def _close(self, connection: Connection) -> None:
        self._all.discard(connection)
        await connection.aclose()


def _begin(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Begin what somebody may wait for later, or nobody: then its failure is nobody's."""
    task = asyncio.create_task(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


def _is_of_server(trouble: BaseException) -> bool:
    """Whether it is a failure of the server, and not ours to stop, or to refuse an answer."""
    return isinstance(trouble, Exception) and not isinstance(trouble, PinbotError)
