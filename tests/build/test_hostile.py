"""What a hostile Dockerfile comes to, builder by builder, as the page tells it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pinbot.model.build import BuiltImage, FailedBuild, Limit
from tests.build.conftest import Bench, column, is_limited, without
from tests.build.test_builders import asking, assert_nothing_is_left, processes_with
from tests.support.project import ROOT, Project
from tests.support.registry import RegistryServer

YES_NO = {True: "yes", False: "no"}

# Out of a chroot: into another one, while a descriptor of the first one's root is kept; see chroot(2).
ESCAPE = r"""
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int count, char **words) {
    char text[100] = "";
    mkdir("/inner", 0755);
    int root = open("/", O_RDONLY);
    if (chroot("/inner") || fchdir(root)) return 1;
    for (int i = 0; i < 100 && !chdir(".."); i++) {}
    if (chroot(".")) return 1;
    int file = open(words[1], O_RDONLY);
    if (file >= 0 && read(file, text, sizeof text - 1) > 0) printf("found: %s\n", text);
    return 0;
}
"""


def told(row: str, bench: Bench) -> str:
    return column("What a step tries", bench)[row]


@pytest.fixture(scope="module")
def escape(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("escape")
    (folder / "escape.c").write_text(ESCAPE)
    subprocess.run(["gcc", "-static", "-O", "-o", folder / "escape", folder / "escape.c"], check=True)
    return (folder / "escape").read_bytes()


def spy(bench: Bench, escape: bytes, registry: RegistryServer, secret: Path) -> Bench:
    """Look for everything that a step must not see; what was seen is in the log."""
    for file in (secret, Path(bench.environ["HOME"], ".docker", "config.json")):
        file.parent.mkdir(exist_ok=True)
        file.touch(mode=0o600)
    secret.write_text("hush-file")
    config = Path(bench.environ.get("DOCKER_CONFIG", f"{bench.environ['HOME']}/.docker"), "config.json")
    config.write_text('{"auths": {"registry.example.com": {"auth": "aHVzaC1hdXRoOmh1c2gtYXV0aA=="}}}')
    spying = bench.seeing(GITHUB_TOKEN="hush-token", MY_PASSWORD="hush-word", SSH_AUTH_SOCK="/hush-socket")
    (bench.tree / "escape").write_bytes(escape)
    (bench.tree / "escape").chmod(0o755)
    # The command line of a step must not hold what is looked for.
    (bench.tree / "spy").write_text(
        f"env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'\n"
        "find / -xdev -name auth.json -o -xdev -name config.json 2>/dev/null | xargs cat\n"
        f"/escape {secret}; find /dev -type b | sed 's/^/device: /'\n"
        f"{asking(registry).removeprefix('RUN ')} && echo loopback: reached\n"
        "echo spied\n"
    )
    bystander = subprocess.Popen(["sleep", "42424"])
    try:
        image = spying.build("FROM alpine:3.22\nCOPY escape spy /\nRUN sh /spy\n")
    finally:
        bystander.kill()
        bystander.wait()
        config.unlink()
    assert isinstance(image, BuiltImage), spying.log
    assert "spied" in spying.log
    return spying


def test_what_a_step_cannot_see(
    bench: Bench, escape: bytes, registry: RegistryServer, tmp_path: Path
) -> None:
    log = spy(bench, escape, registry, tmp_path / "secret").log
    secrets = re.search(r"hush-|aHVzaC1hdXRo", log.replace("found: hush-file", ""))
    assert told("read a token", bench) == YES_NO[secrets is not None]
    assert told("see the machine's processes", bench) == YES_NO["42424" in log]
    assert told("leave its root", bench) == YES_NO["found:" in log]
    assert told("see the machine's disks", bench) == YES_NO["device:" in log]
    assert told("reach the machine's loopback", bench) == YES_NO["loopback: reached" in log]


@pytest.mark.needs("base-images", "buildah")
def test_what_a_step_can_do_in_a_mere_chroot_is_said(
    buildah: Bench, escape: bytes, registry: RegistryServer, tmp_path: Path
) -> None:
    weak = buildah.seeing(**without({"crun", "runc"}, tmp_path / "bin"))
    spying = spy(weak, escape, registry, tmp_path / "secret")
    assert "found: hush-file" in spying.log
    image = spying.build("FROM alpine:3.22\nRUN true\n")
    assert isinstance(image, BuiltImage)
    assert image.caveats == (
        "steps can leave their chroot and act as root: crun is not installed; runc is not installed",
    )


def assert_that_is_said(limited: Bench, key: str, cell: str) -> None:
    """A limit that is not held is a caveat of what is built; the page tells only of the oldest docker's."""
    built = limited.build("FROM alpine:3.22\nRUN true\n")
    assert isinstance(built, BuiltImage)
    [caveat] = built.caveats
    assert caveat.startswith(f"{key} not limited: ")
    assert (cell == "not limited") == (limited.name == "docker")


