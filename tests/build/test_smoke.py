"""Starting images whose code is not trusted, in the sandboxes of podman and docker, by real programs."""

import asyncio
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pinbot.build import smoke
from pinbot.errors import BuilderError
from pinbot.image import look, platforms
from pinbot.image.sources.opening import open_image
from pinbot.model.smoke import SmokeRun
from pinbot.ports.registries import Registry
from tests.support.layouts import write_layout
from tests.support.oci import Entry, Image, layer
from tests.support.toolchain import compiled

# What it is told to do, and what it finds that it may.
PROBE = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

static void tell(const char *what, int result) {
    printf("%s: %s\n", what, result < 0 ? strerror(errno) : "ok");
}

static void report(void) {
    char line[512];
    FILE *status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status))
        if (!strncmp(line, "Cap", 3) || !strncmp(line, "NoNewPrivs", 10) || !strncmp(line, "Seccomp:", 8))
            fputs(line, stdout);
    FILE *network = fopen("/proc/net/dev", "r");
    for (int number = 0; fgets(line, sizeof line, network); number++)
        if (number >= 2) printf("interface %s\n", strtok(line, ": "));
    int processes = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; (entry = readdir(proc));)
        processes += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
    printf("uid %d, gid %d, pid %d, processes %d\n", getuid(), getgid(), getpid(), processes);
    for (char **variable = environ; *variable; variable++) printf("variable %s\n", *variable);
    tell("write /new", open("/new", O_CREAT | O_WRONLY, 0600));
    tell("write /app/new", open("/app/new", O_CREAT | O_WRONLY, 0600));
    tell("read /secret", open("/secret", O_RDONLY));
    tell("mount", mount("none", "/app", "tmpfs", 0, ""));
    tell("unshare", unshare(CLONE_NEWUSER));
    struct sockaddr_in far = {AF_INET, htons(53), {htonl(0x08080808)}};
    tell("connect", connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&far, sizeof far));
}

