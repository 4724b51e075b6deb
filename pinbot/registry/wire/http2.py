"""HTTP/2: many requests at a time over one wire (RFC 9113). The protocol is h2's; this reads and writes.

httpcore brings such a connection, too. In that one each request reads for all others in turn, so that an
error which one of them meets leaves the others waiting, and who stops waiting does not tell the server. Here
one task reads, and hands everybody what is theirs.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import suppress

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from pinbot.documents import clean
from pinbot.registry.wire.engine import Interrupted, httpcore
from pinbot.registry.wire.gate import Gate
from pinbot.registry.wire.wires import Wire

_PIECE = 64 * 1024
_MOST_AT_ONCE = 100
_MOST_HEADERS = 64 * 1024
_WINDOW = 4 * 1024 * 1024
"""Bytes that may be on their way before they are taken: for one answer, and for all together."""

_PATIENCE = 15.0
"""Seconds that a server may take nothing of what it is sent."""

Head = tuple[int, list[tuple[bytes, bytes]]]
"""Status and headers."""


class Http2Connection(httpcore.AsyncConnectionInterface):
    """One connection, for any number of requests at a time, or as many as the server takes.

    Args:
        wire: on which HTTP/2 was agreed.
        keepalive_expiry: seconds after which it is not used again when nothing was under way.
    """

    def __init__(self, wire: Wire, *, keepalive_expiry: float) -> None:
        self._wire = wire
        self._keepalive_expiry = keepalive_expiry
        config = h2.config.H2Configuration(client_side=True, header_encoding=None)
        self._h2 = h2.connection.H2Connection(config=config)
        self._answers: dict[int, _Answer] = {}
        self._gate = Gate(1)  # until the server has told how many it takes
        self._trouble: Interrupted | None = None
        self._loop = asyncio.get_running_loop()
        self._idle_since = self._heard_at = self._loop.time()
        self._begin()
        self._reading = asyncio.create_task(self._read())

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request, and wait for the head of its answer.

        Raises:
            Interrupted: the server ended it, or all that is under way, or says nothing at all any more.
            httpcore.ReadTimeout: it says nothing to this request.
        """
        await self._gate.enter()
        answer: _Answer | None = None
        try:
            answer = await self._send(request)
            status, headers = await answer.head()
        except BaseException as error:
            await self.end(answer)
            if isinstance(error, h2.exceptions.H2Error):  # what the server has said rules the request out
                raise Interrupted(_words(error)) from error
            raise
        extensions = {"http_version": b"HTTP/2"}
        return httpcore.Response(status, headers=headers, content=answer, extensions=extensions)

    def can_handle_request(self, origin: httpcore.Origin) -> bool:
        """True: it is only given requests that it is for."""
        del origin
        return True

    def is_available(self) -> bool:
        """Whether one more request can be sent."""
        return self._trouble is None

    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._answers

    def is_closed(self) -> bool:
        """Whether it has come to its end."""
        return self._trouble is not None

    def has_expired(self) -> bool:
        """Whether nothing was under way for too long."""
        return self.is_idle() and self._loop.time() - self._idle_since > self._keepalive_expiry

    def info(self) -> str:
        """A word for logs."""
        return f"HTTP/2, {len(self._answers)} under way"

    async def aclose(self) -> None:
        """Close it, whatever is under way."""
        self._reading.cancel()
        self._fail(Interrupted("closed"))
        await self._wire.aclose()

    async def end(self, answer: "_Answer | None") -> None:
        """End one request; what is still to come of its answer is not wanted."""
        self._gate.leave()
        if answer is None:
            return
        del self._answers[answer.stream]
        self._idle_since = self._loop.time()
        with suppress(httpcore.NetworkError, httpcore.WriteTimeout, h2.exceptions.ProtocolError):
            if self._trouble is None:
                if not answer.ended:
                    self._h2.reset_stream(answer.stream, h2.errors.ErrorCodes.CANCEL)
                if answer.untaken:
                    self._h2.acknowledge_received_data(answer.untaken, answer.stream)
                await self._flush(0)

    async def taken(self, size: int, stream: int) -> None:
        """Let the server send so many bytes more."""
        with suppress(httpcore.NetworkError, httpcore.WriteTimeout, h2.exceptions.ProtocolError):
            if self._trouble is None:
                self._h2.acknowledge_received_data(size, stream)
                await self._flush()

    def silent(self, seconds: float) -> None:
        """Break off all that is under way, if nothing at all has come for so long."""
        if self._loop.time() - self._heard_at >= seconds:
            self._fail(Interrupted(f"not a byte for {seconds:g} seconds"))

    def _begin(self) -> None:
        codes = h2.settings.SettingCodes
        mine = {
            codes.ENABLE_PUSH: 0,
            codes.INITIAL_WINDOW_SIZE: _WINDOW,
            codes.MAX_HEADER_LIST_SIZE: _MOST_HEADERS,
        }
        self._h2.local_settings = h2.settings.Settings(client=True, initial_values=mine)
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_WINDOW)

    async def _send(self, request: httpcore.Request) -> "_Answer":
        if self._trouble is not None:
            raise self._trouble
        headers = [(name.lower(), value) for name, value in request.headers]
        pseudo = {
            b":method": request.method,
            b":authority": dict(headers)[b"host"],
            b":scheme": request.url.scheme,
            b":path": request.url.target,
        }
        assert isinstance(request.stream, AsyncIterable)  # noqa: S101 - httpcore makes it so
        body = b"".join([piece async for piece in request.stream])
        stream = self._h2.get_next_available_stream_id()
        sent = [*pseudo.items(), *(pair for pair in headers if pair[0] != b"host")]
        self._h2.send_headers(stream, sent, end_stream=not body)
        size = self._h2.max_outbound_frame_size
        for start in range(0, len(body), size):
            self._h2.send_data(stream, body[start : start + size], end_stream=start + size >= len(body))
        answer = self._answers[stream] = _Answer(self, stream, request.extensions["timeout"]["read"])
        await self._flush()
        return answer

    async def _flush(self, seconds: float = _PATIENCE) -> None:
        """Send what h2 has to say."""
        await self._wire.write(self._h2.data_to_send(), seconds)

    async def _read(self) -> None:
        """Hand out what comes, until nothing does."""
        trouble = Interrupted("the connection was closed")
        try:
            await self._flush()
            while data := await self._wire.read(_PIECE):
                self._heard_at = self._loop.time()
                for event in self._h2.receive_data(data):
                    self._take(event)
                await self._flush()
        except (h2.exceptions.H2Error, httpcore.NetworkError, httpcore.WriteTimeout, ValueError) as error:
            # ValueError: h2 lets a status through that is no number.
            trouble = Interrupted(_words(error))
            trouble.__cause__ = error
        self._fail(trouble)
        await self._wire.aclose()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RemoteSettingsChanged):
            self._gate.room = min(self._h2.remote_settings.max_concurrent_streams, _MOST_AT_ONCE)
        elif isinstance(event, h2.events.ConnectionTerminated):
            # h2 takes nothing more from such a connection, also not what the server would still send.
            self._fail(Interrupted(f"GOAWAY, {_code(event.error_code)}"))
        else:
            answer = self._answers.get(getattr(event, "stream_id", 0))
            if answer is not None:
                answer.take(event)

    def _fail(self, trouble: Interrupted) -> None:
        """Break off all that is under way."""
        if self._trouble is None:
            self._trouble = trouble
            for answer in self._answers.values():
                answer.fail(trouble)


