import json
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import image
from tests.support.images import alpine
from tests.support.oci import Pusher
from tests.support.project import Project, pinbot
from tests.support.registry import RegistryServer, free_port

pytestmark = pytest.mark.needs("docker-registry")

DOCKERFILE = b"""\
# a comment
ARG VERSION=3.22
FROM rust:alpine AS build\r
RUN echo FROM alpine \\
  && true
FROM alpine:${VERSION} AS files
FROM scratch
COPY --from=build /app /app
COPY --from=busybox /bin/busybox /bin/"""


@pytest.fixture
def digests(project: Project) -> dict[str, str]:
    lines = project.pinbot("resolve", "alpine", "alpine:3.22", "rust:alpine", "busybox").text.split()
    return dict(line.removeprefix("docker.io/library/").split("@") for line in lines)


def test_update_writes_digests_and_touches_no_other_byte(project: Project, digests: dict[str, str]) -> None:
    project.write("Dockerfile", DOCKERFILE)
    run = project.pinbot("update")
    assert run.code == 0
    expected = (
        DOCKERFILE.replace(b"ARG VERSION=3.22", f"ARG VERSION=3.22@{digests['alpine:3.22']}".encode())
        .replace(b"FROM rust:alpine", f"FROM rust:alpine@{digests['rust:alpine']}".encode())
        .replace(b"--from=busybox ", f"--from=busybox:latest@{digests['busybox:latest']} ".encode())
    )
    assert project.read("Dockerfile") == expected


def test_a_second_run_changes_nothing(project: Project) -> None:
    project.write("Dockerfile", DOCKERFILE)
    project.pinbot("update")
    once = project.read("Dockerfile")
    run = project.pinbot("update", "--format", "json")
    assert (run.code, run.json["updates"], run.json["current"]) == (0, [], 3)
    assert project.read("Dockerfile") == once


def test_update_moves_a_digest_when_its_tag_has_moved(project: Project, pusher: Pusher) -> None:
    old = pusher.image("library/moving", "1", image("old"))
    project.write("Dockerfile", f"FROM moving:1@{old}\n")
    assert project.pinbot("update").code == 0
    assert project.read("Dockerfile") == f"FROM moving:1@{old}\n".encode()
    new = pusher.image("library/moving", "1", image("new"))
    run = project.pinbot("update", "--format", "json")
    assert project.read("Dockerfile") == f"FROM moving:1@{new}\n".encode()
    assert run.json["updates"] == [
        {
            "image": "docker.io/library/moving:1",
            "kind": "digest",
            "old": {"tag": "1", "digest": old},
            "new": {"tag": "1", "digest": new},
            "seen": None,
            "pushed": None,
            "locations": [{"file": "Dockerfile", "line": 1, "column": 6}],
        }
    ]


def test_pin_adds_digests_and_moves_none(project: Project, digests: dict[str, str]) -> None:
    stale = "sha256:" + "0" * 64
    project.write("Dockerfile", f"FROM rust:alpine@{stale}\nFROM alpine:3.22\n")
    run = project.pinbot("pin")
    assert run.code == 0
    assert "1 image to change in 1 place, 1 pinned already." in run.err  # nobody asked if it is up to date
    assert project.read("Dockerfile").decode() == (
        f"FROM rust:alpine@{stale}\nFROM alpine:3.22@{digests['alpine:3.22']}\n"
    )


