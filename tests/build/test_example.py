"""The example, built by both builders and run as its user."""

import asyncio
import socket
import time
from pathlib import Path

import httpx
import pytest

from pinbot.model.build import BuiltImage
from tests.build.conftest import Bench
from tests.support.builders import DockerDaemon
from tests.support.images import EXAMPLE


def test_the_example_builds_from_the_stand_ins(bench: Bench) -> None:
    image = asyncio.run(bench.run(bench.asking(EXAMPLE), bench.lines.append))
    assert isinstance(image, BuiltImage), bench.log
    assert image.layers in (2, 3)
    assert 500_000 < image.size < 1_500_000


@pytest.mark.needs("base-images", "dockerd")
def test_the_example_reads_its_files_as_an_unprivileged_user(daemon: DockerDaemon) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    daemon.docker("build", "--quiet", "--tag", "example", str(EXAMPLE))
    container = daemon.docker(
        *("run", "--detach", "--network", "host", "--read-only", "--cap-drop", "ALL"),
        *("--env", f"PORT={port}", "--env", "TZ=Europe/Zurich", "example"),
    ).strip()
    try:
        answer = ask(f"http://127.0.0.1:{port}/healthz")
        assert answer.status_code == 200, answer.text
        assert "time zone: Europe/Zurich" in answer.text
        assert httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).text.startswith("Hello")
        assert daemon.docker("inspect", "--format", "{{.Config.User}}", container).strip() == "10001:10001"
    finally:
        daemon.docker("rm", "--force", container)
        daemon.docker("image", "rm", "example")


def ask(url: str) -> httpx.Response:
    deadline = time.monotonic() + 20
    while True:
        try:
            return httpx.get(url, trust_env=False)
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_the_example_names_nothing_but_tags_so_that_there_is_something_to_pin() -> None:
    froms = [line for line in Path(EXAMPLE, "Dockerfile").read_text().splitlines() if line.startswith("FROM")]
    assert froms == ["FROM rust:alpine AS build", "FROM alpine AS files", "FROM scratch"]
