"""pinbot.yaml and the workflow: read by pinbot itself, by linters, and by people in the documents."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.config import Config
from pinbot.configfile.load import load as load_configuration
from pinbot.model.finding import Profile
from pinbot.scaffold import repository, rust
from tests.support.actionlint import complaints
from tests.support.project import ROOT

COMMIT = "3d3c42e5aac5ba805825da76410c181273ba90b1"


def load(tmp_path: Path, data: bytes) -> Config:
    path = tmp_path / "pinbot.yaml"
    path.write_bytes(data)
    return load_configuration(path)


# pinbot.yaml


def test_a_service_from_scratch_is_a_build_target(tmp_path: Path) -> None:
    config = load(tmp_path, repository.configuration((), scratch="svc/Dockerfile").data)
    (target,) = config.build.targets
    assert (target.dockerfile, target.context, target.audit) == ("svc/Dockerfile", "svc", Profile.SCRATCH)


def test_dockerfiles_that_are_there_become_targets_when_the_comment_is_taken_away(tmp_path: Path) -> None:
    data = repository.configuration(["Dockerfile", "svc/api.Dockerfile"]).data
    assert load(tmp_path, data) == Config()
    uncommented = re.sub(rb"^# (build:|  )", rb"\1", data, flags=re.MULTILINE)
    targets = load(tmp_path, uncommented).build.targets
    assert [target.dockerfile for target in targets] == ["Dockerfile", "svc/api.Dockerfile"]


@given(st.lists(st.text(min_size=1, max_size=20), max_size=3))
def test_no_name_of_a_file_breaks_out_of_its_comment(names: list[str]) -> None:
    lines = repository.configuration(names).data.decode().splitlines()
    assert all(line.startswith("#") or not line for line in lines)


@pytest.mark.parametrize(
    "name", ["a b/Dockerfile", "1.0", "null", "true/x", "-x/Dockerfile", "#x", "a: b", "é/D"]
)
def test_any_name_of_a_file_is_a_text(name: str, tmp_path: Path) -> None:
    (target,) = load(tmp_path, repository.configuration((), scratch=name).data).build.targets
    assert target.dockerfile == name


# The workflow


def test_the_workflow_is_the_one_of_the_documents() -> None:
    page = (ROOT / "docs" / "action.md").read_text(encoding="utf-8")
    section = page.partition("## Build in one job")[2]
    (shown,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    written = repository.workflow(COMMIT).data.decode()
    assert written.replace(f"@{COMMIT} # {repository.TAG}", "@COMMIT # v0.1.0") == shown


@pytest.mark.parametrize(("commit", "code"), [(COMMIT, 0), (None, 14)])
def test_zizmor_finds_nothing_but_a_missing_commit(commit: str | None, code: int, tmp_path: Path) -> None:
    path = tmp_path / ".github" / "workflows" / "pinbot.yml"
    path.parent.mkdir(parents=True)
    path.write_bytes(repository.workflow(commit).data)
    done = subprocess.run(
        [Path(sys.executable).with_name("zizmor"), "--offline", "--persona", "auditor", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert ("unpinned-uses" in done.stdout) == (commit is None)


@pytest.mark.needs("actionlint")
@pytest.mark.parametrize("broken", [False, True])
def test_actionlint_finds_nothing(tmp_path: Path, *, broken: bool) -> None:
    text = repository.workflow(COMMIT).data.decode()
    (tmp_path / "pinbot.yml").write_text(text.replace("needs: build", "needs: nil") if broken else text)
    found = complaints(tmp_path / "pinbot.yml")
    assert bool(found) == broken, found


# The package


def test_the_wheel_holds_every_template(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    folder = ROOT / "pinbot" / "scaffold" / "templates"
    templates = {path.relative_to(ROOT).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert len(templates) == len(rust.project("x")) + 2
    assert templates <= held