def test_every_kind_of_reference_is_pinned_where_it_stands(project: Project, digests: dict[str, str]) -> None:
    text = (
        "# syntax=busybox:latest\n"
        "ARG BASE=alpine:3.22\n"
        "FROM ${BASE} AS base\n"
        "FROM ${UNSET:-rust:alpine}\n"
        "COPY --from=alpine:3.22 /a /a\n"
        "RUN --mount=from=busybox:latest,target=/b --mount=type=bind,target=/c,from=rust:alpine true\n"
        "ONBUILD COPY --from=busybox:latest /d /d\n"
        "COPY --from=base /e /e\n"
        "COPY <<EOF /f\n"
        "FROM alpine:3.22\n"
        "EOF\n"
    )
    project.write("Dockerfile", text)
    run = project.pinbot("pin", "--format", "json")
    assert run.code == 0, run.err
    assert sum(len(update["locations"]) for update in run.json["updates"]) == 7
    expected, heredoc = text.split("COPY <<EOF")
    for name in ("alpine:3.22", "rust:alpine", "busybox:latest"):
        expected = expected.replace(name, f"{name}@{digests[name]}")
    assert project.read("Dockerfile").decode() == f"{expected}COPY <<EOF{heredoc}"


def test_dry_run_prints_a_diff_that_git_applies_and_writes_nothing(project: Project) -> None:
    project.write("svc/Dockerfile", DOCKERFILE)
    project.commit()
    run = project.pinbot("update", "--dry-run")
    assert run.code == 10
    assert project.read("svc/Dockerfile") == DOCKERFILE
    subprocess.run(["git", "apply"], cwd=project.root, input=run.out, check=True)
    applied = project.read("svc/Dockerfile")
    project.git("checkout", "--quiet", ".")
    assert project.pinbot("update").code == 0
    assert project.read("svc/Dockerfile") == applied


def test_dry_run_with_nothing_to_change_ends_with_0(project: Project) -> None:
    project.write("Dockerfile", "FROM alpine:3.22\n")
    project.pinbot("update")
    run = project.pinbot("update", "--dry-run")
    assert (run.code, run.out) == (0, b"")
    assert "1 up to date" in run.err


def test_only_looks_at_the_images_that_match(project: Project, digests: dict[str, str]) -> None:
    project.write("Dockerfile", "FROM rust:alpine AS build\nFROM alpine:3.22\n")
    project.pinbot("update", "--only", "rust:*")
    assert project.read("Dockerfile").decode() == (
        f"FROM rust:alpine@{digests['rust:alpine']} AS build\nFROM alpine:3.22\n"
    )


def test_only_that_matches_nothing_is_told_as_such(project: Project) -> None:
    project.write("Dockerfile", DOCKERFILE)
    run = project.pinbot("update", "--only", "rsut:*")
    assert (run.code, run.out) == (3, b"")
    assert "no image reference matches --only" in run.err
    assert project.read("Dockerfile") == DOCKERFILE


def test_one_failing_image_does_not_stop_the_others_and_is_not_called_current(
    project: Project, digests: dict[str, str]
) -> None:
    project.write("Dockerfile", "FROM alpine:no-such-tag\nFROM alpine:3.22\n")
    run = project.pinbot("update", "--format", "json")
    assert run.code == 1
    assert project.read("Dockerfile").decode() == (
        f"FROM alpine:no-such-tag\nFROM alpine:3.22@{digests['alpine:3.22']}\n"
    )
    [error] = run.json["errors"]
    assert (error["code"], error["file"], error["line"]) == ("not-found", "Dockerfile", 1)
    assert error["image"] == "docker.io/library/alpine:no-such-tag"
    assert run.json["current"] == 0


def test_a_digest_without_a_tag_is_skipped_with_a_reason(project: Project) -> None:
    project.write("Dockerfile", f"FROM alpine@sha256:{'1' * 64}\n")
    run = project.pinbot("update", "--format", "json")
    assert run.code == 0
    [skip] = run.json["skipped"]
    assert (skip["file"], skip["line"]) == ("Dockerfile", 1)
    assert "no tag to follow" in skip["reason"]


def test_mode_and_links_are_kept(project: Project) -> None:
    real = project.write("real/image", "FROM alpine:3.22\n")
    real.chmod(0o751)
    link = project.root / "Dockerfile"
    link.symlink_to("real/image")
    assert project.pinbot("update").code == 0
    assert link.is_symlink()
    assert link.readlink() == Path("real/image")
    assert stat.S_IMODE(real.stat().st_mode) == 0o751
    assert b"@sha256:" in real.read_bytes()


