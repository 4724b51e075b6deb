"""Watching that a build leaves room on the disk.

What counts is what the file system has lost, whoever took it: that also holds for files that are deleted and
still open, for other users' in a user namespace, and costs nothing however many files there are.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path

from pinbot.model.build import Limit

_RESERVE = 1 << 30
_INTERVAL_SECONDS = 0.25


def watch(
    folders: Iterable[Path], allowance: int | None, *, interval: float = _INTERVAL_SECONDS
) -> Callable[[], Awaitable[Limit]]:
    """What comes back once a file system holds less than it must; see `process.run`.

    Args:
        folders: where the build writes; those that cannot be looked at are left out.
        allowance: bytes that it may take; a reserve (1 GiB, or half of what is free) stays in any case.
        interval: seconds from one look to the next.
    """
    least: dict[Path, int] = {}
    for folder in folders:
        with suppress(OSError):
            free = shutil.disk_usage(folder).free
            least[folder] = max(min(_RESERVE, free // 2), 0 if allowance is None else free - allowance)

    async def until_filled() -> Limit:
        while all(_free(folder) >= least[folder] for folder in least):  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(interval)
        return Limit.DISK

    return until_filled


def _free(folder: Path) -> float:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return float("inf")
