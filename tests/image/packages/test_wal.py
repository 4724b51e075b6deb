import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinbot.errors import ImageError
from pinbot.image.packages import wal

PLACE = "var/lib/rpm/rpmdb.sqlite"

actions = st.one_of(
    st.tuples(st.just("INSERT INTO t (x) VALUES (randomblob(?))"), st.integers(1, 20_000)),
    st.tuples(st.just("DELETE FROM t WHERE n % 3 = ?"), st.integers(0, 2)),
    st.tuples(st.just("UPDATE t SET x = randomblob(?) WHERE n % 2 = 0"), st.integers(1, 5000)),
    st.just("VACUUM"),
    st.just("PRAGMA wal_checkpoint"),
)


def rows(connection: sqlite3.Connection) -> list[object]:
    return connection.execute("SELECT n, x FROM t ORDER BY n").fetchall()


def opened(data: bytes | bytearray) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.deserialize(data)
    return connection


class Written:
    """A database that SQLite writes with a log, which stays as it is while it is looked at."""

    def __init__(self, folder: Path, page_size: int = 4096) -> None:
        self.path = folder / "db"
        for file in folder.iterdir():
            file.unlink()
        self.connection = sqlite3.connect(self.path, isolation_level=None)
        self.connection.execute(f"PRAGMA page_size = {page_size}")
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, x BLOB)")

    @property
    def files(self) -> tuple[bytes, bytes]:
        return self.path.read_bytes(), self.path.with_name("db-wal").read_bytes()


@settings(max_examples=60)
@given(page_size=st.sampled_from([512, 4096, 65536]), steps=st.lists(actions, max_size=8))
def test_the_merged_database_is_what_sqlite_sees(
    tmp_path_factory: pytest.TempPathFactory, page_size: int, steps: list[object]
) -> None:
    written = Written(tmp_path_factory.mktemp("wal"), page_size)
    for step in steps:
        written.connection.execute(*([step] if isinstance(step, str) else [step[0], (step[1],)]))
    merged = opened(wal.merge(*written.files, PLACE))
    assert rows(merged) == rows(written.connection)
    assert merged.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    written.connection.close()


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path)


def test_a_log_that_is_cut_off_or_damaged_counts_up_to_its_last_whole_transaction(written: Written) -> None:
    ends = []
    for size in (10, 10_000, 10, 20_000):
        ends.append(len(written.files[1]))
        written.connection.execute("INSERT INTO t (x) VALUES (randomblob(?))", (size,))
    database, log = written.files
    for place in range(ends[0], len(log), 997):
        whole = sum(end <= place for end in ends[1:])
        for damaged in (log[:place], log[:place] + bytes([log[place] ^ 1]) + log[place + 1 :]):
            assert len(rows(opened(wal.merge(database, damaged, PLACE)))) == whole


def test_a_log_of_another_run_does_not_count(written: Written) -> None:
    database, log = written.files
    other = bytearray(log)
    other[16] ^= 1  # a salt in the header, which each page in the log repeats
    assert len(log) > 4096
    assert wal.merge(database, bytes(other), PLACE) == wal.merge(database, b"", PLACE)


def test_a_log_of_a_larger_database_is_refused(written: Written) -> None:
    written.connection.execute("INSERT INTO t (x) VALUES (randomblob(100000))")
    written.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    written.connection.execute("INSERT INTO t (x) VALUES (x'00')")
    database, log = written.files
    with pytest.raises(ImageError, match="belongs to another database"):
        wal.merge(database[:4096], log, PLACE)


@pytest.mark.parametrize("data", [b"", b"SQLite format 3\0", b"SQLite format 3\0\2\0", b"x" * 5000])
def test_what_is_no_database_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match="no database of SQLite"):
        wal.merge(data, b"", PLACE)