def test_a_step_that_fills_the_memory_is_stopped_where_that_can_be(bench: Bench) -> None:
    limited = bench.having(memory=256 * 1024**2, timeout=60.0)
    if not is_limited(bench):
        assert_that_is_said(limited, "memory", told("take more than `memory`", bench))
        return
    failed = limited.build("FROM alpine:3.22\nRUN tail /dev/zero\n")
    assert told("take more than `memory`", bench) == "stopped"
    assert isinstance(failed, FailedBuild)
    assert (failed.limit, failed.step, failed.caveats) == (Limit.MEMORY, "RUN tail /dev/zero", ())
    assert_nothing_is_left(bench)


def test_a_step_that_forks_for_ever_is_stopped_where_that_can_be(bench: Bench) -> None:
    limited = bench.having(processes=200, timeout=60.0)
    if not is_limited(bench):
        assert_that_is_said(limited, "processes", told("start more than `processes`", bench))
        return
    failed = limited.build(
        "FROM alpine:3.22\nRUN bomb() { bomb | bomb & sleep 42004; }; bomb & sleep 1; exit 3\n"
    )
    assert told("start more than `processes`", bench) == "stopped"
    assert isinstance(failed, FailedBuild)
    assert failed.limit is Limit.PROCESSES
    assert processes_with("42004") == []
    assert_nothing_is_left(bench)


def test_a_step_that_fills_the_disk_is_stopped(bench: Bench) -> None:
    failed = bench.having(disk=64 * 1024**2).build(
        "FROM alpine:3.22\nRUN dd if=/dev/zero of=/filling bs=1M count=100000\n"
    )
    assert told("take more than `disk`", bench) == "stopped"
    assert isinstance(failed, FailedBuild)
    assert failed.limit is Limit.DISK
    assert failed.step.startswith("RUN dd")
    assert_nothing_is_left(bench)


def test_a_step_that_will_not_end_ends_with_the_time_out(bench: Bench) -> None:
    warm = bench.build("FROM alpine:3.22\nRUN true\n")
    assert isinstance(warm, BuiltImage)
    # Long enough to reach the step, however busy the machine is.
    failed = bench.having(timeout=2.0 + 3 * warm.seconds).build(
        "FROM alpine:3.22\n"
        "RUN trap '' TERM; setsid sh -c 'trap \"\" TERM HUP; sleep 42001; sleep 42001' & "
        "(sh -c 'sleep 42001 &' &); sleep 42001; sleep 42001\n"
    )
    assert told("go on after `timeout`: ignore signals, leave its session", bench) == "stopped"
    assert isinstance(failed, FailedBuild)
    assert failed.limit is Limit.TIME
    assert failed.step.startswith("RUN trap '' TERM")
    assert processes_with("42001") == []
    assert_nothing_is_left(bench)


def test_a_command_that_is_told_to_end_leaves_nothing(bench: Bench, registry: RegistryServer) -> None:
    project = Project(bench.tree)
    project.use_registry(registry.host)
    project.write(
        "Dockerfile",
        "FROM alpine:3.22\n"
        "RUN trap '' TERM; setsid sh -c 'trap \"\" TERM HUP INT; sleep 42006; sleep 42006' & "
        "echo started-now; sleep 42006\n",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "pinbot", "update", "--build", "--verbose"],
        cwd=project.root,
        env={**bench.environ, "PYTHONPATH": str(ROOT), "PINBOT_BUILDER": bench.driver},
        stderr=subprocess.PIPE,
        text=True,
    ) as pinbot:
        assert pinbot.stderr is not None
        assert any("started-now" in line and "RUN" not in line for line in iter(pinbot.stderr.readline, ""))
        pinbot.send_signal(signal.SIGTERM)
        _, told = pinbot.communicate(timeout=60)
    assert pinbot.returncode == 130, told
    assert processes_with("42006") == []
    assert groups_of(pinbot.pid) == []
    assert_nothing_is_left(bench)


def test_no_control_group_is_left_of_all_this() -> None:
    assert groups_of(os.getpid()) == []


def groups_of(pid: int) -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"**/pinbot-{pid}-*"))
