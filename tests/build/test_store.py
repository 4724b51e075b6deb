import multiprocessing
import os
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from pinbot.build.store import LONGEST_AGE_SECONDS, cache_folder, claim
from pinbot.errors import BuilderError


def hold(cache: Path, pipe: Connection) -> None:
    with claim(cache) as store:
        pipe.send(store.folder.name)
        pipe.recv()


def test_a_store_has_one_owner_at_a_time_in_one_process(tmp_path: Path) -> None:
    with claim(tmp_path) as first, claim(tmp_path) as second:
        assert first.folder != second.folder
    with claim(tmp_path) as again:
        assert again.folder == first.folder


def test_a_store_has_one_owner_at_a_time_among_processes(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    other = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path, theirs))
    other.start()
    try:
        assert ours.recv() == "store-0"
        with claim(tmp_path) as store:
            assert store.folder.name == "store-1"
    finally:
        other.kill()
        other.join()
        ours.close()
        theirs.close()
    with claim(tmp_path) as store:
        assert store.folder.name == "store-0"


def test_the_work_folder_is_empty_private_and_gone_afterwards(tmp_path: Path) -> None:
    with claim(tmp_path) as store:
        (store.work / "left").touch()
        kept = store.work.rename(store.folder / "kept")
    kept.rename(store.work)
    with claim(tmp_path) as store:
        assert list(store.work.iterdir()) == []
        assert store.work.stat().st_mode & 0o777 == 0o700
    assert not store.work.exists()


def test_a_folder_elsewhere_goes_with_the_claim_or_with_the_next(tmp_path: Path) -> None:
    scratch, killed = tmp_path / "scratch", tmp_path / "killed"
    for folder in (scratch, killed):
        (folder / "state").mkdir(parents=True)
    with claim(tmp_path / "cache") as store:
        store.lend(scratch)
    assert not scratch.exists()
    (store.folder / "scratch").symlink_to(killed)
    with claim(tmp_path / "cache"):
        assert not killed.exists()


def test_a_store_grows_old_until_it_is_renewed(tmp_path: Path) -> None:
    with claim(tmp_path) as store:
        store.renew()
        assert not store.stale
        long_ago = (store.folder / "born").stat().st_mtime - LONGEST_AGE_SECONDS - 1
        os.utime(store.folder / "born", (long_ago, long_ago))
        assert store.stale
        store.renew()
        assert not store.stale


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BuilderError, match="cache for builds cannot be written"), claim(tmp_path / "file"):
        pass


def test_when_all_stores_are_taken_that_is_said(tmp_path: Path) -> None:
    with ExitStack() as held:
        for _ in range(32):
            held.enter_context(claim(tmp_path))
        with pytest.raises(BuilderError, match=r"all 32 stores in .* are in use"):
            held.enter_context(claim(tmp_path))


def test_an_error_within_is_not_taken_for_one_of_the_cache(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="inside"), claim(tmp_path):
        raise FileNotFoundError("inside")


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_CACHE_HOME": "/cache", "HOME": "/root"}, "/cache/pinbot/buildah"),
        ({"HOME": "/root"}, "/root/.cache/pinbot/buildah"),
    ],
)
def test_the_cache_is_where_the_desktop_specification_says(environ: dict[str, str], folder: str) -> None:
    assert cache_folder(environ, "buildah") == Path(folder)


def test_a_user_without_a_home_is_told_to_name_a_folder() -> None:
    with pytest.raises(BuilderError, match="there is no home") as caught:
        cache_folder({"HOME": "~no-such-user"}, "buildah")
    assert "XDG_CACHE_HOME" in caught.value.hint
