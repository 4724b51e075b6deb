"""A long wire to a server: whatever is sent arrives later. It looks at nothing, so TLS goes through it.

with LongWire(registry.host, round_trip=0.05) as wire: ...  # ask https://{wire.host}
"""

import asyncio
import contextlib
import threading
from collections import deque
from types import TracebackType
from typing import Self


class LongWire:
    """A wire to `target` (`host:port`), up within `with`.

    Args:
        target: where the server listens.
        round_trip: seconds that it takes there and back; opening a connection takes as long.
    """

    def __init__(self, target: str, *, round_trip: float) -> None:
        self.target = target
        self.connections = 0
        self.port = 0
        self._delay = round_trip / 2
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(ready),))
        self._thread.start()
        ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        host, _, port = self.target.rpartition(":")
        back, forth = await asyncio.open_connection(host, int(port))
        try:
            await asyncio.sleep(2 * self._delay)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(self._carry(reader, forth), self._carry(back, writer))
                await asyncio.sleep(2 * self._delay)
        finally:
            self._tasks.discard(task)
            forth.close()
            writer.close()

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
