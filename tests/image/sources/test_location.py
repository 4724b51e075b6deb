"""What a user names: an image in a registry, or a file or folder on this machine."""

from pathlib import Path

import pytest

from pinbot.errors import InvalidReference, UsageError
from pinbot.image.sources import location
from pinbot.image.sources.location import LocalImage, Transport
from pinbot.model.reference import ImageReference


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build" / "app").mkdir(parents=True)
    (tmp_path / "build" / "app" / "oci-layout").write_text("{}")
    (tmp_path / "app.tar").write_bytes(b"")
    (tmp_path / "odd:name").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "alpine",
        "alpine:3.22",
        "ghcr.io/owner/name@sha256:" + "0" * 64,
        "docker:27",
        "docker",
        "build",
        "build/other",
    ],
)
def test_a_reference_names_an_image_in_a_registry(text: str) -> None:
    assert location.parse(text) == ImageReference.parse(text)


@pytest.mark.parametrize(
    ("text", "transport", "path", "reference"),
    [
        ("oci:build/app", Transport.LAYOUT, "build/app", None),
        ("oci:build/app:latest", Transport.LAYOUT, "build/app", "latest"),
        ("oci:./build/app:sha256:00", Transport.LAYOUT, "build/app", "sha256:00"),
        ("oci:odd:name", Transport.LAYOUT, "odd:name", None),
        ("oci:odd:name:v1", Transport.LAYOUT, "odd:name", "v1"),
        ("oci-archive:app.tar:v1", Transport.LAYOUT_ARCHIVE, "app.tar", "v1"),
        (
            "docker-archive:app.tar:reg.io:5000/app:v1",
            Transport.DOCKER_ARCHIVE,
            "app.tar",
            "reg.io:5000/app:v1",
        ),
    ],
)
def test_a_transport_names_something_on_this_machine(
    text: str, transport: Transport, path: str, reference: str | None
) -> None:
    assert location.parse(text) == LocalImage(transport=transport, path=Path(path), reference=reference)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("oci:", "oci: names no file or folder", "write oci:PATH"),
        ("oci:missing:v1", "there is no missing:v1", "check the path behind oci:"),
        ("oci:\0", "there is no \0", "check the path behind oci:"),
        ("oci:" + "x" * 5000, "there is no " + "x" * 5000, "check the path behind oci:"),
        ("docker://alpine", "pinbot does not look into docker:", "leave docker:// away"),
        ("docker-daemon:alpine:3", "pinbot does not look into docker-daemon:", "write docker-archive:FILE"),
        (
            "containers-storage:alpine",
            "pinbot does not look into containers-storage:",
            "write oci-archive:FILE",
        ),
        ("dir:/tmp/x", "pinbot does not look into dir:", "write oci:FOLDER"),
        ("https://ghcr.io/a/b", "pinbot does not look into https:", "named without https://"),
        ("build/app", "build/app is a path, and no image in a registry", "write oci:build/app"),
        (
            "./build",
            "./build is a path, and no image in a registry",
            "write oci:./build if it is an OCI layout",
        ),
        (
            "app.tar",
            "app.tar is a path, and no image in a registry",
            "write docker-archive:app.tar if docker",
        ),
        ("/missing", "/missing is a path, and no image in a registry", "write oci:FOLDER, oci-archive:FILE"),
        (".", ". is a path, and no image in a registry", "write oci:. if it is"),
    ],
)
def test_what_looks_like_a_mistake_is_explained(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        location.parse(text)
    assert caught.value.message == message
    assert hint in caught.value.hint


@pytest.mark.parametrize("text", ["", "Upper", "a b", "alpine:", "x" * 5000, "a\0b"])
def test_what_is_nothing_of_this_is_no_reference(text: str) -> None:
    with pytest.raises(InvalidReference):
        location.parse(text)
