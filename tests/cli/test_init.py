"""`pinbot init`, as a user runs it, with real registries and a real repository in GitHub's place."""

import os
import stat
from pathlib import Path

import pytest

from pinbot import __version__
from pinbot.scaffold.repository import configuration, workflow
from pinbot.scaffold.rust import project as rust_project
from tests.audit.dockerfiles import audit
from tests.render.test_json import check
from tests.support.images import EXAMPLE
from tests.support.project import Project

pytestmark = pytest.mark.needs("docker-registry", "git")

CONFIG, WORKFLOW = "pinbot.yaml", ".github/workflows/pinbot.yml"
SERVICE = [draft.path for draft in rust_project("hello")]
(DOCKERFILE,) = [draft.data for draft in rust_project("hello") if draft.path == "Dockerfile"]


@pytest.fixture
def empty(tmp_path: Path) -> Project:
    return Project(tmp_path / "empty")


def files(project: Project) -> set[str]:
    every = (path.relative_to(project.root) for path in project.root.rglob("*") if not path.is_dir())
    return {path.as_posix() for path in every if path.parts[0] != ".git"}


def statuses(document: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {entry["path"]: entry["status"] for entry in document["files"]}


# What is written


def test_it_writes_a_configuration_and_a_workflow(empty: Project) -> None:
    run = empty.pinbot("init", "--offline")
    assert (run.code, run.err) == (0, "")
    assert files(empty) == {CONFIG, WORKFLOW}
    assert empty.read(WORKFLOW) == workflow(None).data
    assert f"left with its tag: pinbot/pinbot@v{__version__}: nobody was asked" in run.text
    mode = stat.S_IMODE((empty.root / CONFIG).stat().st_mode)
    mask = os.umask(0o022)
    os.umask(mask)
    assert mode == 0o666 & ~mask


def test_dockerfiles_that_are_there_are_proposed_as_targets(empty: Project) -> None:
    empty.write("svc/Dockerfile", "FROM alpine\n")
    empty.write("Dockerfile", "FROM alpine\n")
    empty.pinbot("init", "--offline")
    assert empty.read(CONFIG) == configuration(["Dockerfile", "svc/Dockerfile"]).data


def test_the_service_of_the_example_is_the_example(empty: Project) -> None:
    assert empty.pinbot("init", "--offline", "--rust", "rust-scratch").code == 0
    for path in SERVICE:
        assert empty.read(path) == (EXAMPLE / path).read_bytes()


def test_offline_nobody_is_asked_and_the_images_that_keep_their_tags_are_named(empty: Project) -> None:
    document = check(empty.pinbot("init", "--offline", "--rust", "hello", "--format", "json").json)
    assert document["images"] == [
        {"image": f"docker.io/library/{name}", "digest": None, "reason": "nobody was asked"}
        for name in ("rust:alpine", "alpine:latest")
    ]


def test_the_service_goes_where_it_is_wanted_and_the_rest_to_the_root(empty: Project) -> None:
    assert empty.pinbot("init", "--offline", "--rust", "hello", "services/hello").code == 0
    assert files(empty) == {CONFIG, WORKFLOW, *(f"services/hello/{path}" for path in SERVICE)}
    assert b"- dockerfile: services/hello/Dockerfile\n      audit: scratch\n" in empty.read(CONFIG)


def test_outside_of_git_it_writes_to_the_folder(tmp_path: Path) -> None:
    project = Project.__new__(Project)
    project.root = tmp_path
    assert project.pinbot("init", "--offline").code == 0
    assert files(project) == {CONFIG, WORKFLOW}


# Digests


@pytest.fixture
def github(project: Project, tmp_path: Path) -> str:
    """The commit of this release in a repository that git takes for GitHub's."""
    there = Project(tmp_path / "github" / "pinbot" / "pinbot", {"action.yml": "name: pinbot\n"})
    there.commit()
    there.git("tag", f"v{__version__}")
    base = (tmp_path / "github").as_uri()
    project.write(".gitconfig", f'[url "{base}/"]\n  insteadOf = https://github.com/\n')
    return there.git("rev-parse", "HEAD").strip()


def test_images_and_the_action_are_pinned_where_they_can_be_asked_for(project: Project, github: str) -> None:
    run = project.pinbot("init", "--rust", "hello", "--format", "json")
    document = check(run.json)
    assert run.code == 0
    assert statuses(document) == {CONFIG: "kept", WORKFLOW: "written", **dict.fromkeys(SERVICE, "written")}
    digests = {entry["image"]: entry["digest"] for entry in document["images"]}
    assert set(digests) == {"docker.io/library/rust:alpine", "docker.io/library/alpine:latest"}
    dockerfile = project.read("Dockerfile").decode()
    assert f"FROM rust:alpine@{digests['docker.io/library/rust:alpine']} AS build\n" in dockerfile
    assert f"FROM alpine:latest@{digests['docker.io/library/alpine:latest']} AS files\n" in dockerfile
    assert document["action"] == {"reference": f"pinbot/pinbot@{github}", "pinned": True, "reason": None}
    assert project.read(WORKFLOW) == workflow(github).data
    assert project.pinbot("pin", "--dry-run").code == 0
    assert audit(dockerfile).findings == ()


def test_what_cannot_be_asked_for_keeps_its_tag_and_that_is_no_error(empty: Project) -> None:
    empty.write(".gitconfig", '[url "file:///nowhere/"]\n  insteadOf = https://github.com/\n')
    empty.write("elsewhere.yaml", "registries:\n  docker.io:\n    location: 127.0.0.1:1\n")
    run = empty.pinbot("init", "--rust", "hello", "--config", "elsewhere.yaml")
    assert run.code == 0
    assert empty.read("Dockerfile") == DOCKERFILE
    assert run.text.count("left with its tag: ") == 3
    assert "left with its tag: docker.io/library/rust:alpine: " in run.text
    assert "left with its tag: pinbot/pinbot@v" in run.text


# What is there already


def test_a_file_that_is_there_is_left_as_it_is_and_told(empty: Project) -> None:
    for path in (CONFIG, "Dockerfile", ".dockerignore", "src/main.rs"):
        empty.write(path, "mine\n")
    run = empty.pinbot("init", "--offline", "--rust", "hello", "--format", "json")
    document = check(run.json)
    assert run.code == 0
    for path in (CONFIG, "Dockerfile", ".dockerignore", "src/main.rs"):
        assert empty.read(path) == b"mine\n"
        assert statuses(document)[path] == "kept"
    notes = {entry["path"]: entry["note"] for entry in document["files"]}
    assert notes["Dockerfile"].startswith("let it end in FROM scratch")
    assert notes["src/main.rs"].startswith("let tikv_jemallocator")
    assert statuses(document)["src/health.rs"] == "left-out"


def test_doing_it_again_changes_nothing_and_says_so(empty: Project) -> None:
    empty.pinbot("init", "--offline", "--rust", "hello")
    before = {path: (empty.root / path).stat().st_mtime_ns for path in files(empty)}
    run = empty.pinbot("init", "--offline", "--rust", "hello")
    assert run.code == 0
    assert "nothing to write: all of it is there" in run.text
    assert "let it" not in run.text
    assert {path: (empty.root / path).stat().st_mtime_ns for path in files(empty)} == before


@pytest.mark.parametrize(
    ("there", "instead"), [(".github/pinbot.yaml", CONFIG), (".github/workflows/pinbot.yaml", WORKFLOW)]
)
def test_the_same_under_another_name_counts(empty: Project, there: str, instead: str) -> None:
    empty.write(there, "")
    document = check(empty.pinbot("init", "--offline", "--format", "json").json)
    assert statuses(document)[instead] == "left-out"
    assert instead not in files(empty)


def test_a_link_that_leads_nowhere_is_there_too(empty: Project) -> None:
    (empty.root / CONFIG).symlink_to("nowhere")
    document = check(empty.pinbot("init", "--offline", "--format", "json").json)
    assert statuses(document)[CONFIG] == "kept"
    assert (empty.root / CONFIG).is_symlink()


def test_a_package_that_is_there_keeps_its_own_files(empty: Project) -> None:
    empty.write("Cargo.toml", '[package]\nname = "hello"\nversion = "2.0.0"\n')
    document = check(empty.pinbot("init", "--offline", "--rust", "hello", "--format", "json").json)
    found = statuses(document)
    assert found["Cargo.toml"] == "kept"
    assert {found[path] for path in ("Cargo.lock", "src/main.rs", "src/http.rs")} == {"left-out"}
    assert found["Dockerfile"] == "written"


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ('[package]\nname = "other"\n', "names the package 'other'"),
        ("[workspace]\n", "names no package"),
        ("[package\n", "cannot be read"),
        (b"\xff", "cannot be read"),
    ],
)
def test_another_package_is_refused_before_anything_is_written(
    empty: Project, manifest: str | bytes, told: str
) -> None:
    empty.write("Cargo.toml", manifest)
    run = empty.pinbot("init", "--offline", "--rust", "hello")
    assert run.code == 2
    assert told in run.err
    assert files(empty) == {"Cargo.toml"}


