"""Whatever frames a server sends, a request comes to its end: by an answer or by an error that is known."""

import asyncio
import contextlib

import hpack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinbot.registry.wire.engine import Interrupted, httpcore
from pinbot.registry.wire.http2 import Http2Connection
from pinbot.registry.wire.wires import Network

SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
STREAMS = (0, 1, 2, 3, 5, 2**31 - 1)


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """RFC 9113, section 4.1."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def headers(fields: list[tuple[str, str]]) -> bytes:
    packed: bytes = hpack.Encoder().encode(fields)
    return packed


_FIELDS = st.lists(
    st.tuples(
        st.sampled_from([":status", "content-type", "content-length", "X-Upper", "connection", ":path", ""]),
        st.sampled_from(["200", "404", "fine", "", "-1", "5", "\u00e4", "x" * 300]),
    ),
    max_size=4,
)
_FRAMES = st.one_of(
    st.builds(
        frame,
        st.integers(0, 10),
        st.sampled_from([0, 1, 4, 5, 8, 0x20, 0xFF]),
        st.sampled_from(STREAMS),
        st.binary(max_size=20),
    ),
    st.builds(
        lambda fields, flags: frame(1, flags, 1, headers(fields)), _FIELDS, st.sampled_from([0, 1, 4, 5])
    ),
    st.builds(lambda data, flags: frame(0, flags, 1, data), st.binary(max_size=50), st.sampled_from([0, 1])),
    st.binary(max_size=30),
)
GOOD = frame(1, 4, 1, headers([(":status", "200"), ("content-type", "a/b")])) + frame(0, 1, 1, b"body")


async def outcome(sent: bytes, *, close: bool) -> tuple[int, bytes] | None:
    """What comes of one request to a server that sends these bytes; None for an error that is known."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.readexactly(24)
            writer.write(SETTINGS + sent)
            await writer.drain()
            if close:
                writer.write_eof()
            while await reader.read(65536):
                pass
        writer.transport.abort()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        wire = await Network().connect_tcp("127.0.0.1", port, 5)
        connection = Http2Connection(wire, keepalive_expiry=15)
        request = httpcore.Request(
            "GET",
            f"https://127.0.0.1:{port}/x",
            headers=[("Host", "r")],
            extensions={"timeout": {"read": 0.1}},
        )
        try:
            async with asyncio.timeout(5):
                answer = await connection.handle_async_request(request)
                return answer.status, await answer.aread()
        except (Interrupted, httpcore.ReadTimeout):
            return None
        finally:
            await connection.aclose()
            assert connection.is_closed()
            assert not connection.is_available()
            await asyncio.sleep(0.01)


def test_a_good_answer_is_read() -> None:
    assert asyncio.run(outcome(GOOD, close=False)) == (200, b"body")


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_FRAMES, max_size=6), st.booleans())
def test_whatever_frames_come_a_request_comes_to_its_end(frames: list[bytes], close: bool) -> None:  # noqa: FBT001
    found = asyncio.run(outcome(b"".join(frames), close=close))
    if found is not None:
        assert 0 <= found[0] < 10**9
