import subprocess
import sys
from pathlib import Path

import pytest

from pinbot import __version__
from pinbot.cli.main import COMMANDS
from tests.support.project import ROOT, Project, pinbot


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert pinbot("--version", cwd=tmp_path).text == f"pinbot {__version__}\n"


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_start_up_imports_nothing_heavy(argument: str) -> None:
    probe = (
        "import sys\n"
        "from pinbot.cli.main import run\n"
        f"sys.argv = ['pinbot', {argument!r}]\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "heavy = {'httpx', 'github', 'ruamel.yaml', 'rich', 'asyncio'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_examples_and_says_what_path_is(command: str, tmp_path: Path) -> None:
    help_text = pinbot(command, "--help", cwd=tmp_path).text
    assert "Examples:" in help_text
    assert f"pinbot {command}" in help_text


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("scan", "--nonsense"),
        ("scan", "--format", "yaml"),
        ("resolve",),
        ("update", "--builder", "x"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_message(arguments: tuple[str, ...], tmp_path: Path) -> None:
    run = pinbot(*arguments, cwd=tmp_path)
    assert run.code == 2
    assert "Usage: pinbot" in run.err
    assert run.out == b""


def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    lines = "".join(f"FROM alpine:{number}\n" for number in range(5000))
    project = Project(tmp_path, {"Dockerfile": lines})
    command = f"set -o pipefail; {sys.executable} -m pinbot scan | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=project.root,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


def test_every_mistake_in_the_configuration_is_told_at_once(tmp_path: Path) -> None:
    project = Project(
        tmp_path, {"Dockerfile": "FROM alpine\n", "pinbot.yaml": "registry: {}\nbuild:\n  driver: x\n"}
    )
    run = project.pinbot("update")
    assert run.code == 2
    assert "pinbot.yaml:1:1" in run.err
    assert "did you mean 'registries'" in run.err
    assert "pinbot.yaml:3:11" in run.err


def test_mistakes_in_the_configuration_are_json_errors_too(tmp_path: Path) -> None:
    project = Project(tmp_path, {"Dockerfile": "FROM alpine\n", "pinbot.yaml": "a: 1\nb: 2\n"})
    run = project.pinbot("update", "--format", "json")
    assert run.code == 2
    assert [(error["code"], error["line"]) for error in run.json["errors"]] == [("config", 1), ("config", 2)]
