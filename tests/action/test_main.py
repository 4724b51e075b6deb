"""The Action's program as a process, without the workflow around it."""

import base64
import os
import signal
import socket
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from tests.support.project import ROOT, Project

FILES = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")


def start(cwd: Path, folder: Path, **variables: str) -> subprocess.Popen[bytes]:
    kept = {name: os.environ[name] for name in os.environ if name == "PATH" or name.startswith("COVERAGE")}
    files = {name: str(folder / name) for name in FILES}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "action"],
        cwd=cwd,
        env={**kept, **files, "HOME": str(folder), "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def lines(folder: Path) -> list[str]:
    return (folder / "GITHUB_OUTPUT").read_text().splitlines()


@pytest.mark.needs("git")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_cancelled_job_ends_pinbot_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        project = Project(tmp_path / "work", {"Dockerfile": "FROM alpine\n"})
        project.use_registry(f"127.0.0.1:{silent.getsockname()[1]}")
        with start(project.root, tmp_path) as process:
            connection, _ = silent.accept()  # pinbot is at work, and will wait for an answer
            process.send_signal(number)
            log, _ = process.communicate(timeout=60)
            connection.close()
    assert process.returncode == 130
    assert b"interrupted" in log
    assert "exit-code=130" in lines(tmp_path)


@pytest.mark.needs("git")
def test_nothing_in_the_log_between_its_marks_is_a_command(tmp_path: Path) -> None:
    project = Project(tmp_path / "work", {"::error::forged\nDockerfile": "FROM alpine\n"})
    with start(project.root, tmp_path, INPUT_COMMAND="scan", INPUT_PATHS="::error::forged") as process:
        log, _ = process.communicate(timeout=60)
    said = log.decode().splitlines()
    begin = next(line for line in said if line.startswith("::stop-commands::"))
    mark = begin.removeprefix("::stop-commands::")
    assert len(mark) == 32
    after = said[said.index(f"::{mark}::") + 1 :]
    assert [line[: line.index(" ")] for line in after] == ["::error"]
    assert "file=%3A%3Aerror%3A%3Aforged" in after[0]


@pytest.mark.needs("git")
def test_two_runs_use_two_marks(tmp_path: Path) -> None:
    project = Project(tmp_path / "work", {"Dockerfile": "FROM alpine\n"})
    logs = []
    for _ in range(2):
        with start(project.root, tmp_path, INPUT_COMMAND="scan") as process:
            logs.append(process.communicate(timeout=60)[0].splitlines()[0])
    assert logs[0] != logs[1]


@pytest.mark.needs("git")
def test_a_file_whose_name_is_no_text_is_told(tmp_path: Path) -> None:
    project = Project(tmp_path / "work")
    (project.root / os.fsdecode(b"Dockerfile.\xff")).write_bytes(b"FROM alpine\nFROM a:b:c\n")
    with start(project.root, tmp_path, INPUT_COMMAND="scan") as process:
        log, _ = process.communicate(timeout=60)
    assert process.returncode == 0, log
    assert rb"Dockerfile.\udcff" in log
    assert rb"Dockerfile.\udcff" in (tmp_path / "GITHUB_STEP_SUMMARY").read_bytes()


@pytest.mark.needs("git")
def test_an_empty_document_of_another_job_ends_the_step(tmp_path: Path) -> None:
    project = Project(tmp_path / "work", {"Dockerfile": "FROM alpine\n"})
    nothing = base64.b64encode(zlib.compress(b"")).decode()
    with start(project.root, tmp_path, INPUT_VERDICTS=nothing) as process:
        log, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert b"holds no verdicts of this version of pinbot's" in log
    assert project.read("Dockerfile") == b"FROM alpine\n"


@pytest.mark.needs("git")
def test_a_dry_run_over_many_repositories_saves_no_verdicts(tmp_path: Path) -> None:
    project = Project(tmp_path / "work")
    asked = {"INPUT_OWNERS": "acme", "INPUT_DRY_RUN": "true", "INPUT_BUILD": "true"}
    with start(project.root, tmp_path, **asked) as process:
        log, _ = process.communicate(timeout=60)
    assert b"many repositories need a token, and there is none" in log
    assert "verdicts=" in lines(tmp_path)
