"""What is found below a folder: what git would show, and nothing that leads out of it."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from pinbot.worktree import git as git_room
from pinbot.worktree.search import Found, find
from tests.worktree.repository import git, make, repository

pytestmark = pytest.mark.needs("git")

TEXT = "FROM alpine\n"


def found(*paths: Path | str) -> Found:
    return find([str(path) for path in paths], wanted=lambda path: path.endswith("Dockerfile"))


def names(result: Found, root: Path) -> list[str]:
    assert result.errors == ()
    return [os.path.relpath(source.path, root) for source in result.sources]


def test_tracked_and_new_files_are_found_and_ignored_ones_are_not(tmp_path: Path) -> None:
    root = repository(tmp_path, {".gitignore": "out/\n*.tmp\n", "Dockerfile": TEXT, "a/Dockerfile": TEXT})
    make(root, {"new/Dockerfile": TEXT, "out/Dockerfile": TEXT, "vendor/Dockerfile": TEXT, "a/other": "x"})
    assert names(found(root), root) == ["Dockerfile", "a/Dockerfile", "new/Dockerfile", "vendor/Dockerfile"]


def test_a_negated_ignore_rule_brings_a_file_back(tmp_path: Path) -> None:
    root = repository(tmp_path, {".gitignore": "build/*\n!build/keep/\n"})
    make(root, {"build/gone/Dockerfile": TEXT, "build/keep/Dockerfile": TEXT})
    assert names(found(root), root) == ["build/keep/Dockerfile"]


def test_a_tracked_file_is_found_although_a_rule_ignores_it(tmp_path: Path) -> None:
    root = repository(tmp_path, {".gitignore": "out/\n", "out/Dockerfile": TEXT})
    assert names(found(root), root) == ["out/Dockerfile"]


def test_a_named_file_is_read_whatever_it_is_called_and_even_if_ignored(tmp_path: Path) -> None:
    root = repository(tmp_path, {".gitignore": "*\n"})
    make(root, {"image.txt": TEXT})
    assert names(found(root / "image.txt"), root) == ["image.txt"]


def test_a_tracked_file_that_was_deleted_is_not_missed(tmp_path: Path) -> None:
    root = repository(tmp_path, {"Dockerfile": TEXT, "gone/Dockerfile": TEXT})
    shutil.rmtree(root / "gone")
    assert names(found(root), root) == ["Dockerfile"]


def test_a_file_in_conflict_is_found_once(tmp_path: Path) -> None:
    root = repository(tmp_path, {"Dockerfile": TEXT})
    git(root, "checkout", "-q", "-b", "other")
    make(root, {"Dockerfile": "FROM busybox\n"})
    git(root, "commit", "-q", "-a", "-m", "one")
    git(root, "checkout", "-q", "-")
    make(root, {"Dockerfile": "FROM debian\n"})
    git(root, "commit", "-q", "-a", "-m", "two")
    with pytest.raises(subprocess.CalledProcessError):
        git(root, "merge", "-q", "other")
    assert names(found(root), root) == ["Dockerfile"]


def test_submodules_and_nested_repositories_belong_to_others(tmp_path: Path) -> None:
    library = repository(tmp_path / "library", {"Dockerfile": TEXT})
    root = repository(tmp_path / "root", {"Dockerfile": TEXT})
    git(root, "submodule", "--quiet", "add", str(library), "sub")
    repository(root / "nested", {"Dockerfile": TEXT})
    assert names(found(root), root) == ["Dockerfile"]
    assert names(found(root / "sub"), root) == ["sub/Dockerfile"]


def test_overlapping_paths_give_each_file_once_under_its_first_name(tmp_path: Path) -> None:
    root = repository(tmp_path, {"a/Dockerfile": TEXT, "b/Dockerfile": TEXT})
    result = found(root / "b" / "Dockerfile", root, root / "a", f"{root}/a/../b")
    assert names(result, root) == ["b/Dockerfile", "a/Dockerfile"]


def test_a_link_and_the_file_it_leads_to_are_one(tmp_path: Path) -> None:
    root = repository(tmp_path, {"docker/Dockerfile": TEXT})
    (root / "Dockerfile").symlink_to("docker/Dockerfile")
    (root / "linked").symlink_to("docker")
    assert names(found(root), root) == ["Dockerfile"]


def test_a_link_may_lead_to_another_folder_of_the_repository(tmp_path: Path) -> None:
    root = repository(tmp_path, {"shared/Dockerfile": TEXT, "svc/main.rs": ""})
    (root / "svc" / "Dockerfile").symlink_to("../shared/Dockerfile")
    assert names(found(root / "svc"), root) == ["svc/Dockerfile"]


@pytest.mark.parametrize("in_git", [True, False])
def test_links_out_of_the_tree_are_not_followed(tmp_path: Path, *, in_git: bool) -> None:
    make(tmp_path / "outside", {"Dockerfile": TEXT})
    root = make(tmp_path / "root", {"Dockerfile": TEXT})
    (root / "a.Dockerfile").symlink_to(tmp_path / "outside" / "Dockerfile")
    (root / "b.Dockerfile").symlink_to("../outside/Dockerfile")
    (root / "c.Dockerfile").symlink_to("../outside/no Dockerfile")
    (root / "folder").symlink_to("../outside")
    if in_git:
        repository(root, {})
    assert names(found(root), root) == ["Dockerfile"]


def test_a_folder_that_was_replaced_by_a_link_is_not_entered(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"folder/Dockerfile": TEXT})
    (root / "folder").rename(tmp_path / "outside")
    (root / "folder").symlink_to(tmp_path / "outside")
    assert names(found(root), root) == []


@pytest.mark.parametrize("in_git", [True, False])
def test_a_loop_of_links_is_reported_and_the_rest_is_found(tmp_path: Path, *, in_git: bool) -> None:
    root = make(tmp_path, {"z/Dockerfile": TEXT})
    (root / "Dockerfile").symlink_to("Dockerfile")
    (root / "up").symlink_to("..")
    if in_git:
        repository(root, {})
    result = found(root)
    assert [error.message for error in result.errors] == ["cannot be read: Too many levels of symbolic links"]
    assert [source.path for source in result.sources] == [f"{root}/z/Dockerfile"]


def test_outside_git_the_usual_folders_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, {"Dockerfile": TEXT, "a/Dockerfile": TEXT, "node_modules/x/Dockerfile": TEXT})
    make(tmp_path, {"a/target/Dockerfile": TEXT, ".hidden/Dockerfile": TEXT, ".venv/Dockerfile": TEXT})
    assert names(found(tmp_path), tmp_path) == [".hidden/Dockerfile", "Dockerfile", "a/Dockerfile"]


def test_an_empty_git_folder_makes_no_repository(tmp_path: Path) -> None:
    make(tmp_path, {"Dockerfile": TEXT})
    (tmp_path / ".git").mkdir()
    assert names(found(tmp_path), tmp_path) == ["Dockerfile"]


def test_a_repository_that_git_cannot_read_is_an_error_and_others_are_searched(tmp_path: Path) -> None:
    broken = repository(tmp_path / "broken", {"Dockerfile": TEXT})
    (broken / ".git" / "config").write_text("[core\n")
    good = repository(tmp_path / "good", {"Dockerfile": TEXT})
    result = found(broken, good)
    assert [source.path for source in result.sources] == [f"{good}/Dockerfile"]
    (error,) = result.errors
    assert error.message.startswith("git cannot list the files: fatal: bad config line 1")
    assert error.file == str(broken)


def test_without_git_on_the_path_a_repository_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path, {"Dockerfile": TEXT, "target/Dockerfile": TEXT})
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert names(found(root), root) == ["Dockerfile"]


def test_the_variables_that_git_gives_to_hooks_do_not_mislead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repository(tmp_path / "other", {"x/Dockerfile": TEXT})
    root = repository(tmp_path / "root", {"Dockerfile": TEXT})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert names(found(root), root) == ["Dockerfile"]


def test_git_sees_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path / "root", {"Dockerfile": TEXT})
    program = tmp_path / "bin" / "git"
    make(
        tmp_path,
        {"bin/git": f"#!/bin/sh\nenv >> '{tmp_path}/seen'\nPATH='{os.environ['PATH']}' exec git \"$@\"\n"},
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    for name in ("GITHUB_TOKEN", "PINBOT_APP_KEY", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GIT_CONFIG_PARAMETERS"):
        monkeypatch.setenv(name, "TheSecret")
    assert names(found(root), root) == ["Dockerfile"]
    assert git_room.version() is not None
    seen = (tmp_path / "seen").read_text()
    assert seen.count("GIT_ALLOW_PROTOCOL=none") == 2
    assert "TheSecret" not in seen


def test_what_a_user_ignores_everywhere_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path / "root", {"Dockerfile": TEXT})
    make(root, {"scratch/Dockerfile": TEXT})
    make(tmp_path, {"home/.config/git/ignore": "scratch\n"})
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert names(found(root), root) == ["Dockerfile"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_another_user_is_read(tmp_path: Path) -> None:
    root = repository(tmp_path, {".gitignore": "out\n", "Dockerfile": TEXT})
    make(root, {"out/Dockerfile": TEXT})
    for path in (root, *root.rglob("*")):
        os.chown(path, 12345, 12345)
    assert names(found(root), root) == ["Dockerfile"]


def test_no_program_that_the_settings_of_a_repository_name_is_run(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"Dockerfile": TEXT})
    trace, program = trap(tmp_path)
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass"):
        git(root, "config", key, str(program))
    assert names(found(root), root) == ["Dockerfile"]
    assert not trace.exists()
    git(root, "ls-files", "--others", "--exclude-standard")
    assert trace.exists(), "the trap is no trap: plain git runs nothing either"


def test_nothing_is_fetched_for_a_partial_clone(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"sub/.gitignore": "x\n"})
    trace, program = trap(tmp_path)
    git(root, "update-index", "--skip-worktree", "sub/.gitignore")
    shutil.rmtree(root / "sub")
    make(root, {"sub/Dockerfile": TEXT})
    blob = git(root, "rev-parse", ":sub/.gitignore").strip()
    (root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    git(root, "config", "core.repositoryFormatVersion", "1")
    git(root, "config", "extensions.partialClone", "origin")
    git(root, "config", "remote.origin.url", f"ext::{program} %S")
    git(root, "config", "remote.origin.promisor", "true")
    git(root, "config", "protocol.ext.allow", "always")
    found(root)
    assert not trace.exists()
    with suppress(subprocess.CalledProcessError):
        git(root, "ls-files", "--others", "--exclude-standard")
    assert trace.exists(), "the trap is no trap: plain git fetches nothing either"


def trap(folder: Path) -> tuple[Path, Path]:
    """A program, and the file that is there once it has run."""
    trace, program = folder / "trace", folder / "program"
    program.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{trace}'\n")
    program.chmod(0o755)
    return trace, program


def test_a_work_tree_that_the_settings_put_elsewhere_is_not_read(tmp_path: Path) -> None:
    make(tmp_path / "secrets", {"Dockerfile": TEXT})
    root = repository(tmp_path / "root", {"Dockerfile": TEXT})
    git(root, "config", "core.worktree", str(tmp_path / "secrets"))
    assert git_room.toplevel(root) == root
    assert all(source.path == f"{root}/Dockerfile" for source in found(root).sources)


@pytest.mark.parametrize("in_git", [True, False])
@pytest.mark.parametrize(
    "name", ["with space", "line\nbreak", os.fsdecode(b"latin-\xe9"), '"quoted\\"', "-C"]
)
def test_any_name_is_found(tmp_path: Path, name: str, *, in_git: bool) -> None:
    make(tmp_path, {f"{name}/{name}.Dockerfile": TEXT})
    if in_git:
        repository(tmp_path, {})
    assert names(found(tmp_path), tmp_path) == [f"{name}/{name}.Dockerfile"]


def test_a_path_is_shown_as_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path, {"svc/Dockerfile": TEXT})
    monkeypatch.chdir(tmp_path / "svc")
    assert [source.path for source in found(".").sources] == ["Dockerfile"]
    assert [source.path for source in found("../svc").sources] == ["../svc/Dockerfile"]
    assert [source.path for source in found("./Dockerfile").sources] == ["Dockerfile"]


def test_a_missing_path_is_an_error_and_the_others_are_read(tmp_path: Path) -> None:
    make(tmp_path, {"Dockerfile": TEXT})
    result = found(tmp_path / "missing", tmp_path)
    assert [str(error) for error in result.errors] == [
        f"{tmp_path}/missing: cannot be read: No such file or directory (mend the path or its permissions)"
    ]
    assert len(result.sources) == 1


def test_a_folder_that_cannot_be_listed_is_an_error_and_the_others_are_read() -> None:
    script = """
