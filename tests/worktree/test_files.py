"""Files are replaced whole, and stay what they were in every other respect."""

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pinbot.errors import SourceError, StaleEdit
from pinbot.worktree import files

OLD, NEW = b"FROM alpine:3.22\n", b"FROM alpine:3.22@sha256:00\n"


def replace(path: Path) -> None:
    files.replace(path, expected=OLD, new=NEW, shown="shown")


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """As on a full disk: writing beyond this fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def somebody_else() -> Iterator[None]:
    """As a user who is not root and owns nothing."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as somebody else")
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def dockerfile(tmp_path: Path) -> Path:
    path = tmp_path / "Dockerfile"
    path.write_bytes(OLD)
    return path


@pytest.fixture
def public() -> Iterator[Path]:
    """A Dockerfile where other users get to; pytest keeps its own folders closed."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = Path(folder, "Dockerfile")
        path.write_bytes(OLD)
        yield path


def test_the_content_is_replaced_and_nothing_is_left_beside_it(dockerfile: Path) -> None:
    replace(dockerfile)
    assert dockerfile.read_bytes() == NEW
    assert list(dockerfile.parent.iterdir()) == [dockerfile]


@pytest.mark.parametrize("name", ["with space", "line\nbreak", os.fsdecode(b"latin-\xe9"), "x" * 255, "-f"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(OLD)
    replace(path)
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o664, 0o4711])
def test_the_mode_is_kept(dockerfile: Path, mode: int) -> None:
    dockerfile.chmod(mode)
    replace(dockerfile)
    assert stat.S_IMODE(dockerfile.stat().st_mode) == mode


def test_extended_attributes_are_kept_and_the_time_is_new(dockerfile: Path) -> None:
    try:
        os.setxattr(dockerfile, "user.note", b"kept")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    os.utime(dockerfile, (1, 1))
    replace(dockerfile)
    assert os.getxattr(dockerfile, "user.note") == b"kept"
    assert dockerfile.stat().st_mtime > 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_keeps_the_owner(dockerfile: Path) -> None:
    os.chown(dockerfile, 1234, 2345)
    dockerfile.chmod(0o2755)
    replace(dockerfile)
    status = dockerfile.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 2345, 0o2755)


def test_a_writable_file_of_another_user_keeps_its_owner(public: Path) -> None:
    public.chmod(0o666)
    with somebody_else():
        replace(public)
    assert public.read_bytes() == NEW
    assert public.stat().st_uid == os.geteuid()
    assert list(public.parent.iterdir()) == [public]


@pytest.mark.parametrize("absolute", [True, False])
def test_a_chain_of_links_stays_and_what_it_leads_to_is_replaced(tmp_path: Path, *, absolute: bool) -> None:
    real = tmp_path / "docker" / "real"
    real.parent.mkdir()
    real.write_bytes(OLD)
    middle, link = tmp_path / "docker" / "middle", tmp_path / "Dockerfile"
    middle.symlink_to(real if absolute else "real")
    link.symlink_to(middle if absolute else "docker/middle")
    replace(link)
    assert link.is_symlink()
    assert middle.is_symlink()
    assert real.read_bytes() == NEW
    assert not real.is_symlink()


def test_hard_links_stay_together(dockerfile: Path) -> None:
    other = dockerfile.parent / "other"
    other.hardlink_to(dockerfile)
    replace(dockerfile)
    assert other.read_bytes() == NEW
    assert other.samefile(dockerfile)
    assert sorted(dockerfile.parent.iterdir()) == [dockerfile, other]


def test_a_second_name_of_a_replaced_file_is_no_stale_edit(dockerfile: Path) -> None:
    other = dockerfile.parent / "other"
    other.hardlink_to(dockerfile)
    replace(dockerfile)
    replace(other)
    assert other.read_bytes() == NEW


def test_a_file_that_changed_meanwhile_is_left_alone(dockerfile: Path) -> None:
    dockerfile.write_bytes(b"FROM busybox\n")
    with pytest.raises(StaleEdit, match="changed while pinbot was at work"):
        replace(dockerfile)
    assert dockerfile.read_bytes() == b"FROM busybox\n"


@pytest.mark.parametrize("links", [1, 2])
def test_a_full_disk_leaves_the_old_content_and_no_other_file(dockerfile: Path, links: int) -> None:
    beside = [dockerfile]
    if links == 2:
        beside.append(dockerfile.parent / "other")
        beside[1].hardlink_to(dockerfile)
    with no_file_longer_than(len(OLD) + 2), pytest.raises(SourceError, match="cannot be written: File too"):
        replace(dockerfile)
    assert dockerfile.read_bytes() == OLD
    assert sorted(dockerfile.parent.iterdir()) == beside


def test_a_disk_too_full_for_the_saved_copy_leaves_no_piece_of_it(dockerfile: Path) -> None:
    other = dockerfile.parent / "other"
    other.hardlink_to(dockerfile)
    with no_file_longer_than(3), pytest.raises(SourceError, match="cannot be written"):
        replace(dockerfile)
    assert dockerfile.read_bytes() == OLD
    assert sorted(dockerfile.parent.iterdir()) == [dockerfile, other]


def test_a_read_only_file_is_refused_even_to_root(dockerfile: Path) -> None:
    dockerfile.chmod(0o444)
    with pytest.raises(SourceError, match="is read-only") as caught:
        replace(dockerfile)
    assert caught.value.file == "shown"
    assert dockerfile.read_bytes() == OLD


def test_a_file_in_a_read_only_folder_is_left_as_it_is(public: Path) -> None:
    public.chmod(0o666)
    public.parent.chmod(0o555)
    with somebody_else(), pytest.raises(SourceError, match="cannot be written: Permission denied"):
        replace(public)
    assert public.read_bytes() == OLD


def test_a_pipe_a_device_a_broken_link_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    pipe, dangling, loop = tmp_path / "pipe", tmp_path / "dangling", tmp_path / "loop"
    os.mkfifo(pipe)
    dangling.symlink_to("nowhere")
    loop.symlink_to("loop")
    expected = {
        pipe: "not a regular file",
        Path("/dev/zero"): "not a regular file",
        tmp_path: "cannot be read: Is a directory",
        dangling: "cannot be read: No such file or directory",
        loop: "cannot be read: Too many levels of symbolic links",
        tmp_path / "missing": "cannot be read: No such file or directory",
    }
    for path, message in expected.items():
        for act in (lambda path=path: files.read(path, shown="shown"), lambda path=path: replace(path)):
            with pytest.raises(SourceError) as caught:
                act()
            assert caught.value.message == message
            assert caught.value.file == "shown"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert dangling.is_symlink()


def test_reading_a_folder_leaves_no_open_file_behind(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with pytest.raises(SourceError):
            files.read(tmp_path, shown="shown")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_file_larger_than_any_that_people_write_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    with path.open("wb") as stream:
        stream.truncate(files.LARGEST + 1)
    with pytest.raises(SourceError, match="67108865 bytes are more than"):
        files.read(path, shown="shown")


def test_a_new_file_is_written_with_its_folders_and_the_usual_mode(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "new"
    assert files.create(path, NEW, within=tmp_path, shown="new")
    plain = tmp_path / "plain"
    plain.touch()
    assert path.read_bytes() == NEW
    assert path.stat().st_mode == plain.stat().st_mode
    assert [entry.name for entry in path.parent.iterdir()] == ["new"]


@pytest.mark.parametrize("kind", ["file", "folder", "broken link", "pipe"])
def test_whatever_has_the_name_of_a_new_file_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "there"
    match kind:
        case "file":
            path.write_bytes(OLD)
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case _:
            path.symlink_to("nowhere")
    before = path.lstat()
    assert not files.create(path, NEW, within=tmp_path, shown="there")
    assert path.lstat() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["there"]


def test_a_full_disk_leaves_no_piece_of_a_new_file(tmp_path: Path) -> None:
    with no_file_longer_than(4), pytest.raises(SourceError, match="cannot be written: File too large"):
        files.create(tmp_path / "new", NEW, within=tmp_path, shown="new")
    assert [entry.name for entry in tmp_path.iterdir()] == []


def test_a_new_file_is_not_written_through_a_link_that_leads_out(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    with pytest.raises(SourceError, match="a link leads out of"):
        files.create(inside / "link" / "new", NEW, within=inside, shown="new")
    (inside / "good").symlink_to(inside)
    assert files.create(inside / "good" / "new", NEW, within=inside, shown="new")
    assert [entry.name for entry in outside.iterdir()] == []
