"""The whole of `pinbot update`, as a user runs it: real registry, real builders, real git."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders import DockerDaemon
from tests.support.github.server import GitHubServer
from tests.support.images import EXAMPLE, push_base_images
from tests.support.project import ROOT, Project, Run
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.needs("base-images", "git")

REPOSITORY = "acme/rust-scratch"
TOKEN = "ghp_TheTokenOfThisTest"
BROKEN = (
    "FROM alpine:3.22 AS files\nRUN echo almost && exit 3\nFROM scratch\nCOPY --from=files /etc/passwd /\n"
)


class Workplace:
    """A user's repository and the machine around it."""

    def __init__(self, root: Path, registry: RegistryServer, environ: dict[str, str]) -> None:
        self.project = Project(root)
        self.project.use_registry(registry.host)
        self.environ = environ
        self.registry = registry

    def use_example(self) -> None:
        shutil.copytree(
            EXAMPLE, self.project.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("target")
        )
        self.project.commit()

    def pinbot(self, *arguments: str, **environment: str) -> Run:
        return self.project.pinbot(*arguments, env={**self.environ, **environment})


@pytest.fixture(
    params=[
        pytest.param("buildah", marks=pytest.mark.needs("buildah")),
        pytest.param("docker", marks=pytest.mark.needs("dockerd")),
    ]
)
def workplace(
    request: pytest.FixtureRequest, registry: RegistryServer, cache: Path, tmp_path: Path
) -> Workplace:
    environ = {"PINBOT_BUILDER": request.param, "XDG_CACHE_HOME": str(cache)}
    if request.param == "docker":
        daemon: DockerDaemon = request.getfixturevalue("daemon")
        environ |= daemon.environ
    push_base_images(registry.base_url, revision=1)
    return Workplace(tmp_path / "project", registry, environ)


@pytest.fixture
def github(contract: object) -> Iterator[GitHubServer]:
    with GitHubServer(contract=contract) as server:
        server.add_token(TOKEN)
        yield server
        assert server.problems == []


def test_the_example_is_pinned_and_built(workplace: Workplace) -> None:
    workplace.use_example()
    run = workplace.pinbot("update", "--build", "--format", "json")
    assert run.code == 0, run.err
    [build] = run.json["builds"]
    assert (build["ok"], build["dockerfile"], build["context"]) == (True, "Dockerfile", ".")
    assert build["before"]["size"] == build["after"]["size"] > 100_000
    assert build["after"]["builder"].startswith(workplace.environ["PINBOT_BUILDER"])
    assert run.json["written"] == ["Dockerfile"]
    text = workplace.project.read("Dockerfile").decode()
    assert text.count("@sha256:") == 2
    assert "FROM alpine:latest@sha256:" in text


def test_a_failed_build_leaves_the_file_and_shows_the_step(workplace: Workplace) -> None:
    workplace.project.write("Dockerfile", BROKEN)
    run = workplace.pinbot("update", "--build")
    assert run.code == 11
    assert workplace.project.read("Dockerfile") == BROKEN.encode()
    assert "RUN echo almost && exit 3" in run.text
    assert "almost" in run.text
    assert "without the update: failed at" in run.text
    assert "left as it was" in run.err


def test_a_failed_build_holds_its_file_alone(workplace: Workplace) -> None:
    workplace.project.write("bad/Dockerfile", BROKEN)
    workplace.project.write("good/Dockerfile", "FROM alpine:3.22\nRUN true\n")
    run = workplace.pinbot("update", "--build", "--format", "json")
    assert run.code == 11
    assert run.json["written"] == ["good/Dockerfile"]
    assert [(build["dockerfile"], build["ok"]) for build in run.json["builds"]] == [
        ("bad/Dockerfile", False),
        ("good/Dockerfile", True),
    ]
    assert workplace.project.read("bad/Dockerfile") == BROKEN.encode()


def test_dry_run_builds_and_writes_nothing(workplace: Workplace) -> None:
    workplace.project.write("Dockerfile", "FROM alpine:3.22\nRUN true\n")
    run = workplace.pinbot("update", "--build", "--dry-run", "--format", "json")
    assert run.code == 10
    assert [build["ok"] for build in run.json["builds"]] == [True]
    assert workplace.project.read("Dockerfile") == b"FROM alpine:3.22\nRUN true\n"


