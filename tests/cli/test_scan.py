from pathlib import Path

import pytest

from tests.support.project import Project, pinbot

DIGEST = "sha256:" + "a" * 64
DOCKERFILE = f"""\
ARG VERSION=3.22
FROM --platform=linux/amd64 rust:alpine AS build
FROM alpine:${{VERSION}} AS files
FROM debian:13@{DIGEST}
FROM scratch
COPY --from=build /app /app
COPY --from=busybox /bin/busybox /bin/
"""


def test_scan_lists_every_reference_and_where_it_stands(tmp_path: Path) -> None:
    run = Project(tmp_path, {"Dockerfile": DOCKERFILE}).pinbot("scan")
    assert run.code == 0
    lines = [line.split() for line in run.text.splitlines()]
    assert lines == [
        ["WHERE", "KIND", "STATUS", "IMAGE", "STAGE", "PLATFORM", "NOTE"],
        ["Dockerfile:2:29", "from", "unpinned", "docker.io/library/rust:alpine", "build", "linux/amd64"],
        [
            "Dockerfile:3:6",
            "from",
            "unpinned",
            "docker.io/library/alpine:3.22",
            "files",
            *["edited", "at", "line", "1"],
        ],
        ["Dockerfile:4:6", "from", "pinned", f"docker.io/library/debian:13@{DIGEST}"],
        ["Dockerfile:7:13", "copy-from", "unpinned", "docker.io/library/busybox:latest"],
    ]


def test_scan_as_json_gives_byte_offsets_that_cut_out_the_reference(tmp_path: Path) -> None:
    run = Project(tmp_path, {"a b/Dockerfile": DOCKERFILE}).pinbot("scan", "--format", "json")
    document = run.json
    assert (document["schema"], document["command"], document["errors"]) == ("pinbot/v1", "scan", [])
    for reference in document["references"]:
        assert DOCKERFILE[reference["start"] : reference["end"]] == reference["raw"]
    versioned = document["references"][1]
    assert versioned["raw"] == "alpine:${VERSION}"
    assert versioned["tag"] == "3.22"
    assert DOCKERFILE[versioned["edit"]["start"] : versioned["edit"]["end"]] == "3.22"
    assert document["references"][0]["platform"] == "linux/amd64"
    assert "edit" not in document["references"][0]
    assert {reference["file"] for reference in document["references"]} == {"a b/Dockerfile"}


def test_scan_reads_a_dockerfile_from_standard_input(tmp_path: Path) -> None:
    run = pinbot("scan", "-", "--format", "json", cwd=tmp_path, stdin=b"FROM alpine\n")
    assert [(found["file"], found["raw"]) for found in run.json["references"]] == [("-", "alpine")]


def test_files_that_git_ignores_are_left_out(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        {".gitignore": "/out/\n", "out/Dockerfile": "FROM alpine:1\n", "in/Dockerfile": "FROM alpine:2\n"},
    )
    run = project.pinbot("scan", "--format", "json")
    assert [found["raw"] for found in run.json["references"]] == ["alpine:2"]


def test_outside_git_the_usual_folders_are_left_out(tmp_path: Path) -> None:
    for folder in ("node_modules/x", "target", "service"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "Dockerfile").write_text("FROM alpine\n")
    run = pinbot("scan", "--format", "json", cwd=tmp_path)
    assert [found["file"] for found in run.json["references"]] == ["service/Dockerfile"]


def test_a_file_that_is_named_is_read_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "image.txt").write_text("FROM alpine\n")
    run = pinbot("scan", "image.txt", "--format", "json", cwd=tmp_path)
    assert [found["raw"] for found in run.json["references"]] == ["alpine"]


def test_nothing_to_work_on_ends_with_3(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"")
    run = pinbot("scan", cwd=tmp_path)
    assert run.code == 3
    assert "no file holds an image reference" in run.err


def test_one_bad_file_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        {
            "binary/Dockerfile": bytes(range(256)),
            "broken/Dockerfile": "FROM alpine\nRUNN echo\n",
            "good/Dockerfile": "FROM alpine\n",
        },
    )
    run = project.pinbot("scan", "--format", "json")
    assert run.code == 1
    assert [found["file"] for found in run.json["references"]] == ["good/Dockerfile"]
    assert [error["file"] for error in run.json["errors"]] == ["binary/Dockerfile", "broken/Dockerfile"]
    assert run.json["errors"][1]["line"] == 2


def test_a_missing_path_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    run = pinbot("scan", "nowhere", cwd=tmp_path)
    assert run.code == 1
    assert run.err.startswith("error: nowhere: cannot be read: No such file or directory")


def test_an_unreadable_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    project = Project(tmp_path, {"a/Dockerfile": "FROM alpine\n", "b/Dockerfile": "FROM alpine\n"})
    (tmp_path / "a" / "Dockerfile").chmod(0)
    run = project.pinbot("scan", unprivileged=True)
    assert run.code == 1
    assert "error: a/Dockerfile: cannot be read: Permission denied" in run.err
    assert "b/Dockerfile:1:6" in run.text


def test_a_large_dockerfile_is_scanned(tmp_path: Path) -> None:
    filler = b"RUN echo " + b"x" * 991 + b"\n"
    project = Project(tmp_path, {"Dockerfile": b"FROM alpine\n" + filler * 10_000 + b"FROM busybox\n"})
    run = project.pinbot("scan", "--format", "json")
    assert [found["line"] for found in run.json["references"]] == [1, 10_002]


@pytest.mark.parametrize("content", [None, "registry: {}\n"])
def test_a_configuration_that_is_named_must_be_right(tmp_path: Path, content: str | None) -> None:
    project = Project(tmp_path, {"Dockerfile": "FROM alpine\n"})
    if content is not None:
        project.write("other.yaml", content)
    run = project.pinbot("scan", "--config", "other.yaml")
    assert (run.code, run.out) == (2, b"")
    assert run.err.startswith("error: other.yaml")
    named = project.pinbot("scan", "--format", "json", env={"PINBOT_CONFIG": "other.yaml"})
    assert [error["file"] for error in named.json["errors"]] == ["other.yaml"]
