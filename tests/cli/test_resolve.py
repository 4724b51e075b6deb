import httpx
import pytest

from tests.support.oci import Image, Pusher
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


def children(hub: RegistryServer, repository: str, tag: str) -> dict[str, str]:
    """What the registry's index says: digests by architecture."""
    answer = httpx.get(
        f"{hub.base_url}/v2/{repository}/manifests/{tag}",
        headers={"Accept": "application/vnd.oci.image.index.v1+json"},
        trust_env=False,
    )
    return {entry["platform"]["architecture"]: entry["digest"] for entry in answer.json()["manifests"]}


def test_the_digest_of_one_platform_is_printed(project: Project, hub: RegistryServer) -> None:
    run = project.pinbot("resolve", "--platform", "linux/arm64", "alpine:3.22")
    assert run.code == 0
    assert run.text == f"docker.io/library/alpine:3.22@{children(hub, 'library/alpine', '3.22')['arm64']}\n"
    run = project.pinbot("resolve", "--platform", "linux/arm64", "--format", "json", "alpine:3.22")
    assert run.json["images"] == [
        {
            "image": "docker.io/library/alpine:3.22",
            "digest": children(hub, "library/alpine", "3.22")["arm64"],
            "media_type": "application/vnd.oci.image.manifest.v1+json",
            "platforms": None,
        }
    ]


def test_a_platform_that_is_not_there_is_an_error_of_that_image(project: Project) -> None:
    run = project.pinbot("resolve", "--platform", "linux/arm64", "--format", "json", "busybox", "alpine:3.22")
    assert run.code == 1
    assert [image["image"] for image in run.json["images"]] == ["docker.io/library/alpine:3.22"]
    (error,) = run.json["errors"]
    assert error["code"] == "not-found"
    assert error["message"] == "there is no image for linux/arm64"
    assert error["hint"] == "there are images for linux/amd64"
    assert error["image"] == "docker.io/library/busybox:latest"


def test_tags_are_listed_in_natural_order(project: Project, pusher: Pusher) -> None:
    for tag in ("3.9", "edge", "3.10", "3.10-rc1", "20260101", "3", "3.10.1"):
        pusher.image("library/tagged", tag, Image())
    run = project.pinbot("resolve", "--tags", "tagged", "busybox:1", "docker.io/library/tagged:3")
    assert run.code == 0
    assert run.text.splitlines() == [
        *(
            f"docker.io/library/tagged:{tag}"
            for tag in ("3", "3.9", "3.10", "3.10-rc1", "3.10.1", "20260101", "edge")
        ),
        "docker.io/library/busybox:latest",
    ]


def test_tags_as_json(project: Project) -> None:
    run = project.pinbot("resolve", "--tags", "--format", "json", "alpine", "nowhere")
    assert run.code == 1
    assert run.json["repositories"] == [
        {"repository": "docker.io/library/alpine", "tags": ["3.22", "latest"]}
    ]
    (error,) = run.json["errors"]
    assert (error["code"], error["image"]) == ("not-found", "docker.io/library/nowhere")
    assert "images" not in run.json


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--platform", "arm64"), "--platform: 'arm64' is not a platform"),
        (("--platform", "linux/arm64", "--platforms"), "each ask for something else"),
        (("--tags", "--platform", "linux/arm64"), "each ask for something else"),
        (("--tags", "--platforms"), "each ask for something else"),
    ],
)
def test_options_that_cannot_be_are_wrong_usage(
    project: Project, options: tuple[str, ...], words: str
) -> None:
    run = project.pinbot("resolve", *options, "alpine")
    assert run.code == 2
    assert words in run.err


def test_an_image_that_fails_does_not_stop_the_others(project: Project) -> None:
    run = project.pinbot("resolve", "alpine:nope", "no such image", "alpine:3.22")
    assert run.code == 1
    assert len(run.text.splitlines()) == 1
    assert "docker.io/library/alpine:nope" in run.err
    assert "'no such image' is not an image reference" in run.err


def test_verbose_tells_every_request(project: Project, hub: RegistryServer) -> None:
    run = project.pinbot("resolve", "--verbose", "alpine:3.22")
    assert f"HEAD {hub.base_url}/v2/library/alpine/manifests/3.22 -> 200 (HTTP/1.1) in" in run.err


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
