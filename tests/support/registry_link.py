"""A link to an HTTP server: it takes time, counts what passes, and can be made to fail.

    with LinkProxy(registry.host, round_trip=0.05) as link: ...  # ask http://{link.host}

It runs in a thread of its own and speaks HTTP/1.1, one request after the other on each connection.
"""

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.support.listener import Listener


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request that came over the link; `number` counts those of the same method and path, from 1."""

    method: str
    target: str
    headers: Mapping[str, str]
    number: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to one exchange.

    Attributes:
        raw: send these bytes and close, without asking the server.
        status: answer with this status and an empty body, without asking the server.
        headers: headers to set in the answer, or to take out (None).
        body: send this body, with its right length.
        cut: close the connection after this many bytes of the body.
        unsized: leave the length out; the end of the connection ends the body.
        drip: seconds between the bytes of the answer, after those that `at_once` counts.
        silence: seconds without a byte before the connection is closed where the body was cut.
        reset: break the connection off instead of answering.
    """

    raw: bytes | None = None
    status: int | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None
    unsized: bool = False
    drip: float | None = None
    at_once: int = 0
    silence: float = 0.0
    reset: bool = False


@dataclass(kw_only=True)
class _Message:
    """A request or an answer on the wire."""

    first: str
    headers: dict[str, str]
    body: bytes

    def encode(self, *, body: bytes) -> bytes:
        lines = [self.first, *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


Faults = Callable[[Seen], Fault | None]


class LinkProxy(Listener):
    """A link to `target` (`host:port`), up within `with`.

    Args:
        target: where the server listens.
        round_trip: seconds that an exchange takes longer, and opening a connection too.
        faults: decides for each request what goes wrong; may be replaced while it runs.
    """

    def __init__(self, target: str, *, round_trip: float = 0.0, faults: Faults | None = None) -> None:
        super().__init__()
        self.target = target
        self.round_trip = round_trip
        self.faults = faults
        self.requests: list[Seen] = []
        self.connections = self.most_at_once = 0
        self._counts: Counter[tuple[str, str]] = Counter()

    @property
    def base_url(self) -> str:
        return f"http://{self.host}"

    def count(self, method: str, text: str = "") -> int:
        """How many requests there were of this method whose target contains the text."""
        return sum(seen.method == method and text in seen.target for seen in self.requests)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.most_at_once = max(self.most_at_once, len(self._tasks))
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._exchange(reader, writer)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self.round_trip)
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            while True:
                request = await _read(reader)
                await asyncio.sleep(self.round_trip)
                method, target, _ = request.first.split(" ")
                self._counts[method, target] += 1
                seen = Seen(
                    method=method,
                    target=target,
                    headers={name.lower(): value for name, value in request.headers.items()},
                    number=self._counts[method, target],
                )
                self.requests.append(seen)
                fault = (self.faults(seen) if self.faults else None) or Fault()
                if fault.reset:
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    return
                if fault.raw is not None:
                    writer.write(fault.raw)
                    await writer.drain()
                    return
                if fault.status is None:
                    if upstream is None:
                        host, _, port = self.target.rpartition(":")
                        upstream = await asyncio.open_connection(host, int(port))
                    upstream[1].write(request.encode(body=request.body))
                    answer = await _read(upstream[0], head=method == "HEAD")
                else:
                    answer = _Message(
                        first=f"HTTP/1.1 {fault.status} Fault", headers={"Content-Length": "0"}, body=b""
                    )
                if not await self._send(writer, answer, fault, head=method == "HEAD"):
                    return
        finally:
            if upstream is not None:
                upstream[1].close()

    async def _send(
        self, writer: asyncio.StreamWriter, answer: _Message, fault: Fault, *, head: bool
    ) -> bool:
        """Send the answer as the fault changes it; false if the connection ends with it."""
        body = answer.body if fault.body is None else fault.body
        headers = answer.headers
        if fault.body is not None:
            headers["Content-Length"] = str(len(body))
        for name, value in fault.headers.items():
            for present in [present for present in headers if present.lower() == name.lower()]:
                del headers[present]
            if value is not None:
                headers[name] = value
        if fault.unsized:
            headers.pop("Content-Length", None)
            headers["Connection"] = "close"
        data = answer.encode(body=b"" if head else body if fault.cut is None else body[: fault.cut])
        if fault.drip is None:
            writer.write(data)
        else:
            writer.write(data[: fault.at_once])
            for byte in data[fault.at_once :]:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(fault.drip)
        await writer.drain()
        await asyncio.sleep(fault.silence)
        return not fault.unsized and fault.cut is None


async def _read(reader: asyncio.StreamReader, *, head: bool = False) -> _Message:
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = text.removesuffix("\r\n\r\n").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        # A field that comes in several lines is one list (RFC 9110, 5.2).
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    lowered = {name.lower(): value for name, value in headers.items()}
    if head:
        body = b""
    elif lowered.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        headers = {name: value for name, value in headers.items() if name.lower() != "transfer-encoding"}
        headers["Content-Length"] = str(len(body))
    else:
        body = await reader.readexactly(int(lowered.get("content-length", 0)))
    return _Message(first=first, headers=headers, body=body)
