"""Files that appear whole or not at all, and the folders that are pinbot's own."""

import os
from pathlib import Path

import pytest

from pinbot import storage
from pinbot.build.store import cache_folder


def test_folders_are_where_the_desktop_specification_says(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": "/cache", "XDG_STATE_HOME": "/state"}
    assert storage.cache_folder(environ, tmp_path) == Path("/cache/pinbot")
    assert storage.state_folder(environ, tmp_path) == Path("/state/pinbot")
    assert storage.cache_folder({}, tmp_path) == tmp_path / ".cache/pinbot"
    assert storage.state_folder({}, tmp_path) == tmp_path / ".local/state/pinbot"


@pytest.mark.parametrize("named", ["", "rel", "./x", "../x"])
def test_a_relative_one_counts_as_none_for_everything_that_is_kept(tmp_path: Path, named: str) -> None:
    environ = {"XDG_CACHE_HOME": named, "XDG_STATE_HOME": named, "HOME": str(tmp_path)}
    assert storage.cache_folder(environ, tmp_path) == tmp_path / ".cache/pinbot"
    assert storage.state_folder(environ, tmp_path) == tmp_path / ".local/state/pinbot"
    assert cache_folder(environ, "buildah") == tmp_path / ".cache/pinbot/buildah"


@pytest.mark.parametrize("lasting", [True, False])
def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path, *, lasting: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    storage.replace(path, b"new", lasting=lasting)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_replaced_stays_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="folder"):
        storage.replace(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("mode", "private"), [(0o600, True), (0o644, True), (0o620, False), (0o602, False)])
def test_what_others_may_write_is_not_private(tmp_path: Path, mode: int, *, private: bool) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    assert storage.is_private(path.stat()) is private
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
        assert not storage.is_private(path.stat())
