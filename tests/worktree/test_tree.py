"""The copy that a test build sees is what a fresh checkout would be."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from pinbot.errors import SourceError, UsageError
from pinbot.worktree.tree import Tree
from tests.worktree.repository import git, make, repository

pytestmark = pytest.mark.needs("git")


def copy(root: Path, changes: dict[str, bytes] | None = None) -> Path:
    destination = root.parent / "copy"
    Tree.around(root).copy_to(destination, changes=changes or {})
    return destination


def content(root: Path) -> dict[str, bytes | str]:
    """Every file and link (as `-> where`) below a folder."""
    return {
        path.relative_to(root).as_posix(): f"-> {path.readlink()}" if path.is_symlink() else path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_the_tree_is_the_repository_around_a_file_or_folder(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a/b/Dockerfile": ""})
    (tmp_path / "link").symlink_to("root/a")
    for path in (root, root / "a/b", root / "a/b/Dockerfile", tmp_path / "link", root / "missing"):
        assert Tree.around(path).root == root


def test_outside_git_the_tree_is_the_folder(tmp_path: Path) -> None:
    make(tmp_path, {"a/Dockerfile": ""})
    assert Tree.around(tmp_path / "a").root == tmp_path / "a"
    assert Tree.around(tmp_path / "a/Dockerfile").root == tmp_path / "a"
    assert Tree.around(tmp_path / "a/Dockerfile", tmp_path / "b").root == tmp_path


def test_a_submodule_is_a_tree_of_its_own(tmp_path: Path) -> None:
    library = repository(tmp_path / "library", {"x": ""})
    root = repository(tmp_path / "root", {"y": ""})
    git(root, "submodule", "--quiet", "add", str(library), "sub")
    assert Tree.around(root / "sub" / "x").root == root / "sub"


def test_a_path_is_named_from_the_root_and_by_what_it_leads_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "root", {"docker/Dockerfile": "", "svc/x": ""})
    (root / "svc" / "Dockerfile").symlink_to("../docker/Dockerfile")
    monkeypatch.chdir(root / "svc")
    tree = Tree.around(Path("Dockerfile"))
    assert tree.relative("Dockerfile") == "docker/Dockerfile"
    assert tree.relative("../docker/Dockerfile") == "docker/Dockerfile"


def test_a_path_outside_of_the_tree_is_wrong_usage(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"Dockerfile": ""})
    with pytest.raises(UsageError, match="is outside of"):
        Tree.around(root).relative(str(tmp_path / "rootother"))


def test_the_copy_holds_tracked_and_new_files_without_ignored_ones_and_history(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {".gitignore": "out\n", "src/main.rs": "fn", "vendor/x": "v"})
    make(root, {"out/big": "x", "new": "n"})
    assert content(copy(root)) == {
        ".gitignore": b"out\n",
        "new": b"n",
        "src/main.rs": b"fn",
        "vendor/x": b"v",
    }


def test_outside_git_the_copy_holds_everything_but_history(tmp_path: Path) -> None:
    root = make(tmp_path / "root", {"Dockerfile": "", "vendor/x": "v", "target/y": "t", ".hg/store": ""})
    assert set(content(copy(root))) == {"Dockerfile", "vendor/x", "target/y"}


def test_submodules_and_nested_repositories_are_copied_with_their_own_ignore_rules(tmp_path: Path) -> None:
    library = repository(tmp_path / "library", {".gitignore": "*.o\n", "lib.c": "l"})
    root = repository(tmp_path / "root", {"Dockerfile": "d"})
    git(root, "submodule", "--quiet", "add", str(library), "sub")
    repository(root / "nested", {"n": "n"})
    make(root, {"sub/lib.o": "built"})
    assert set(content(copy(root))) == {
        ".gitmodules",
        "Dockerfile",
        "nested/n",
        "sub/.gitignore",
        "sub/lib.c",
    }


def test_a_submodule_that_was_not_checked_out_is_an_empty_folder(tmp_path: Path) -> None:
    library = repository(tmp_path / "library", {"lib.c": ""})
    root = repository(tmp_path / "root", {"Dockerfile": ""})
    git(root, "submodule", "--quiet", "add", str(library), "sub")
    git(root, "submodule", "--quiet", "deinit", "--force", "sub")
    copied = copy(root)
    assert list((copied / "sub").iterdir()) == []


def test_modes_and_times_are_kept(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"run.sh": "x", "read-only": "x"})
    (root / "run.sh").chmod(0o755)
    (root / "read-only").chmod(0o444)
    os.utime(root / "run.sh", (1_000_000_000, 1_000_000_000))
    copied = copy(root)
    assert stat.S_IMODE((copied / "run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((copied / "read-only").stat().st_mode) == 0o444
    assert (copied / "run.sh").stat().st_mtime == 1_000_000_000


def test_links_stay_links_wherever_they_lead(tmp_path: Path) -> None:
    make(tmp_path, {"secret": "s"})
    root = repository(tmp_path / "root", {"folder/x": "x"})
    links = {
        "in": "folder",
        "dangling": "nowhere",
        "out": "../secret",
        "absolute": "/etc/passwd",
        "loop": "loop",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    assert content(copy(root)) == {name: f"-> {target}" for name, target in links.items()} | {
        "folder/x": b"x"
    }


def test_nothing_is_copied_through_a_link_that_took_the_place_of_a_folder(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"folder/x": "committed"})
    shutil.rmtree(root / "folder")
    make(tmp_path / "elsewhere", {"x": "kept", "y": "kept"})
    (root / "folder").symlink_to("../elsewhere")
    assert content(copy(root)) == {"folder": "-> ../elsewhere"}
    assert content(tmp_path / "elsewhere") == {"x": b"kept", "y": b"kept"}


def test_pipes_and_deleted_files_are_left_out(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"gone": "g", "kept": "k"})
    (root / "gone").unlink()
    os.mkfifo(root / "pipe")
    assert content(copy(root)) == {"kept": b"k"}


def test_changes_take_the_place_of_what_was_copied(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"Dockerfile": "old", "other": "o"})
    assert content(copy(root, {"Dockerfile": b"new"})) == {"Dockerfile": b"new", "other": b"o"}
    assert (root / "Dockerfile").read_bytes() == b"old"


def test_a_changed_file_that_links_lead_to_is_seen_through_them(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"docker/Dockerfile": "old"})
    (root / "Dockerfile").symlink_to("docker/Dockerfile")
    copied = copy(root, {Tree.around(root).relative(str(root / "Dockerfile")): b"new"})
    assert content(copied) == {"Dockerfile": "-> docker/Dockerfile", "docker/Dockerfile": b"new"}
    assert (copied / "Dockerfile").read_bytes() == b"new"


def test_a_changed_read_only_file_keeps_its_mode(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"Dockerfile": "old"})
    (root / "Dockerfile").chmod(0o444)
    copied = copy(root, {"Dockerfile": b"new"}) / "Dockerfile"
    assert copied.read_bytes() == b"new"
    assert stat.S_IMODE(copied.stat().st_mode) == 0o444


def test_a_changed_file_that_git_ignores_is_there_all_the_same(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {".gitignore": "local\n"})
    make(root, {"local/Dockerfile": "old", "local/other": "o"})
    assert content(copy(root, {"local/Dockerfile": b"new"})) == {
        ".gitignore": b"local\n",
        "local/Dockerfile": b"new",
    }


def test_a_file_that_cannot_be_copied_is_named(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a/x": "x"})
    make(tmp_path / "copy", {"a": "a file in the way"})
    with pytest.raises(SourceError, match="cannot be copied for the test build") as caught:
        copy(root)
    assert caught.value.file == f"{root}/a/x"


def test_a_change_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a": "a file"})
    with pytest.raises(SourceError, match="cannot be copied for the test build: File exists") as caught:
        copy(root, {"a/Dockerfile": b"new"})
    assert caught.value.file == f"{root}/a/Dockerfile"


def test_a_tree_that_git_cannot_list_is_not_copied_in_part(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"x": "x"})
    (root / ".git" / "config").write_text("[core\n")
    with pytest.raises(SourceError, match="git cannot list the files"):
        copy(root)


@pytest.mark.parametrize("name", ["with space", "line\nbreak", os.fsdecode(b"latin-\xe9")])
def test_any_name_is_copied(tmp_path: Path, name: str) -> None:
    root = repository(tmp_path / "root", {name: "x"})
    assert content(copy(root, {name: b"new"})) == {name: b"new"}
