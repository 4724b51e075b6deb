"""What the stand-ins for networks share: a server on loopback, in a thread and an event loop of its own."""

import asyncio
import ssl
import threading
from types import TracebackType
from typing import Self


class Listener:
    """Serves each connection with `serve`, up within `with`."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold one connection to its end; the writer is closed afterwards."""
        raise NotImplementedError

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
        self.set_up(self._loop)
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1024, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        # A connection that was just accepted must have its task before the server is closed, or it is lost.
        for listening in server.sockets:
            self._loop.remove_reader(listening.fileno())
        await _settle()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await _settle()

    def set_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Change the loop, if need be, before anything is served."""

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self.serve(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()


async def _settle() -> None:
    """Let what is due happen, and what follows from it."""
    for _ in range(5):
        await asyncio.sleep(0)