def test_an_image_that_is_gone_before_is_no_reason_against_the_update(workplace: Workplace) -> None:
    gone = "sha256:" + "0" * 64
    workplace.project.write("Dockerfile", f"FROM alpine:3.22@{gone}\nRUN true\n")
    run = workplace.pinbot("update", "--build", "--format", "json")
    assert run.code == 0, run.err
    [build] = run.json["builds"]
    assert (build["ok"], build["before"]) == (True, None)
    assert build["before_problem"].startswith("failed at")
    assert gone.encode() not in workplace.project.read("Dockerfile")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_while_building_ends_with_130_and_leaves_nothing(
    workplace: Workplace, number: signal.Signals, tmp_path: Path
) -> None:
    content = "FROM alpine:3.22\nRUN echo started-now && sleep 600\n"
    workplace.project.write("Dockerfile", content)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "pinbot", "update", "--build", "--verbose"],
        cwd=workplace.project.root,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(tmp_path),
            "TMPDIR": str(scratch),
            **workplace.environ,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "started-now" in line and "echo" not in line:
            break
    else:
        pytest.fail("the build did not start")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert out == ""
    assert workplace.project.read("Dockerfile") == content.encode()
    assert list(scratch.iterdir()) == []


def test_a_pull_request_is_opened_kept_and_updated(workplace: Workplace, github: GitHubServer) -> None:
    workplace.use_example()
    workplace.project.configure("pull_requests:\n  group: all\n")
    repository = github.create_repository(REPOSITORY, from_directory=workplace.project.root)
    environment = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_API_URL": github.url}
    before = workplace.project.read("Dockerfile")

    def propose() -> Run:
        return workplace.pinbot("update", "--build", "--pull-request", "--format", "json", **environment)

    opened = propose()
    assert opened.code == 0, opened.err
    assert [pull["action"] for pull in opened.json["pull_requests"]] == ["opened"]
    [pull] = repository.open_pulls()
    assert pull.title == "Pin 2 base images"
    assert "**The test build passed**: `Dockerfile`." in (pull.body or "")
    assert repository.files("pinbot/images")["Dockerfile"].count(b"@sha256:") == 2
    assert workplace.project.read("Dockerfile") == before, "the working tree is not the place of the change"

    github.forget_requests()
    again = propose()
    assert [pull["action"] for pull in again.json["pull_requests"]] == ["unchanged"]
    assert again.json["builds"] == [], "what is proposed already needs no other build"
    assert github.writes == []

    push_base_images(workplace.registry.base_url, revision=2)
    moved = propose()
    assert [pull["action"] for pull in moved.json["pull_requests"]] == ["updated"]
    assert len(repository.open_pulls()) == 1
    assert TOKEN not in moved.err + opened.err


def test_a_pull_request_tells_what_changed_in_the_images(
    registry: RegistryServer, cache: Path, tmp_path: Path, github: GitHubServer
) -> None:
    workplace = Workplace(tmp_path / "project", registry, {"XDG_CACHE_HOME": str(cache)})
    old = push_base_images(registry.base_url, revision=1)["library/alpine:3.22"]
    push_base_images(registry.base_url, revision=2)
    workplace.project.write("Dockerfile", f"FROM alpine:3.22@{old}\n")
    workplace.project.commit()
    repository = github.create_repository(REPOSITORY, from_directory=workplace.project.root)
    run = workplace.pinbot(
        *("update", "--pull-request"),
        GITHUB_TOKEN=TOKEN,
        GITHUB_REPOSITORY=REPOSITORY,
        GITHUB_API_URL=github.url,
    )
    assert run.code == 0, run.err
    [pull] = repository.open_pulls()
    assert "### What changed" in (pull.body or "")
    assert "| `tzdata` | apk | upgraded | `2025a-r0` | `2025b-r0` |" in (pull.body or "")


def test_a_file_that_never_builds_does_not_have_the_pull_request_written_again(
    workplace: Workplace, github: GitHubServer
) -> None:
    workplace.project.write("bad/Dockerfile", BROKEN)
    workplace.project.write("good/Dockerfile", "FROM alpine:3.22\nRUN true\n")
    github.create_repository(REPOSITORY, from_directory=workplace.project.root)
    environment = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_API_URL": github.url}

    def propose() -> list[str]:
        run = workplace.pinbot("update", "--build", "--pull-request", "--format", "json", **environment)
        assert run.code == 11, run.err
        return [pull["action"] for pull in run.json["pull_requests"]]

    assert propose() == ["opened"]
    github.forget_requests()
    assert propose() == ["unchanged"]
    assert github.writes == []


def test_a_wrong_token_is_told_by_name(workplace: Workplace, github: GitHubServer) -> None:
    workplace.project.write("Dockerfile", "FROM alpine:3.22\n")
    github.create_repository(REPOSITORY, from_directory=workplace.project.root)
    run = workplace.pinbot(
        "update",
        "--pull-request",
        GITHUB_TOKEN="ghp_wrong",
        GITHUB_REPOSITORY=REPOSITORY,
        GITHUB_API_URL=github.url,
    )
    assert run.code == 1
    assert "Bad credentials" in run.err
    assert "GITHUB_TOKEN" in run.err
    assert "ghp_wrong" not in run.err
