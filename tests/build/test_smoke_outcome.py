"""Whose fault it is that a container did not start, told from what docker, podman and their runtimes say."""

import pytest

from pinbot.build.process import Finished
from pinbot.build.smoke_outcome import read
from pinbot.errors import BuilderError
from pinbot.model.build import Limit


def finished(code: int, *tail: str, limit: Limit | None = None) -> Finished:
    return Finished(code=code, tail=tail, seconds=0.1, limit=limit)


RUNC = "runc: runc create failed: unable to start container process: "


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (
            finished(126, f'Error: {RUNC}exec: "/app": permission denied: OCI permission denied'),
            'exec: "/app": permission denied',
        ),
        (
            finished(
                127,
                f'Error: {RUNC}exec: "/app": stat /app: no such file or directory: OCI runtime attempted to '
                "invoke a command that was not found",
            ),
            'exec: "/app": stat /app: no such file or directory',
        ),
        (
            finished(
                127,
                "WARNING: Your kernel does not support swap limit capabilities",
                "docker: Error response from daemon: failed to create shim task: OCI runtime create failed: "
                f'{RUNC}exec: "app": executable file not found in $PATH: unknown.',
            ),
            'exec: "app": executable file not found in $PATH',
        ),
        (
            finished(127, "Error: crun: executable file `/app` not found: No such file or directory"),
            "executable file `/app` not found: No such file or directory",
        ),
        (
            finished(
                125, "docker: Error response from daemon: No command specified.", "See 'docker run --help'."
            ),
            "No command specified",
        ),
        (finished(1, "exec /app/app: no such file or directory"), "exec /app/app: no such file or directory"),
        (finished(255, "exec /app/app: exec format error"), "exec /app/app: exec format error"),
        (
            finished(1, "standard_init_linux.go:228: exec user process caused: exec format error"),
            "exec user process caused: exec format error",
        ),
    ],
)
def test_a_fault_of_the_image_is_told_without_what_surrounds_it(end: Finished, why: str) -> None:
    run = read(end, "docker 28")
    assert (run.refused, run.code, run.tail) == (why, None, ())


@pytest.mark.parametrize(
    "complaint",
    [
        "Error: OCI runtime error: crun: cgroups in hybrid mode not supported",
        "docker: Error response from daemon: cgroup-parent for systemd cgroup should be a valid slice.",
        f"Error: {RUNC}error preparing rootfs: permission denied: OCI permission denied",
    ],
)
def test_a_fault_of_the_machine_says_nothing_about_the_image(complaint: str) -> None:
    with pytest.raises(BuilderError, match="podman 5 cannot run a container here"):
        read(finished(125, complaint), "podman 5")


def test_what_a_program_says_itself_is_not_taken_for_the_runtimes_words() -> None:
    run = read(finished(127, "sh: cargo: not found"), "podman 5")
    assert (run.refused, run.code, run.tail) == ("", 127, ("sh: cargo: not found",))
    run = read(finished(3, "exec /app/app: no such file or directory"), "podman 5")
    assert (run.refused, run.code) == ("", 3)


def test_what_still_runs_has_no_status() -> None:
    run = read(finished(-15, "listening", limit=Limit.TIME), "podman 5")
    assert (run.code, run.tail, run.signal) == (None, ("listening",), "")