def test_a_read_only_file_is_an_error_and_keeps_its_content(project: Project) -> None:
    file = project.write("a/Dockerfile", "FROM alpine:3.22\n")
    project.write("b/Dockerfile", "FROM alpine:3.22\n")
    file.chmod(0o444)
    run = project.pinbot("update")
    assert run.code == 1
    assert "a/Dockerfile: is read-only" in run.err
    assert file.read_bytes() == b"FROM alpine:3.22\n"
    assert b"@sha256:" in project.read("b/Dockerfile")


def test_outside_git_it_works_as_well(tmp_path: Path, hub: RegistryServer) -> None:
    (tmp_path / "pinbot.yaml").write_text(
        f"registries:\n  docker.io:\n    location: {hub.host}\n    insecure: true\n"
    )
    (tmp_path / "Dockerfile").write_text("FROM alpine:3.22\n")
    assert pinbot("update", cwd=tmp_path).code == 0
    assert "alpine:3.22@sha256:" in (tmp_path / "Dockerfile").read_text()


def test_the_table_names_the_image_and_both_sides(project: Project, digests: dict[str, str]) -> None:
    project.write("Dockerfile", "FROM alpine:3.22\n")
    run = project.pinbot("update")
    [row] = [line.split() for line in run.text.splitlines() if line.startswith("alpine:3.22 ")]
    assert row == ["alpine:3.22", "pin", "no", "digest", digests["alpine:3.22"][7:19], "Dockerfile"]
    assert "+FROM alpine:3.22@sha256:" in run.text
    assert "1 image to change in 1 place, 0 up to date." in run.err


def test_a_registry_that_is_down_is_no_reason_to_call_anything_current(project: Project) -> None:
    project.use_registry(f"127.0.0.1:{free_port()}")
    project.write("Dockerfile", "FROM alpine:3.22\n")
    run = project.pinbot("update", "--format", "json")
    assert run.code == 1
    assert [(error["code"], error["line"]) for error in run.json["errors"]] == [("unreachable", 1)]
    assert run.json["current"] == 0
    assert json.loads(run.out)["updates"] == []


@pytest.mark.needs("busybox")
def test_explanations_tell_what_changed_in_an_image_that_moves(project: Project, pusher: Pusher) -> None:
    old = pusher.index("library/explained", "1", alpine(1))
    pusher.index("library/explained", "1", alpine(2))
    project.write("Dockerfile", f"FROM explained:1@{old}\n")
    run = project.pinbot("update", "--dry-run", "--explain")
    assert run.code == 10
    assert "tzdata   apk        upgraded  2025a-r0    2025b-r0" in run.err.splitlines()
    (explanation,) = project.pinbot("update", "--explain", "--format", "json").json["explanations"]
    assert (explanation["old"], explanation["problem"]) == (old, None)
    changes = explanation["comparison"]["platforms"][0]["packages"]["changes"]
    assert [change["name"] for change in changes] == ["busybox", "musl", "tzdata"]


def test_without_a_pull_request_nothing_is_explained_unasked(project: Project, pusher: Pusher) -> None:
    old = pusher.image("library/unexplained", "1", image("old"))
    pusher.image("library/unexplained", "1", image("new"))
    project.write("Dockerfile", f"FROM unexplained:1@{old}\n")
    run = project.pinbot("update", "--format", "json")
    assert run.code == 0
    assert "explanations" not in run.json


def test_an_update_that_cannot_be_explained_is_made_all_the_same(
    project: Project, digests: dict[str, str]
) -> None:
    project.write("Dockerfile", f"FROM alpine:3.22@sha256:{'0' * 64}\n")
    run = project.pinbot("update", "--explain", "--format", "json")
    assert (run.code, run.json["written"], run.json["errors"]) == (0, ["Dockerfile"], [])
    (explanation,) = run.json["explanations"]
    assert (explanation["comparison"], explanation["problem"]["code"]) == (None, "not-found")
    assert digests["alpine:3.22"].encode() in project.read("Dockerfile")
