"""Work that many ask for at the same time and that is done once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Once(Generic[K, V]):
    """Shares one piece of work per key among all who ask; keeps what succeeded, forgets what failed.

    Work belongs to nobody who waits for it: when a waiter is cancelled, the others still get their result.
    """

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """The result for `key`, from the work that was begun first; raises what that work raised."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(work())
            task.add_done_callback(lambda done: self._forget_failure(key, done))
        return await asyncio.shield(task)

    def forget(self, key: K) -> None:
        """Do the work anew the next time somebody asks."""
        self._tasks.pop(key, None)

    async def aclose(self) -> None:
        """Stop all work that is not done."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    def _forget_failure(self, key: K, done: asyncio.Task[V]) -> None:
        # Asking for the exception also tells asyncio that somebody has seen it.
        if (done.cancelled() or done.exception() is not None) and self._tasks.get(key) is done:
            self.forget(key)