import os, sys, tempfile
from pathlib import Path
from pinbot.worktree.search import find
with tempfile.TemporaryDirectory() as name:
    root = Path(name)
    root.chmod(0o755)
    for folder in ("closed", "open"):
        (root / folder).mkdir()
        (root / folder / "Dockerfile").write_text("FROM alpine")
    (root / "closed").chmod(0)
    if os.geteuid() == 0:
        os.setegid(65534); os.seteuid(65534)
    found = find([name, f"{name}/closed/Dockerfile"], wanted=lambda path: True)
    if os.getuid() == 0:
        os.seteuid(0)
    (root / "closed").chmod(0o755)
    print([s.path.removeprefix(name) for s in found.sources], [e.message for e in found.errors])
"""
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == (
        "['/open/Dockerfile'] ['cannot be listed: Permission denied', 'cannot be read: Permission denied']"
    )


def test_git_and_the_walk_agree_where_nothing_is_ignored(tmp_path: Path) -> None:
    layout: dict[str, str | bytes] = {
        f"{folder}/{n}.Dockerfile": TEXT for folder in ("a", "a/b", "c") for n in "xy"
    }
    plain = make(tmp_path / "plain", layout)
    tracked = repository(tmp_path / "tracked", layout)
    assert names(found(plain), plain) == names(found(tracked), tracked)
