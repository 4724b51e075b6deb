"""Time that passes only when somebody sleeps."""

import asyncio


class FakeClock:
    """A `Clock` that is as far as the longest sleep said; `slept` lists what was asked for."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, until)
