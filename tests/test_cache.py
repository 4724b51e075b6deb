import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.cache import DiskCache
from tests.support.project import ROOT


def put(cache: DiskCache, name: str, data: bytes) -> None:
    asyncio.run(cache.put(name, data))


def get(cache: DiskCache, name: str) -> bytes | None:
    return asyncio.run(cache.get(name))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("**/*") if path.is_file()]


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in files(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_what_was_put_is_there_for_another_run(folder: Path) -> None:
    put(DiskCache(folder), "layer/1/sha256:ab", b"\0notes\n")
    assert get(DiskCache(folder), "layer/1/sha256:ab") == b"\0notes\n"
    assert get(DiskCache(folder), "layer/2/sha256:ab") is None
    put(DiskCache(folder), "layer/1/sha256:ab", b"")
    assert get(DiskCache(folder), "layer/1/sha256:ab") == b""


def test_only_this_user_can_look_into_it(folder: Path) -> None:
    put(DiskCache(folder), "name", b"data")
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}


@given(st.data())
def test_an_entry_that_was_damaged_is_as_good_as_not_there(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    cache = DiskCache(folder)
    put(cache, "name", b"some data")
    (file,) = files(folder)
    whole = file.read_bytes()
    damaged = data.draw(
        st.one_of(
            st.integers(0, len(whole) - 1).map(lambda end: whole[:end]),
            st.integers(0, len(whole) - 1).map(
                lambda at: whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
            ),
            st.binary(max_size=100),
        )
    )
    file.write_bytes(damaged)
    assert get(cache, "name") is None
    put(cache, "name", b"some data")
    assert get(cache, "name") == b"some data"


def test_an_entry_of_another_name_is_not_taken_for_it(folder: Path) -> None:
    cache = DiskCache(folder)
    put(cache, "one", b"data of one")
    (file,) = files(folder)
    put(cache, "two", b"data of two")
    (other,) = [path for path in files(folder) if path != file]
    other.write_bytes(file.read_bytes())
    assert get(cache, "two") is None


def test_what_was_not_used_for_longest_makes_room(folder: Path) -> None:
    cache = DiskCache(folder, limit=10_000)
    long_ago = time.time() - 1000
    known: set[Path] = set()
    for number in range(9):
        put(cache, str(number), bytes(1000))
        (file,) = {*files(folder)} - known
        os.utime(file, (long_ago + number, long_ago + number))
        known.add(file)
    assert get(cache, "0") is not None
    put(cache, "9", bytes(1000))
    assert size(folder) <= 8_000
    assert get(cache, "0") is not None
    assert get(cache, "9") is not None
    assert get(cache, "1") is None


def test_it_never_grows_beyond_its_limit(folder: Path) -> None:
    for number in range(40):
        put(DiskCache(folder, limit=10_000), str(number), bytes(1000))
        assert size(folder) <= 10_000
    put(DiskCache(folder, limit=10_000), "huge", bytes(9_000))
    assert get(DiskCache(folder), "huge") is None


def test_a_folder_that_others_may_write_to_is_not_used(folder: Path) -> None:
    put(DiskCache(folder), "name", b"data")
    folder.chmod(0o777)
    assert get(DiskCache(folder), "name") is None
    put(DiskCache(folder), "other", b"data")
    folder.chmod(0o700)
    assert get(DiskCache(folder), "other") is None
    assert get(DiskCache(folder), "name") == b"data"


@pytest.mark.parametrize("place", ["a file", "below a file", "/proc/nowhere"])
def test_where_nothing_can_be_kept_nothing_is_and_nothing_fails(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").write_bytes(b"in the way")
    folder = {"a file": tmp_path / "a file", "below a file": tmp_path / "a file" / "cache"}.get(
        place, Path(place)
    )
    cache = DiskCache(folder)
    put(cache, "name", b"data")
    assert get(cache, "name") is None


WRITER = """
import asyncio, sys
from pathlib import Path
from pinbot.cache import DiskCache

async def work():
    cache = DiskCache(Path(sys.argv[1]), limit=20_000)
    for number in range(150):
        data = bytes([number]) * 1000
        await cache.put(str(number % 30), data)
        found = await cache.get(str(number % 30))
        assert found is None or (len(found), len(set(found))) == (1000, 1), found

asyncio.run(work())
"""


def test_runs_at_the_same_time_do_not_disturb_each_other(folder: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, folder], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert (writer.returncode, errors) == (0, "")
    assert not [file for file in files(folder) if file.name.startswith(".new-")]
