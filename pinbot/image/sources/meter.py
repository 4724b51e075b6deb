"""Counting what looking into an image costs."""

from pinbot.model.image import Taken


class Meter:
    """Counts the parts of one image that were asked for, and their bytes."""

    def __init__(self) -> None:
        self._parts = 0
        self._size = 0
        self._seen: set[str] = set()

    @property
    def taken(self) -> Taken:
        """What was counted so far."""
        return Taken(parts=self._parts, size=self._size)

    def begin(self) -> None:
        """One more part is asked for."""
        self._parts += 1

    def add(self, size: int) -> None:
        """So many bytes of it have come."""
        self._size += size

    def once(self, key: str, size: int) -> None:
        """A whole part has come; one that came before is remembered, and asked for but once."""
        if key not in self._seen:
            self._seen.add(key)
            self.begin()
            self.add(size)
