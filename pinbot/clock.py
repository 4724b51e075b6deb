"""The machine's own time."""

import asyncio
import time


class SystemClock:
    """The `Clock` of everything but tests."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
