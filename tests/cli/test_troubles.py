"""What a user sees when a registry, a token, a builder or a folder is not as it should be."""

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import image
from tests.support.oci import Pusher
from tests.support.project import Project, pinbot
from tests.support.registry import RegistryServer
from tests.support.registry_link import Fault, LinkProxy

pytestmark = pytest.mark.needs("docker-registry")


@pytest.fixture
def link(hub: RegistryServer) -> Iterator[LinkProxy]:
    with LinkProxy(hub.host) as link:
        yield link


@pytest.fixture
def bad(project: Project, link: LinkProxy) -> Project:
    """A project whose registry is behind the link; its only image is alpine."""
    project.use_registry(link.host)
    project.write("Dockerfile", "FROM alpine:3.22\n")
    return project


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "access-denied"),
        (403, "access-denied"),
        (404, "not-found"),
        (429, "unreachable"),
        (500, "unreachable"),
    ],
)
def test_what_a_registry_refuses_is_told_and_never_called_current(
    status: int, code: str, bad: Project, link: LinkProxy
) -> None:
    link.faults = lambda _: Fault(status=status, headers={"Retry-After": "3600"})
    run = bad.pinbot("update", "--format", "json")
    assert run.code == 1
    document = run.json
    assert (document["updates"], document["current"], document["written"]) == ([], 0, [])
    [error] = document["errors"]
    assert (error["code"], error["file"], error["line"]) == (code, "Dockerfile", 1)
    assert error["image"] == "docker.io/library/alpine:3.22"
    assert error["hint"]
    assert bad.read("Dockerfile") == b"FROM alpine:3.22\n"


def test_a_digest_that_is_none_is_not_written(bad: Project, link: LinkProxy) -> None:
    link.faults = lambda seen: Fault(
        headers={"Docker-Content-Digest": "sha256:beef"}, body=b"{}" if seen.method == "GET" else None
    )
    run = bad.pinbot("update", "--format", "json")
    assert run.code == 1
    assert [error["code"] for error in run.json["errors"]] == ["untrustworthy"]
    assert bad.read("Dockerfile") == b"FROM alpine:3.22\n"


def test_a_registry_that_hangs_up_is_told(bad: Project, link: LinkProxy) -> None:
    link.faults = lambda _: Fault(reset=True)
    run = bad.pinbot("update")
    assert run.code == 1
    assert "docker.io/library/alpine:3.22" in run.err
    assert "Traceback" not in run.err


def test_wrong_credentials_are_told_and_not_shown(tmp_path: Path) -> None:
    with RegistryServer(htpasswd=True) as locked:
        project = Project(tmp_path, {"Dockerfile": "FROM alpine:3.22\n"})
        project.use_registry(locked.host)
        secret = "c2VjcmV0OnNlY3JldA=="
        project.write("config.json", f'{{"auths": {{"{locked.host}": {{"auth": "{secret}"}}}}}}')
        run = project.pinbot("update", "-v", env={"DOCKER_CONFIG": str(tmp_path)})
    assert run.code == 1
    assert "docker.io/library/alpine:3.22" in run.err
    assert secret not in run.err
    assert "secret:secret" not in run.err


def test_no_builder_is_told_before_anything_is_written(project: Project) -> None:
    tools = project.root / "tools"
    tools.mkdir()
    (tools / "git").symlink_to(shutil.which("git") or "git")
    project.write("Dockerfile", "FROM alpine:3.22\n")
    run = project.pinbot("update", "--build", "Dockerfile", env={"PATH": str(tools)})
    assert run.code == 1
    assert "there is no builder" in run.err
    assert "hint: " in run.err
    assert "alpine:3.22  pin" in run.text
    assert project.read("Dockerfile") == b"FROM alpine:3.22\n"


