"""The ledger in a file: nothing is lost when runs meet, and nothing is half-written."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pinbot.errors import SourceError
from pinbot.ledgerfile import LedgerFile, default_path
from pinbot.model.ledger import Ledger, Sighting, from_bytes
from pinbot.model.reference import Digest

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def sighting(number: int) -> Ledger:
    one = Sighting(image=f"docker.io/library/i{number}:1", digest=Digest("sha256", "a" * 64), seen=NOON)
    return Ledger(sightings=(one,))


def test_there_is_nothing_in_it_before_the_first_run(tmp_path: Path) -> None:
    assert asyncio.run(LedgerFile(tmp_path / "no" / "ledger.json").read()) == Ledger()
    assert list(tmp_path.iterdir()) == []


def test_what_is_added_is_there_in_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.json"
    asyncio.run(LedgerFile(path).add(sighting(1)))
    asyncio.run(LedgerFile(path).add(sighting(2)))
    assert len(asyncio.run(LedgerFile(path).read()).sightings) == 2


def test_nothing_is_written_where_nothing_is_new(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    asyncio.run(LedgerFile(path).add(sighting(1)))
    before = path.stat()
    asyncio.run(LedgerFile(path).add(sighting(1)))
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_runs_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: asyncio.run(LedgerFile(path).add(sighting(number))), range(40)))
    assert len(from_bytes(path.read_bytes()).sightings) == 40
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger.json", "ledger.lock"]


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\xfe", b"null"])
def test_what_is_no_ledger_is_told_and_not_overwritten(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "ledger.json"
    path.write_bytes(data)
    for use in (LedgerFile(path).read(), LedgerFile(path).add(sighting(1))):
        with pytest.raises(SourceError, match="is no ledger of pinbot's") as caught:
            asyncio.run(use)
        assert caught.value.file == str(path)
        assert caught.value.hint
    assert path.read_bytes() == data


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: Is a directory"):
        asyncio.run(LedgerFile(tmp_path).read())


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="cannot be written: File exists"):
        asyncio.run(LedgerFile(tmp_path / "file" / "ledger.json").add(sighting(1)))


def test_it_lies_where_states_lie(tmp_path: Path) -> None:
    assert default_path({"XDG_STATE_HOME": "/state"}, tmp_path) == Path("/state/pinbot/ledger.json")
    assert default_path({}, tmp_path) == tmp_path / ".local/state/pinbot/ledger.json"
    assert default_path({"XDG_STATE_HOME": "rel"}, tmp_path) == tmp_path / ".local/state/pinbot/ledger.json"
