"""Control groups: those of this machine for real, and version 2 by the files that its kernel would show."""

import os
import subprocess
import time
from pathlib import Path, PurePosixPath

import pytest

from pinbot.build.cgroup import ControlGroup, Hierarchy, control_group
from pinbot.config import BuildSettings
from pinbot.model.build import Limit

NAME = PurePosixPath("/pinbot-1")

HYBRID = """\
9:name=systemd:/
8:pids:/
4:memory:/user/ada
3:cpu,cpuacct:/
0::/user.slice/session.scope
"""
MOUNTS = """\
proc /proc proc rw 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,relatime,pids 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
"""


def group(folder: Path) -> ControlGroup:
    return ControlGroup(name=NAME, folders=(folder,), entrances=(), held=frozenset(), caveats=())


@pytest.mark.needs("dockerd")
def test_what_left_its_session_is_held_and_killed_with_its_group() -> None:
    with control_group(BuildSettings(memory=200_000_000, cpus=0.5, processes=20)) as made:
        assert made.held == {"memory", "cpu", "pids"}
        assert made.caveats == ()
        script = "(setsid sh -c 'trap \"\" TERM HUP; sleep 41010; sleep 41010' >/dev/null 2>&1 &); sleep 0.2"
        subprocess.run([*made.entrance, "sh", "-c", script], check=True, timeout=20)
        assert alive("41010")
    deadline = time.monotonic() + 5
    while alive("41010") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive("41010")
    assert not list(Path("/sys/fs/cgroup").glob(f"**/pinbot-{os.getpid()}-*"))


@pytest.mark.needs("dockerd")
def test_the_group_of_a_pinbot_that_was_killed_is_removed_by_the_next() -> None:
    left = next(
        tree.mount / "pinbot-4194999-dead"
        for tree in Hierarchy.all()
        if "pids" in tree.controllers or tree.unified
    )
    left.mkdir()
    with control_group(BuildSettings()):
        assert not left.exists()


def alive(marker: str) -> bool:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker in file.read_text().split("\0"):
                return True
        except OSError:
            continue
    return False


def test_where_no_group_can_be_made_what_was_asked_for_is_said_not_to_hold() -> None:
    with control_group(BuildSettings(memory=1, processes=2), usable=False) as none:
        assert (none.entrance, none.steps, none.held) == ((), None, frozenset())
        assert none.caveats == ("memory, processes not limited: this builder takes no control groups",)
    with control_group(BuildSettings(), usable=False) as none:
        assert none.caveats == ()


def test_both_versions_side_by_side_are_found(tmp_path: Path) -> None:
    (tmp_path / "cgroup").write_text(HYBRID)
    (tmp_path / "mounts").write_text(MOUNTS)
    assert [
        (tree.mount.name, sorted(tree.controllers), tree.unified, str(tree.own))
        for tree in Hierarchy.all(tmp_path)
    ] == [
        ("pids", ["pids"], False, "/"),
        ("memory", ["memory"], False, "/user/ada"),
        ("cpu,cpuacct", ["cpu", "cpuacct"], False, "/"),
        ("unified", [], True, "/user.slice/session.scope"),
    ]


def test_in_version_2_the_builder_and_the_steps_are_beside_each_other_below_the_limits(
    tmp_path: Path,
) -> None:
    tree = Hierarchy(tmp_path, frozenset(), unified=True, own=PurePosixPath("/"))
    held = tree.limit(NAME, {"memory": 1000, "pids": 20, "cpu": 50_000})
    assert held == {"memory", "pids", "cpu"}
    made = tmp_path / "pinbot-1"
    assert {name: (made / name).read_text() for name in ("memory.max", "pids.max", "cpu.max")} == {
        "memory.max": "1000",
        "pids.max": "20",
        "cpu.max": "50000 100000",
    }
    assert (made / "builder").is_dir()
    for folder in (tmp_path, made):
        assert (folder / "cgroup.subtree_control").read_text() in {"+memory", "+pids", "+cpu"}


def test_a_tree_that_may_not_be_written_holds_nothing(tmp_path: Path) -> None:
    tree = Hierarchy(tmp_path / "gone", frozenset({"pids"}), unified=False, own=PurePosixPath("/"))
    assert tree.limit(NAME, {"pids": 20}) == set()
    assert tree.limit(NAME, {"memory": 20}) == set()


@pytest.mark.parametrize(
    ("files", "tail", "limit"),
    [
        ({"memory.events": "low 0\noom_kill 2\n"}, "exit 1", Limit.MEMORY),
        ({"memory.oom_control": "under_oom 0\noom_kill 1\n"}, "exit 1", Limit.MEMORY),
        (
            {"memory.max_usage_in_bytes": "50", "memory.limit_in_bytes": "50"},
            "did not complete successfully: exit code: 137",
            Limit.MEMORY,
        ),
        ({"memory.max_usage_in_bytes": "50", "memory.limit_in_bytes": "50"}, "exit code: 1", None),
        ({"memory.max_usage_in_bytes": "49", "memory.limit_in_bytes": "50"}, "exit code: 137", None),
        ({"pids.events": "max 3\n"}, "exit 1", Limit.PROCESSES),
        ({"pids.peak": "20\n", "pids.max": "20\n"}, "exit 1", Limit.PROCESSES),
        ({"pids.peak": "20\n", "pids.max": "max\n", "pids.events": "max 0\n"}, "exit 1", None),
        ({}, "exit code: 137", None),
    ],
)
def test_why_a_build_failed_is_read_from_what_the_kernel_counted(
    tmp_path: Path, files: dict[str, str], tail: str, limit: Limit | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert group(tmp_path).exceeded((tail,)) is limit
