import httpx
import pytest

from tests.support.oci import Pusher
from tests.support.project import Project
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.needs("docker-registry")


def digest(hub: RegistryServer, repository: str, tag: str) -> str:
    """What the registry itself says."""
    accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
    answer = httpx.head(
        f"{hub.base_url}/v2/{repository}/manifests/{tag}", headers={"Accept": accept}, trust_env=False
    )
    return answer.headers["Docker-Content-Digest"]


def test_resolve_prints_each_image_with_its_digest(project: Project, hub: RegistryServer) -> None:
    run = project.pinbot("resolve", "alpine:3.22", "rust:alpine")
    assert run.code == 0
    assert run.text.splitlines() == [
        f"docker.io/library/alpine:3.22@{digest(hub, 'library/alpine', '3.22')}",
        f"docker.io/library/rust:alpine@{digest(hub, 'library/rust', 'alpine')}",
    ]


def test_resolve_as_json(project: Project, hub: RegistryServer) -> None:
    run = project.pinbot("resolve", "alpine:3.22", "--format", "json")
    assert run.json == {
        "schema": "pinbot/v1",
        "command": "resolve",
        "images": [
            {
                "image": "docker.io/library/alpine:3.22",
                "digest": digest(hub, "library/alpine", "3.22"),
                "media_type": "application/vnd.oci.image.index.v1+json",
                "platforms": None,
            }
        ],
        "errors": [],
    }


def test_platforms_are_listed_when_asked_for(project: Project) -> None:
    run = project.pinbot("resolve", "--platforms", "--format", "json", "alpine:3.22", "busybox")
    assert [image["platforms"] for image in run.json["images"]] == [
        ["linux/amd64", "linux/arm64"],
        ["linux/amd64"],
    ]


def test_an_image_that_fails_does_not_stop_the_others(project: Project) -> None:
    run = project.pinbot("resolve", "alpine:nope", "no such image", "alpine:3.22")
    assert run.code == 1
    assert len(run.text.splitlines()) == 1
    assert "docker.io/library/alpine:nope" in run.err
    assert "'no such image' is not an image reference" in run.err


def test_verbose_tells_every_request(project: Project, hub: RegistryServer) -> None:
    run = project.pinbot("resolve", "--verbose", "alpine:3.22")
    assert f"HEAD {hub.base_url}/v2/library/alpine/manifests/3.22 -> 200 in" in run.err


def test_quiet_tells_nothing_on_standard_error(project: Project) -> None:
    assert project.pinbot("resolve", "--quiet", "alpine:3.22").err == ""


def test_an_image_is_asked_for_once_however_often_it_is_named(project: Project, pusher: Pusher) -> None:
    del pusher
    run = project.pinbot("resolve", "-v", "alpine:3.22", "docker.io/library/alpine:3.22")
    assert run.err.count("HEAD ") == 1


def test_a_text_that_is_no_reference_is_told_whole(project: Project) -> None:
    run = project.pinbot("resolve", "alpine@sha256:beef", "alpine:3.22")
    assert run.code == 1
    assert "error: alpine@sha256:beef: 'sha256:beef' is not a sha256 digest" in run.err
    assert run.text.startswith("docker.io/library/alpine:3.22@sha256:")
