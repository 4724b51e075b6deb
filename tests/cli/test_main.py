import signal
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
        "heavy = {'httpcore', 'github', 'ruamel.yaml', 'rich', 'asyncio'} & set(sys.modules)\n"
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


@pytest.mark.parametrize(
    ("arguments", "command", "words"),
    [
        (("scan", "--nonsense", "--format", "json"), "scan", "--nonsense"),
        (("update", "--format=json", "--builder", "x"), "update", "'x' is not one of"),
        (("--format", "json"), None, "--format"),
        (("frobnicate", "--format", "json"), None, "frobnicate"),
        (("resolve", "--format", "text", "--format", "json"), "resolve", "IMAGE..."),
    ],
)
def test_wrong_usage_is_a_json_document_where_json_was_asked_for(
    arguments: tuple[str, ...], command: str | None, words: str, tmp_path: Path
) -> None:
    run = pinbot(*arguments, cwd=tmp_path)
    assert run.code == 2
    assert "Usage: pinbot" in run.err
    document = run.json
    assert (document["schema"], document["command"]) == ("pinbot/v1", command)
    [error] = document["errors"]
    assert error["code"] == "usage"
    assert words in error["message"]
    assert error["hint"] == f"`pinbot{f' {command}' if command else ''} --help` tells what can be given"


def test_json_can_be_asked_for_by_a_variable_and_not_behind_two_dashes(tmp_path: Path) -> None:
    run = pinbot("scan", "--nonsense", cwd=tmp_path, env={"PINBOT_FORMAT": "json"})
    assert [error["code"] for error in run.json["errors"]] == ["usage"]
    assert pinbot("scan", "--nonsense", "--", "--format", "json", cwd=tmp_path).out == b""


def in_a_shell(script: str, project: Project) -> subprocess.CompletedProcess[str]:
    """Run bash in the project, with `$pinbot` for the command."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; pinbot='{sys.executable} -m pinbot'; {script}"],
        cwd=project.root,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("options", ["", "--color", "--format json"])
def test_a_reader_that_stops_reading_is_no_error(options: str, tmp_path: Path) -> None:
    lines = "".join(f"FROM alpine:{number}\n" for number in range(5000))
    project = Project(tmp_path, {"Dockerfile": lines})
    done = in_a_shell(f"$pinbot scan {options} | head -n 1", project)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("streams", ["|", "2>&1 |", "2>/dev/null |"])
@pytest.mark.parametrize("options", ["", "--format json"])
def test_a_reader_that_stops_reading_does_not_say_how_a_run_ends(
    streams: str, options: str, tmp_path: Path
) -> None:
    project = Project(tmp_path, {"Dockerfile": "FROM alpine:3.22\nNONSENSE\n" * 2000})
    done = in_a_shell(f"$pinbot scan {options} {streams} true", project)
    assert done.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("arguments", ["scan", "scan --format json", "scan --help"])
def test_a_full_disk_is_told_and_is_no_bug_of_pinbots(arguments: str, tmp_path: Path) -> None:
    done = in_a_shell(f"$pinbot {arguments} > /dev/full", Project(tmp_path, {"Dockerfile": "FROM alpine\n"}))
    assert done.returncode == 1
    assert done.stderr == "error: the result cannot be written: No space left on device\n"


def test_streams_that_the_caller_closed_are_empty(tmp_path: Path) -> None:
    project = Project(tmp_path, {"Dockerfile": "FROM alpine\n"})
    done = in_a_shell("$pinbot scan >&-", project)
    assert (done.returncode, done.stderr) == (0, "")
    done = in_a_shell("$pinbot scan 2>&-", project)
    assert (done.returncode, "alpine" in done.stdout) == (0, True)
    done = in_a_shell("$pinbot scan - <&-", project)
    assert (done.returncode, "no file holds an image reference" in done.stderr) == (3, True)


@pytest.mark.parametrize("arguments", ["scan", "resolve alpine", "update"])
def test_a_current_folder_that_is_gone_is_told(arguments: str, tmp_path: Path) -> None:
    done = in_a_shell(f"mkdir gone; cd gone; rmdir ../gone; $pinbot {arguments}", Project(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("error: the current folder does not exist any more\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_with_130(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "pinbot", "scan", "-"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        # More than a pipe holds: once it is taken, pinbot is up and reads on.
        process.stdin.write(b"#" * 1_000_000)
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, out, err.strip()) == (130, b"", b"interrupted")


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