int main(int count, char **words) {
    const char *what = count > 1 ? words[1] : "";
    setvbuf(stdout, NULL, _IONBF, 0);
    if (!strcmp(what, "report")) { report(); return 0; }
    if (!strcmp(what, "serve")) { puts("serving"); for (;;) pause(); }
    if (!strcmp(what, "fail")) { puts("no DATABASE_URL"); return 7; }
    if (!strcmp(what, "crash")) { *(volatile int *)0 = 1; }
    if (!strcmp(what, "flood")) { for (;;) puts("\033[31mnoise"); }
    if (!strcmp(what, "hoard")) { for (;;) memset(malloc(1 << 24), 1, 1 << 24); }
    if (!strcmp(what, "fork")) {
        for (int children = 0;; children++) {
            int child = fork();
            if (child == 0) for (;;) pause();
            if (child < 0) { printf("%s after %d\n", strerror(errno), children); return 9; }
        }
    }
    return 0;
}
"""

Start = Callable[..., SmokeRun]


@pytest.fixture(
    params=[
        pytest.param("podman", marks=pytest.mark.needs("podman", "gcc")),
        pytest.param("docker", marks=pytest.mark.needs("dockerd", "gcc")),
    ]
)
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Start:
    """Start an image, in each sandbox in turn; nothing may be left of it."""
    scratch, home = tmp_path / "scratch", tmp_path / "home"
    scratch.mkdir()
    home.mkdir()
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(scratch), "TOKEN": "secret"}
    find = smoke.podman
    if request.param == "docker":
        environ |= request.getfixturevalue("daemon").environ
        find = smoke.docker

    def run(image: Image, *, seconds: float = 5, interrupted: bool = False) -> SmokeRun:
        write_layout(tmp_path / "image", image)
        before = processes()

        async def work() -> SmokeRun:
            running = asyncio.create_task(started(tmp_path / "image", await find(environ), seconds))
            while interrupted and processes() == before and not running.done():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            if interrupted:
                running.cancel()
            return await running

        try:
            return asyncio.run(work())
        finally:
            assert list(scratch.iterdir()) == []
            assert processes() == before
            assert str(tmp_path) not in Path("/proc/mounts").read_text()
            if request.param == "docker":
                daemon = request.getfixturevalue("daemon")
                assert daemon.docker("ps", "--all", "--quiet") == ""
                assert "pinbot-smoke" not in daemon.docker("image", "ls")

    return run


async def started(layout: Path, runner: smoke.Sandbox, seconds: float) -> SmokeRun:
    async def connect() -> Registry:
        raise AssertionError("nothing is to be asked of a registry")

    source = await open_image(f"oci:{layout}", connect)
    _, manifest = await platforms.pick(source, None)
    return await runner.run(source, manifest, await look.config(source, manifest), seconds=seconds)


def kernel_refused(run: SmokeRun) -> bool:
    """Whether neither a mount nor a user namespace was to be had."""
    answers = {"Operation not permitted", "Function not implemented"}
    told = dict(line.split(": ", 1) for line in run.tail if line.startswith(("mount: ", "unshare: ")))
    return len(told) == 2 and set(told.values()) <= answers


def processes() -> int:
    """How many there are of the program under test."""
    found = subprocess.run(["pgrep", "--count", "--full", "/app/prob[e]"], capture_output=True, check=False)
    return int(found.stdout)


def image(*command: str, program: Entry | None = None, user: str = "10001:10002", **config: object) -> Image:
    probe = program or Entry(name="app/probe", data=compiled("-static", source=PROBE), mode=0o555)
    entries = (
        Entry(name="app", mode=0o555),
        Entry(name="app/probe", data=b"", mode=0o555) if program else probe,
        *((program,) if program else ()),
        Entry(name="secret", data=b"secret", mode=0o400),
    )
    settings = {"User": user, "Entrypoint": list(command), "WorkingDir": "/app", **config}
    return Image(layers=(layer(entries),), config=settings)


def test_what_keeps_running_is_left_running_until_the_time_is_up(start: Start) -> None:
    run = start(image("/app/probe", "serve"), seconds=2)
    assert run == SmokeRun(tail=("serving",), runner=run.runner)
    assert run.runner.startswith(("podman ", "docker "))


def test_what_ends_tells_its_status_and_its_last_words(start: Start) -> None:
    run = start(image("/app/probe", "fail"))
    assert (run.code, run.tail, run.refused, run.signal) == (7, ("no DATABASE_URL",), "", "")


def test_what_crashes_tells_the_signal(start: Start) -> None:
    assert start(image("probe", "crash", Env=["PATH=/app"])).signal == "SIGSEGV"


def test_what_the_image_may_do_is_little(start: Start) -> None:
    run = start(image("/app/probe", "report", Env=["COLOUR=blue"]))
    assert run.code == 0
    told = set(run.tail)
    assert told >= {
        *(f"Cap{kind}:\t0000000000000000" for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")),
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "uid 10001, gid 10002, pid 1, processes 1",
        "variable COLOUR=blue",
        "write /new: Read-only file system",
        "write /app/new: Read-only file system",
        "read /secret: Permission denied",
        "connect: Network is unreachable",
    }
    assert [line for line in run.tail if line.startswith("interface")] == ["interface lo"]
    assert kernel_refused(run)
    assert not any("TOKEN" in line for line in run.tail)


def test_root_in_the_image_is_not_root_in_the_sandbox(start: Start) -> None:
    run = start(image("/app/probe", "report", user=""))
    assert set(run.tail) >= {"CapEff:\t0000000000000000", "write /new: Read-only file system"}
    assert kernel_refused(run)


def test_memory_is_bounded(start: Start) -> None:
    assert start(image("/app/probe", "hoard"), seconds=20).signal == "SIGKILL"


def test_processes_are_bounded(start: Start) -> None:
    run = start(image("/app/probe", "fork"), seconds=20)
    assert run.code == 9
    words = run.tail[-1].split(" after ")
    assert words[0] == "Resource temporarily unavailable"
    assert int(words[1]) < smoke.PROCESSES


def test_a_flood_of_output_is_cut_and_cleaned(start: Start) -> None:
    run = start(image("/app/probe", "flood"), seconds=2)
    assert run.code is None
    assert set(run.tail[-5:]) <= {"noise", "nois", "noi", "no", "n"}
    assert len(run.tail) == 40


@pytest.mark.parametrize(
    ("program", "command", "why"),
    [
        (None, "/app/gone", 'exec: "/app/gone": stat /app/gone: no such file or directory'),
        (None, "gone", 'exec: "gone": executable file not found in $PATH'),
        ("0444", "/app/app", 'exec: "/app/app": permission denied'),
        ("dynamic", "/app/app", "exec /app/app: no such file or directory"),
        ("script", "/app/app", "exec /app/app: no such file or directory"),
        ("garbage", "/app/app", "exec /app/app: exec format error"),
    ],
)
def test_what_cannot_be_started_is_told_in_the_words_of_the_runtime(
    start: Start, program: str | None, command: str, why: str
) -> None:
    data = {
        "0444": lambda: compiled("-static", source=PROBE),
        "dynamic": lambda: compiled("-s"),
        "script": lambda: b"#!/bin/sh\n",
        "garbage": lambda: b"garbage",
    }
    mode = 0o444 if program == "0444" else 0o555
    app = None if program is None else Entry(name="app/app", data=data[program](), mode=mode)
    run = start(image(command, program=app))
    assert run.refused == why
    assert run.code is None


def test_a_user_that_is_not_there_is_a_fault_of_the_image(start: Start) -> None:
    run = start(image("/app/probe", "report", user="nobody"))
    assert run.refused.startswith("unable to find user nobody: no matching entries in passwd file")


def test_an_image_without_a_command_does_not_start(start: Start) -> None:
    assert start(image()).refused.lower().startswith("no command")


def test_a_run_that_is_interrupted_leaves_nothing(start: Start) -> None:
    with pytest.raises(asyncio.CancelledError):
        start(image("/app/probe", "serve"), seconds=60, interrupted=True)


def test_an_image_for_another_processor_is_not_tried(start: Start) -> None:
    foreign = Image(layers=image("/app/probe").layers, architecture="s390x")
    with pytest.raises(BuilderError, match="the image is for linux/s390x, and this machine is linux/"):
        start(foreign)


def test_a_machine_with_neither_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BuilderError, match="podman is not installed; docker is not"):
        asyncio.run(smoke.find({"PATH": str(tmp_path), "TMPDIR": str(tmp_path)}))
