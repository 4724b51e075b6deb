"""Which images are under one name, and which of them is meant."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from pinbot.errors import ImageError, NotFound, PinbotError, Unsupported
from pinbot.image import platforms
from pinbot.image.platforms import Listing
from pinbot.model.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, Manifest
from pinbot.model.reference import Platform
from pinbot.ports.images import ImageSource
from tests.image.sources.looking import ask
from tests.support import local_images
from tests.support.local_images import descriptor, index
from tests.support.oci import Image, digest_of

AMD64, ARM64, S390X = Image(), Image(architecture="arm64"), Image(architecture="s390x")
ATTESTATION = {
    "mediaType": OCI_MANIFEST,
    "digest": digest_of(b"attestation"),
    "size": 11,
    "platform": {"os": "unknown", "architecture": "unknown"},
    "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
}
ARTIFACT = {
    "mediaType": OCI_MANIFEST,
    "digest": digest_of(b"sbom"),
    "size": 4,
    "artifactType": "application/spdx",
}
OTHER = {"mediaType": "application/vnd.example", "digest": digest_of(b"other"), "size": 5}


DAMAGED = b'{"schemaVersion":2,"manifests":7}'


def described(body: bytes, **more: object) -> dict[str, object]:
    return {"mediaType": OCI_INDEX, "digest": digest_of(body), "size": len(body), **more}


def place(folder: Path, root: bytes, *more: bytes) -> str:
    """The name of a layout whose image is an index, with further documents and the images above."""
    images = {"amd64": AMD64, "arm64": ARM64, "s390x": S390X}
    files = local_images.layout(images, more=[root, *more])
    files["index.json"] = index(described(root))
    return f"oci:{local_images.write_folder(folder, files)}"


def listed(name: str) -> Listing:
    return ask(name, platforms.images)


def picked(name: str, platform: str | None = None) -> Descriptor:
    async def pick(source: ImageSource) -> tuple[Descriptor, Manifest]:
        return await platforms.pick(source, Platform.parse(platform) if platform else None)

    found, _ = ask(name, pick)
    return found


def digests(listing: Listing) -> Mapping[str, str]:
    return {str(image.platform): str(image.descriptor.digest) for image in listing.images}


def test_images_are_listed_apart_from_what_cannot_be_run(tmp_path: Path) -> None:
    root = index(descriptor(AMD64), ATTESTATION, descriptor(ARM64), ARTIFACT, OTHER)
    listing = listed(place(tmp_path, root))
    assert digests(listing) == {
        "linux/amd64": digest_of(AMD64.manifest),
        "linux/arm64": digest_of(ARM64.manifest),
    }
    others = [str(other.digest) for other in listing.others]
    assert others == [one["digest"] for one in (ATTESTATION, ARTIFACT, OTHER)]
    assert str(listing.root.digest) == digest_of(root)


def test_indexes_in_an_index_are_looked_into(tmp_path: Path) -> None:
    inner = index(descriptor(ARM64), ATTESTATION)
    middle = index(described(inner), descriptor(S390X))
    root = index(described(middle), descriptor(AMD64), descriptor(ARM64))
    name = place(tmp_path, root, middle, inner)
    assert list(digests(listed(name))) == ["linux/amd64", "linux/arm64", "linux/s390x"]
    assert str(picked(name, "linux/s390x").digest) == digest_of(S390X.manifest)


def test_the_usual_platform_is_picked_unless_there_is_but_one(tmp_path: Path) -> None:
    assert str(picked(place(tmp_path, index(descriptor(ARM64)))).digest) == digest_of(ARM64.manifest)
    name = place(tmp_path, index(descriptor(ARM64), descriptor(AMD64)))
    assert str(picked(name).digest) == digest_of(AMD64.manifest)
    assert str(picked(name, "linux/arm64/v8").digest) == digest_of(ARM64.manifest)


@pytest.mark.parametrize("platform", [None, "linux/amd64"])
def test_a_platform_that_is_missing_is_an_error_that_lists_what_is_there(
    tmp_path: Path, platform: str | None
) -> None:
    name = place(tmp_path, index(descriptor(ARM64), descriptor(S390X)))
    with pytest.raises(NotFound) as caught:
        picked(name, platform)
    assert str(caught.value) == (
        f"{name}: there is no image for linux/amd64 (there are images for linux/arm64, linux/s390x)"
    )


def test_an_index_of_attestations_alone_names_no_platform(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        picked(place(tmp_path, index(ATTESTATION)))
    assert caught.value.hint == "it names no platform at all"


def test_an_image_without_an_index_has_the_platform_of_its_config(tmp_path: Path) -> None:
    name = f"oci:{local_images.write_folder(tmp_path, local_images.layout(ARM64))}"
    assert digests(listed(name)) == {"linux/arm64": digest_of(ARM64.manifest)}
    assert picked(name) == picked(name, "linux/arm64")
    with pytest.raises(NotFound, match="there is no image for linux/amd64"):
        picked(name, "linux/amd64")


def test_an_image_of_which_no_platform_is_told_can_be_picked_if_it_is_alone(tmp_path: Path) -> None:
    bare = {key: value for key, value in descriptor(AMD64).items() if key != "platform"}
    name = place(tmp_path, index(bare, ATTESTATION))
    assert [image.platform for image in listed(name).images] == [None]
    assert str(picked(name).digest) == digest_of(AMD64.manifest)


def nested(levels: int) -> list[bytes]:
    """Indexes in each other, the outermost first."""
    bodies = [index(descriptor(AMD64))]
    for _ in range(levels - 1):
        bodies.insert(0, index(described(bodies[0])))
    return bodies


def test_four_levels_of_indexes_are_read(tmp_path: Path) -> None:
    assert digests(listed(place(tmp_path, *nested(4)))) == {"linux/amd64": digest_of(AMD64.manifest)}


@pytest.mark.parametrize(
    ("bodies", "kind", "words"),
    [
        (nested(5), Unsupported, "more than 4 levels"),
        (
            [index({**described(AMD64.manifest), "size": len(AMD64.manifest)})],
            ImageError,
            "it was sent as application/vnd.oci.image.index.v1+json and calls itself",
        ),
        ([index(described(b"gone"))], ImageError, "there is no file blobs/sha256/"),
        ([index(described(DAMAGED)), DAMAGED], ImageError, "manifests is not a list"),
    ],
)
def test_indexes_that_cannot_be_read_are_refused(
    tmp_path: Path, bodies: list[bytes], kind: type[PinbotError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        listed(place(tmp_path, *bodies))
    assert words in caught.value.message


def test_an_index_that_is_said_to_be_an_image_is_refused(tmp_path: Path) -> None:
    body = index()
    false = {**descriptor(AMD64), "digest": digest_of(body), "size": len(body)}
    with pytest.raises(ImageError, match=r"it was sent as .*manifest.* and calls itself .*index"):
        picked(place(tmp_path, index(false), body))
