"""A long wire to a server: whatever is sent arrives later. It looks at nothing, so TLS goes through it.

with LongWire(registry.host, round_trip=0.05) as wire: ...  # ask https://{wire.host}
"""

import asyncio
import contextlib
from collections import deque

from tests.support.listener import Listener


class LongWire(Listener):
    """A wire to `target` (`host:port`), up within `with`.

    Args:
        target: where the server listens.
        round_trip: seconds that it takes there and back; opening a connection takes as long.
    """

    def __init__(self, target: str, *, round_trip: float) -> None:
        super().__init__()
        self.target = target
        self.connections = 0
        self._delay = round_trip / 2

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        host, _, port = self.target.rpartition(":")
        back, forth = await asyncio.open_connection(host, int(port))
        try:
            await asyncio.sleep(2 * self._delay)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(self._carry(reader, forth), self._carry(back, writer))
                await asyncio.sleep(2 * self._delay)
        finally:
            forth.close()

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        under_way: deque[bytes] = deque()

        def arrive() -> None:
            data = under_way.popleft()
            if sink.is_closing():
                return
            if data:
                sink.write(data)
            else:
                sink.close()

        data = b"x"
        while data:
            try:
                data = await source.read(65536)
            except OSError:
                data = b""
            under_way.append(data)
            self._loop.call_later(self._delay, arrive)