def test_a_build_target_that_is_not_there_is_told(project: Project) -> None:
    project.write("Dockerfile", "FROM alpine:3.22\n")
    with (project.root / "pinbot.yaml").open("a") as file:
        file.write("build:\n  targets:\n    - dockerfile: svc/Dokerfile\n")
    run = project.pinbot("update")
    assert run.code == 2
    assert "build.targets names svc/Dokerfile" in run.err
    assert project.read("Dockerfile") == b"FROM alpine:3.22\n"


def test_a_dry_run_of_a_pull_request_needs_no_token(project: Project) -> None:
    project.write("Dockerfile", "FROM alpine:3.22\n")
    run = project.pinbot("update", "--pull-request", "--dry-run")
    assert run.code == 10
    assert b"+FROM alpine:3.22@sha256:" in run.out


def test_without_git_a_folder_is_searched_all_the_same(project: Project) -> None:
    project.write("svc/Dockerfile", "FROM alpine:3.22\n")
    run = project.pinbot("update", env={"PATH": "/nonexistent", "PINBOT_CONFIG": "pinbot.yaml"})
    assert run.code == 0
    assert b"@sha256:" in project.read("svc/Dockerfile")


def test_a_pull_request_needs_a_repository_and_a_token(project: Project) -> None:
    project.write("Dockerfile", "FROM alpine:3.22\n")
    run = project.pinbot("update", "--pull-request")
    assert (run.code, "GITHUB_REPOSITORY" in run.err) == (2, True)
    run = project.pinbot("update", "--pull-request", "--repository", "acme/app")
    assert (run.code, "GITHUB_TOKEN" in run.err) == (1, True)
    assert project.read("Dockerfile") == b"FROM alpine:3.22\n"


def test_a_user_without_a_home_needs_none(project: Project) -> None:
    project.write("Dockerfile", "FROM alpine:3.22\n")
    run = project.pinbot("update", env={"HOME": "~"})  # what Python finds for a bare user id without HOME
    assert (run.code, run.err.splitlines()[-1]) == (0, "written: Dockerfile")


def test_hostile_names_do_not_reach_the_terminal_raw(project: Project) -> None:
    project.write("a\x1b[31mb/Dockerfile", "FROM alpine:\x1b[31mred\n")
    run = project.pinbot("scan")
    assert b"\x1b" not in run.out
    assert "\x1b" not in run.err


def test_a_folder_that_is_read_only_keeps_the_file_as_it_was(project: Project) -> None:
    file = project.write("a/Dockerfile", "FROM alpine:3.22\n")
    file.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    run = project.pinbot("update", unprivileged=True)
    file.parent.chmod(stat.S_IRWXU)
    assert run.code == 1
    assert "a/Dockerfile: cannot be written: Permission denied" in run.err
    assert file.read_bytes() == b"FROM alpine:3.22\n"


def test_two_hundred_images_in_a_hundred_files_cost_two_hundred_heads_and_one_question_before(
    project: Project, link: LinkProxy, hub: RegistryServer
) -> None:
    pusher = Pusher(hub.base_url)
    for number in range(200):
        pusher.image(f"many/app{number % 50}", f"v{number}", image("the same"))
    pusher.close()
    project.use_registry(link.host)
    for number in range(100):
        images = (2 * number, 2 * number + 1, (2 * number + 2) % 200)
        lines = [f"FROM many/app{n % 50}:v{n}\n" for n in images]
        project.write(f"svc{number}/Dockerfile", "".join(lines))
    run = project.pinbot("update", "--dry-run", "--format", "json")
    assert run.code == 10
    assert len(run.json["updates"]) == 200
    assert (link.count("HEAD"), len(link.requests)) == (200, 201)
    assert (link.requests[0].method, link.requests[0].target) == ("GET", "/v2/")


def test_piped_scan_of_nothing_is_no_error_of_its_own(tmp_path: Path) -> None:
    run = pinbot("scan", "-", cwd=tmp_path, stdin=b"")
    assert run.code == 3
