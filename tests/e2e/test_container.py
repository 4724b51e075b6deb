"""The image of pinbot itself: pinned by pinbot, built by buildah, and run as its own user."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pinbot import __version__
from tests.support.action_python import python_alpine, wheelhouse
from tests.support.oci import Pusher
from tests.support.project import ROOT, Project
from tests.support.registry import RegistryServer

pytestmark = [pytest.mark.slow, pytest.mark.needs("buildah", "docker-registry", "busybox", "git")]

BASE = b"FROM python:3.13-alpine@"


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Images and containers in a folder of their own."""

    folder: Path

    def buildah(self, *arguments: str | Path, **variables: str) -> str:
        places = ("--root", self.folder / "root", "--runroot", self.folder / "run")
        done = subprocess.run(
            ["buildah", *places, "--storage-driver", "overlay", *arguments],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def remove(self) -> None:
        self.buildah("rm", "--all")
        self.buildah("rmi", "--all", "--force")
        shutil.rmtree(self.folder)


@dataclass(frozen=True, kw_only=True)
class Container:
    storage: Storage
    name: str

    @property
    def config(self) -> Any:
        return json.loads(self.storage.buildah("inspect", "--type", "container", self.name))["OCIv1"][
            "config"
        ]

    def run(self, *command: str, work: Path, user: str | None = None) -> str:
        options = ("--isolation", "chroot", "--volume", f"{work}:/work", *(("--user", user) if user else ()))
        return self.storage.buildah("run", *options, self.name, "--", *command)


@pytest.fixture(scope="module")
def hub() -> Iterator[RegistryServer]:
    with RegistryServer() as registry:
        pusher = Pusher(registry.base_url)
        pusher.image("library/python", "3.13-alpine", python_alpine())
        pusher.close()
        yield registry


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, hub: RegistryServer) -> Project:
    """What the image is built from; `pinbot update` has pinned its base to the stand-in."""
    project = Project(tmp_path_factory.mktemp("source"))
    for name in ("Dockerfile", ".dockerignore", "requirements/runtime.txt"):
        project.write(name, (ROOT / name).read_bytes())
    shutil.copytree(ROOT / "pinbot", project.root / "pinbot", ignore=shutil.ignore_patterns("__pycache__"))
    project.use_registry(hub.host)
    updated = project.pinbot("update", "Dockerfile")
    assert updated.code == 0, updated.err
    return project


@pytest.fixture(scope="module")
def container(
    tmp_path_factory: pytest.TempPathFactory, hub: RegistryServer, source: Project
) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("buildah")
    mirror = folder / "registries.conf"
    mirror.write_text(
        f'[[registry]]\nprefix = "docker.io"\nlocation = "{hub.host}"\ninsecure = true\n', encoding="utf-8"
    )
    settings = folder / "pip.conf"
    settings.write_text("[global]\nno-index = true\nfind-links = /wheels\n", encoding="utf-8")
    storage = Storage(folder=folder / "storage")
    volumes = (f"{wheelhouse()}:/wheels:ro", f"{settings}:/etc/pip.conf:ro")
    storage.buildah(
        *("bud", "--isolation", "chroot", "--layers=false", "--tag", "pinbot"),
        *(word for volume in volumes for word in ("--volume", volume)),
        source.root,
        CONTAINERS_REGISTRIES_CONF=str(mirror),
    )
    yield Container(storage=storage, name=storage.buildah("from", "pinbot").strip())
    storage.remove()


@pytest.fixture
def work(tmp_path: Path) -> Project:
    """A repository of root, in which one Dockerfile is ignored."""
    project = Project(
        tmp_path / "work", {"Dockerfile": "FROM alpine:3.22\n", "out/Dockerfile": "FROM debian\n"}
    )
    project.write(".gitignore", "out/\n")
    tmp_path.chmod(0o755)
    return project


def test_its_base_is_pinned_in_one_place(source: Project) -> None:
    before, after = (ROOT / "Dockerfile").read_bytes().splitlines(), source.read("Dockerfile").splitlines()
    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert len(changed) == 1
    assert all(line.startswith(BASE) for line in changed[0])


def test_it_starts_pinbot_as_an_unprivileged_user_in_work(container: Container) -> None:
    config = container.config
    assert config["Entrypoint"] == ["pinbot"]
    assert config["User"] == "10001:10001"
    assert config["WorkingDir"] == "/work"
    assert config["Labels"]["org.opencontainers.image.licenses"] == "MIT"


def test_it_says_its_version(container: Container, work: Project) -> None:
    assert container.run("pinbot", "--version", work=work.root) == f"pinbot {__version__}\n"


def test_it_scans_a_repository_of_another_user_by_gits_rules(container: Container, work: Project) -> None:
    document = json.loads(container.run("pinbot", "scan", "--format", "json", work=work.root))
    assert [reference["file"] for reference in document["references"]] == ["Dockerfile"]


def test_any_user_may_run_it(container: Container, work: Project) -> None:
    said = container.run("sh", "-c", "id -u; pinbot scan", work=work.root, user="4711:4711")
    assert said.startswith("4711\n")
    assert "alpine:3.22" in said


def test_it_imports_nothing_from_the_folder_that_it_looks_at(container: Container, work: Project) -> None:
    for name in ("click.py", "rich.py", "pinbot.py", "json.py"):
        work.write(name, "raise SystemExit('imported')\n")
    assert "alpine:3.22" in container.run("pinbot", "scan", work=work.root)


def test_the_libraries_of_every_command_load(container: Container, work: Project) -> None:
    names = "httpcore, github, ruamel.yaml, rich, click, packaging, pinbot.wiring, pinbot.forge.github"
    assert container.run("python", "-c", f"import {names}", work=work.root) == ""


def test_nothing_can_be_installed_into_it(container: Container, work: Project) -> None:
    probe = "import importlib.util as u; print([u.find_spec(name) for name in ('pip', 'ensurepip')])"
    for python in ("python", "/usr/local/bin/python"):
        assert container.run(python, "-c", probe, work=work.root) == "[None, None]\n"
    probe = "import os; print([path for path, *_ in os.walk('/opt/pinbot') if os.access(path, os.W_OK)])"
    assert container.run("python", "-c", probe, work=work.root) == "[]\n"