# What is not written


def test_a_dry_run_writes_nothing_and_ends_with_10(empty: Project) -> None:
    run = empty.pinbot("init", "--offline", "--rust", "hello", "--dry-run", "--format", "json")
    assert run.code == 10
    assert set(statuses(check(run.json)).values()) == {"planned"}
    assert files(empty) == set()
    assert "nothing was written (--dry-run)" in empty.pinbot("init", "--offline", "-n").text


@pytest.mark.parametrize("name", ["9x", "a b", "../x", "test", "std", ""])
def test_a_name_that_is_none_is_refused(empty: Project, name: str) -> None:
    run = empty.pinbot("init", "--offline", "--rust", name)
    assert run.code == 2
    assert files(empty) == set()


@pytest.mark.parametrize("service", [(), ("--rust", "hello")])
def test_a_path_that_is_no_folder_is_refused(empty: Project, service: tuple[str, ...]) -> None:
    empty.write("Dockerfile", "FROM alpine\n")
    run = empty.pinbot("init", "--offline", *service, "Dockerfile")
    assert (run.code, run.err.splitlines()[0]) == (2, "error: Dockerfile is no folder")
    assert files(empty) == {"Dockerfile"}


def test_a_link_out_of_the_repository_is_not_followed(empty: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (empty.root / ".github").symlink_to(outside)
    run = empty.pinbot("init", "--offline", "--format", "json")
    document = check(run.json)
    assert run.code == 1
    assert statuses(document) == {CONFIG: "written", WORKFLOW: "failed"}
    assert [error["file"] for error in document["errors"]] == [WORKFLOW]
    assert list(outside.iterdir()) == []


def test_what_cannot_be_written_is_told_and_the_rest_is_written(empty: Project) -> None:
    (empty.root / ".github").write_text("a file")
    run = empty.pinbot("init", "--offline")
    assert run.code == 1
    assert f"{WORKFLOW}: cannot be written" in run.err
    assert CONFIG in files(empty)
