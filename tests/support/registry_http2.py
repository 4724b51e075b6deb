"""A server of https in front of a registry that speaks HTTP/2, by the h2 package, and can fail at it.

    with Http2Front(registry.host, authority.pair) as front: ...  # ask https://{front.host}

Who does not choose HTTP/2 in the handshake gets HTTP/1.1, which is passed on as it is.
"""

import asyncio
import contextlib
import http.client
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
from h2.errors import ErrorCodes

from tests.support.listener import Listener

HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request in HTTP/2; `connection` and `number` count from 1, the latter on that connection."""

    method: str
    path: str
    connection: int
    number: int


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What happens instead of, or to, an answer.

    Attributes:
        goaway: end the connection with this code.
        reset: end the request with this code.
        garbage: send this where a frame should be.
        close: close the connection without a word.
        header: a header to add to the answer.
        status: say this instead of its status.
        body: send this instead of the answer's body.
        silence: seconds before anything is sent.
        answered: answer first, and then do the rest.
    """

    goaway: ErrorCodes | None = None
    reset: ErrorCodes | None = None
    garbage: bytes = b""
    close: bool = False
    header: tuple[str, str] | None = None
    status: str | None = None
    body: bytes | None = None
    silence: float = 0.0
    answered: bool = False


Troubles = Callable[[Request], Trouble | None]


class Http2Front(Listener):
    """In front of `target` (`host:port`), up within `with`.

    Args:
        target: where the registry speaks http.
        pair: certificate and key (PEM).
        troubles: decides for each request what goes wrong; may be replaced while it runs.
        protocols: what to offer in the handshake, the best first.
        most_streams: how many requests a client may have under way on a connection.
    """

    def __init__(
        self,
        target: str,
        pair: tuple[Path, Path],
        *,
        troubles: Troubles | None = None,
        protocols: tuple[str, ...] = ("h2", "http/1.1"),
        most_streams: int = 100,
    ) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        context.set_alpn_protocols(list(protocols))
        super().__init__(context)
        self.target = target
        self.troubles = troubles
        self.requests: list[Request] = []
        self.connections: list[str | None] = []
        self.most_at_once = 0
        self._most_streams = most_streams

    def set_up(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.set_exception_handler(lambda *_: None)  # clients break off as they like

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        self.connections.append(protocol)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            if protocol == "h2":
                await _Conversation(self, reader, writer, len(self.connections)).hold()
            else:
                await self._pass_on(reader, writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self.target.rpartition(":")
        back, forth = await asyncio.open_connection(host, int(port))

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            sink.close()

        try:
            await asyncio.gather(pump(reader, forth), pump(back, writer))
        finally:
            forth.close()


class _Conversation:
    """One connection in HTTP/2."""

    def __init__(
        self, front: Http2Front, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        self._front = front
        self._reader = reader
        self._writer = writer
        self._number = number
        self._requests = 0
        self._under_way = 0
        self._asked: dict[int, tuple[dict[str, str], bytearray]] = {}
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self._h2 = h2.connection.H2Connection(config=config)

    async def hold(self) -> None:
        self._h2.initiate_connection()
        most = {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: self._front._most_streams}
        self._h2.update_settings(most)
        self._flush()
        async with asyncio.TaskGroup() as group:
            while data := await self._reader.read(65536):
                for event in self._h2.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        self._asked[event.stream_id] = dict(event.headers), bytearray()
                    elif isinstance(event, h2.events.DataReceived):
                        self._asked[event.stream_id][1].extend(event.data)
                        self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, h2.events.StreamEnded):
                        group.create_task(self._answer(event.stream_id))
                self._flush()

    async def _answer(self, stream: int) -> None:
        self._requests += 1
        self._under_way += 1
        self._front.most_at_once = max(self._front.most_at_once, self._under_way)
        headers, body = self._asked.pop(stream)
        request = Request(
            method=headers[":method"],
            path=headers[":path"],
            connection=self._number,
            number=self._requests,
        )
        self._front.requests.append(request)
        trouble = (self._front.troubles(request) if self._front.troubles else None) or Trouble()
        await asyncio.sleep(trouble.silence)
        with contextlib.suppress(h2.exceptions.ProtocolError):
            if trouble.answered:
                await self._send(stream, headers, bytes(body), trouble)
            if trouble.goaway is not None:
                self._h2.close_connection(trouble.goaway)
            elif trouble.reset is not None:
                self._h2.reset_stream(stream, trouble.reset)
            elif trouble.garbage:
                self._writer.write(trouble.garbage)
            elif not trouble.close and not trouble.answered:
                await self._send(stream, headers, bytes(body), trouble)
            self._flush()
        self._under_way -= 1
        if trouble.close or trouble.goaway is not None:
            self._writer.close()

    async def _send(self, stream: int, headers: dict[str, str], sent: bytes, trouble: Trouble) -> None:
        status, answer, body = await asyncio.to_thread(self._fetch, headers, sent)
        if trouble.body is not None:
            body = trouble.body
        fields = [(name.lower(), value) for name, value in answer if name.lower() not in HOP_BY_HOP]
        if trouble.header is not None:
            fields.append(trouble.header)
        head = [(":status", trouble.status or str(status)), *fields]
        self._h2.send_headers(stream, head, end_stream=not body)
        size = self._h2.max_outbound_frame_size
        for start in range(0, len(body), size):
            while self._h2.local_flow_control_window(stream) < size:
                self._flush()
                await asyncio.sleep(0.005)
            self._h2.send_data(stream, body[start : start + size], end_stream=start + size >= len(body))

    def _fetch(self, headers: dict[str, str], sent: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self._front.target)
        own = {name: value for name, value in headers.items() if not name.startswith(":")}
        connection.request(headers[":method"], headers[":path"], body=sent or None, headers=own)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.getheaders(), body

    def _flush(self) -> None:
        self._writer.write(self._h2.data_to_send())
