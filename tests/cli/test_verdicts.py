"""What `--save-verdicts` and `--verdicts` go together with, and what a file of verdicts may be."""

from pathlib import Path

import pytest

from tests.support.project import Project

pytestmark = pytest.mark.needs("docker-registry")

EMPTY = '{"schema": "pinbot-verdicts/v1", "builds": []}'


@pytest.fixture
def known(tmp_path: Path) -> Path:
    file = tmp_path / "known.json"
    file.write_text(EMPTY)
    return file


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--verdicts", "{known}", "--build"), "--verdicts and --build cannot go together"),
        (
            ("--verdicts", "{known}", "--dry-run", "--save-verdicts", "new.json"),
            "--verdicts and --save-verdicts cannot go together",
        ),
        (("--save-verdicts", "new.json", "--build"), "add --dry-run"),
        (("--save-verdicts", "new.json", "--dry-run"), "add --build"),
        (
            ("--save-verdicts", "no/new.json", "--dry-run", "--build"),
            "no/new.json: is in a folder that is not",
        ),
        (("--save-verdicts", "/dev/null", "--dry-run", "--build"), "/dev/null: is no regular file"),
        (("--verdicts", "{known}", "--repo", "acme/shop"), "verdicts are about one repository"),
        (("--verdicts", "nowhere.json"), "nowhere.json: cannot be read: No such file"),
        (("--verdicts", "."), ".: cannot be read: Is a directory"),
        (("--verdicts", "Dockerfile"), "Dockerfile: holds no verdicts of this version"),
    ],
)
def test_what_cannot_be_is_wrong_usage(
    project: Project, known: Path, options: tuple[str, ...], problem: str
) -> None:
    project.write("Dockerfile", "FROM alpine:3.22\n")
    run = project.pinbot("update", *(option.format(known=known) for option in options))
    assert run.code == 2
    assert problem in run.err
    assert project.read("Dockerfile") == b"FROM alpine:3.22\n"
    assert not (project.root / "new.json").exists()


def test_where_nothing_was_built_everything_waits(project: Project, known: Path) -> None:
    project.write("Dockerfile", "FROM alpine:3.22\n")
    run = project.pinbot("update", "--verdicts", str(known), "--format", "json")
    assert (run.code, run.json["updates"], run.json["builds"], run.json["held"]) == (0, [], [], [])
    [wait] = run.json["waiting"]
    assert wait["reason"] == "was not built: the job that builds brought no verdict on it"
    assert wait["until"] is None
    assert project.read("Dockerfile") == b"FROM alpine:3.22\n"


def test_a_run_with_nothing_to_build_saves_that(project: Project, tmp_path: Path) -> None:
    project.write("Dockerfile", "FROM alpine:3.22\n")
    project.pinbot("update")
    saved = tmp_path / "saved.json"
    run = project.pinbot("update", "--dry-run", "--build", "--save-verdicts", str(saved))
    assert run.code == 0, run.err
    assert saved.read_text() == EMPTY.replace(" ", "")


def test_what_cannot_be_saved_is_told(project: Project, tmp_path: Path) -> None:
    project.write("Dockerfile", "FROM alpine:3.22\n")
    project.pinbot("update")
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    saved = ("--dry-run", "--build", "--save-verdicts", str(folder / "saved.json"))
    run = project.pinbot("update", *saved, unprivileged=True)
    assert run.code == 1
    assert "saved.json: cannot be written: Permission denied" in run.err
