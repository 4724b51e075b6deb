"""Connections as bytes, to addresses that may be reached: TCP, and TLS on top. HTTP is spoken over them."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from itertools import zip_longest
from typing import Any

from pinbot.registry.once import Once
from pinbot.registry.servers.addresses import OutOfReach, Reach, look_up, network, parse
from pinbot.registry.wire.engine import httpcore

_FULL = 256 * 1024
_HEAD_START = 0.25
"""Seconds that an address has before the next one is tried beside it (RFC 8305, section 5)."""


class Wire(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection. It is read by one task at a time.

    Attributes:
        peer: the address of the other side.
    """

    def __init__(self) -> None:
        self.peer = ""
        self._transport: asyncio.Transport
        self._received = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writers: deque[asyncio.Future[None]] = deque()
        self._blocked = self._paused = False

    @property
    def ended(self) -> bool:
        """Whether the other side has closed it."""
        return self._ended

    # What the event loop calls; see `asyncio.Protocol`.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - that of a stream is one
        self._transport = transport
        self.peer = transport.get_extra_info("peername")[0]

    def data_received(self, data: bytes) -> None:
        """Keep what comes until it is read, but not without end."""
        self._received += data
        if len(self._received) > _FULL and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Note that nothing more comes; the transport then closes itself."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end, and why."""
        self._ended, self._error = True, exc
        self._wake()
        self.resume_writing()

    def pause_writing(self) -> None:
        """Let those wait who want to send."""
        self._blocked = True

    def resume_writing(self) -> None:
        """Let them go on."""
        self._blocked = False
        for writer in self._writers:
            if not writer.done():
                writer.set_result(None)
        self._writers.clear()

    # What httpcore calls; see `httpcore.AsyncNetworkStream`.

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        """What has come, or comes first; nothing when the other side has closed.

        Raises:
            httpcore.ReadTimeout, httpcore.ReadError: nothing comes.
        """
        if not self._received and not self._ended:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._reader
            except TimeoutError as error:
                raise httpcore.ReadTimeout from error
        if not self._received and self._error is not None:
            raise httpcore.ReadError(str(self._error)) from self._error
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if self._paused and len(self._received) <= _FULL:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's
        """Send, as fast as the other side takes it.

        Raises:
            httpcore.WriteTimeout, httpcore.WriteError: it takes nothing more.
        """
        if not buffer:
            return
        if self._ended and self._transport.is_closing():
            raise httpcore.WriteError(str(self._error or "closed")) from self._error
        self._transport.write(buffer)
        if self._blocked:
            writer = asyncio.get_running_loop().create_future()
            self._writers.append(writer)
            try:
                async with asyncio.timeout(timeout):
                    await writer
            except TimeoutError as error:
                raise httpcore.WriteTimeout from error

    async def aclose(self) -> None:
        """Close it, without waiting for the other side."""
        self._transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
    ) -> "Wire":
        """Speak TLS from here on.

        Raises:
            httpcore.ConnectTimeout, httpcore.ConnectError: there is no trust, or no answer.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                secure = await loop.start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except (OSError, ValueError) as error:  # ValueError: a name that no certificate can have
            raise httpcore.ConnectError(str(error)) from error
        if secure is None:
            raise httpcore.ConnectError("the connection was lost")
        self._transport = secure
        return self

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks for: `is_readable` and `ssl_object`."""
        if info == "is_readable":
            return bool(self._received) or self._ended
        return self._transport.get_extra_info(info)

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


LookUp = Callable[[str, int], Coroutine[Any, Any, list[str]]]
"""Gives the addresses of a host; see `addresses.look_up`."""


class Network(httpcore.AsyncNetworkBackend):
    """Makes wires, to servers within `reach` only; None for wherever they are."""

    def __init__(self, reach: Reach | None = None, look_up: LookUp = look_up) -> None:
        self._reach = reach
        self._look_up = look_up
        self._addresses = Once[tuple[str, int], list[str]]()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[object] | None = None,
    ) -> Wire:
        """Connect to whichever address answers first.

        A name is looked up once, and the addresses that were judged are those that are connected to: one that
        means another address a moment later (DNS rebinding) gains nothing by it.

        Raises:
            OutOfReach: one of the addresses is not within reach; no connection was made.
            httpcore.ConnectTimeout, httpcore.ConnectError: there is none.
        """
        del local_address, socket_options
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses.get((host, port), lambda: self._look_up(host, port))
                self._judge(addresses)
                return await _first_of(addresses, port)
        except TimeoutError as error:
            self._addresses.forget((host, port))
            raise httpcore.ConnectTimeout from error
        except (OSError, BaseExceptionGroup) as error:
            self._addresses.forget((host, port))
            raise httpcore.ConnectError(str(error)) from error

    def _judge(self, addresses: Iterable[str]) -> None:
        if self._reach is not None and not all(network(parse(one)) in self._reach for one in addresses):
            raise OutOfReach


async def _first_of(addresses: list[str], port: int) -> Wire:
    """A connection to the first address that takes one, each tried a moment after the one before it."""
    waiting = deque(_by_turns(addresses))
    tasks: set[asyncio.Task[Wire]] = set()
    failures: list[BaseException] = []
    try:
        while waiting or tasks:
            if waiting:
                tasks.add(asyncio.create_task(_connect(waiting.popleft(), port)))
            done, tasks = await asyncio.wait(
                tasks, timeout=_HEAD_START if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                failure = task.exception()
                if failure is None:
                    tasks |= done - {task}
                    return task.result()
                failures.append(failure)
    finally:
        await _drop(tasks)
    raise BaseExceptionGroup("no address answers", failures)


async def _connect(address: str, port: int) -> Wire:
    _, wire = await asyncio.get_running_loop().create_connection(Wire, address, port)
    return wire


async def _drop(tasks: set[asyncio.Task[Wire]]) -> None:
    """Stop connecting, and close what is connected already."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Wire):
            await outcome.aclose()


def _by_turns(addresses: list[str]) -> Iterable[str]:
    """IPv6 and IPv4 by turns, beginning with the kind that the system prefers (RFC 8305, section 4)."""
    first = [one for one in addresses if (":" in one) == (":" in addresses[0])]
    others = [one for one in addresses if one not in first]
    pairs = zip_longest(first, others)
    return (address for pair in pairs for address in pair if address is not None)
