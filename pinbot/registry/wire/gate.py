"""A door that lets so many in at a time."""

import asyncio
from collections import deque
from types import TracebackType


class Gate:
    """Lets in as many at a time as there is `room`, in the order in which they come.

    The room may change meanwhile; nobody who is inside is sent away.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def room(self) -> int:
        """For how many there is room."""
        return self._room

    @room.setter
    def room(self, room: int) -> None:
        self._room = room
        self._call()

    async def enter(self) -> None:
        """Wait until there is room, and take it."""
        if self._inside < self._room and not self._waiting:
            self._inside += 1
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave()  # the place was given, and is not taken
            raise

    def leave(self) -> None:
        """Give the room to another."""
        self._inside -= 1
        self._call()

    async def __aenter__(self) -> None:
        await self.enter()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def _call(self) -> None:
        while self._waiting and self._inside < self._room:
            place = self._waiting.popleft()
            if not place.done():
                self._inside += 1
                place.set_result(None)