class _Answer:
    """One answer, and its body as it comes; `ended` when all of it has come, or nothing more will."""

    def __init__(self, connection: Http2Connection, stream: int, seconds: float) -> None:
        self.stream = stream
        self.ended = False
        self._connection = connection
        self._seconds = seconds
        self._head: Head | None = None
        self._pieces: deque[tuple[bytes, int]] = deque()
        self._trouble: Interrupted | None = None
        self._news = asyncio.Event()
        self._closed = False

    # What the connection tells.

    def take(self, event: h2.events.Event) -> None:
        """Take what has come."""
        if isinstance(event, h2.events.ResponseReceived):
            fields = [(bytes(name), bytes(value)) for name, value in event.headers]
            status = next(value for name, value in fields if name == b":status")
            self._head = int(status), [field for field in fields if not field[0].startswith(b":")]
        elif isinstance(event, h2.events.DataReceived):
            self._pieces.append((event.data, event.flow_controlled_length))
        elif isinstance(event, h2.events.StreamEnded):
            self.ended = True
        elif isinstance(event, h2.events.StreamReset):
            self.fail(Interrupted(f"RST_STREAM, {_code(event.error_code)}"))
        self._news.set()

    @property
    def untaken(self) -> int:
        """Bytes that have come, and that nobody has taken."""
        return sum(size for _, size in self._pieces)

    def fail(self, trouble: Interrupted) -> None:
        """Note that nothing more comes."""
        if not self.ended:
            self.ended, self._trouble = True, trouble
        self._news.set()

    # What whoever has asked wants.

    async def head(self) -> Head:
        """Status and headers."""
        while self._head is None:
            await self._wait()
        return self._head

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        while True:
            while self._pieces:
                piece, size = self._pieces.popleft()
                await self._connection.taken(size, self.stream)
                yield piece
            if self.ended and self._trouble is None:
                return
            await self._wait()

    async def aclose(self) -> None:
        """End it."""
        if not self._closed:
            self._closed = True
            await self._connection.end(self)

    async def _wait(self) -> None:
        """Wait for more of it."""
        if self._trouble is not None:
            raise self._trouble
        self._news.clear()
        try:
            async with asyncio.timeout(self._seconds):
                await self._news.wait()
        except TimeoutError as error:
            self._connection.silent(self._seconds)
            raise httpcore.ReadTimeout from error


def _words(error: Exception) -> str:
    return clean(str(error)) or type(error).__name__


def _code(code: object) -> str:
    """An error code by its name; a server may send one that has none."""
    return str(getattr(code, "name", code))
