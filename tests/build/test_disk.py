import asyncio
from pathlib import Path

import pytest

from pinbot.build import disk
from pinbot.model.build import Limit


def test_a_file_system_that_loses_more_than_it_may_is_noticed(tmp_path: Path) -> None:
    async def scenario() -> Limit:
        watching = asyncio.ensure_future(disk.watch((tmp_path,), 1 << 20, interval=0.01)())
        await asyncio.sleep(0.05)
        (tmp_path / "filling").write_bytes(bytes(32 << 20))
        return await watching

    assert asyncio.run(asyncio.wait_for(scenario(), 30)) is Limit.DISK


def test_a_folder_that_is_not_there_is_no_reason_to_stop(tmp_path: Path) -> None:
    async def scenario() -> None:
        await asyncio.wait_for(disk.watch((tmp_path / "gone",), 1, interval=0.01)(), 0.1)

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())
