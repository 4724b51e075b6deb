"""The digest of one platform's manifest."""

import pytest

from pinbot.errors import NotFound, Untrustworthy
from pinbot.model.manifest import OCI_INDEX, OCI_MANIFEST
from pinbot.model.plan import Resolution
from pinbot.model.reference import Digest, ImageReference, Platform
from tests.registry.conftest import AMD64, ARM64, push
from tests.support.oci import Image, Pusher, digest_of, to_json
from tests.support.registry import RegistryServer
from tests.support.registry_client import Asker
from tests.support.registry_link import Fault, LinkProxy


def resolve(image: str, platform: str, asker: Asker | None = None) -> Resolution:
    reference = ImageReference.parse(image)
    return (asker or Asker()).ask(lambda client: client.resolve_platform(reference, Platform.parse(platform)))


@pytest.mark.needs("docker-registry")
def test_the_manifest_of_the_platform_is_found_in_the_index_by_one_get(registry: RegistryServer) -> None:
    push(registry)
    image = f"{registry.host}/library/alpine:3.20"
    asker = Asker()
    assert resolve(image, "linux/arm64", asker) == Resolution(
        image=ImageReference.parse(image),
        digest=Digest.parse(digest_of(ARM64.manifest)),
        media_type=OCI_MANIFEST,
    )
    assert asker.methods == ["GET"]


@pytest.mark.needs("docker-registry")
def test_a_platform_that_is_not_there_is_an_error_that_lists_what_is(registry: RegistryServer) -> None:
    push(registry)
    image = f"{registry.host}/library/alpine:3.20"
    with pytest.raises(NotFound) as caught:
        resolve(image, "linux/s390x")
    assert str(caught.value) == (
        f"{image}: there is no image for linux/s390x (there are images for linux/amd64, linux/arm64)"
    )


@pytest.mark.needs("docker-registry")
def test_an_image_without_an_index_is_its_own_manifest_for_its_platform_alone(
    registry: RegistryServer,
) -> None:
    pusher = Pusher(registry.base_url)
    digest = pusher.image("single", "arm", ARM64)
    pusher.close()
    image = f"{registry.host}/single:arm"
    assert str(resolve(image, "linux/arm64").digest) == digest
    assert str(resolve(image, "linux/arm64/v8").digest) == digest
    with pytest.raises(NotFound, match="there are images for linux/arm64"):
        resolve(image, "linux/amd64")


@pytest.mark.needs("docker-registry")
def test_what_names_no_platform_is_said_to_be_so(registry: RegistryServer) -> None:
    pusher = Pusher(registry.base_url)
    pusher.manifest(
        "odd", "1", to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}), OCI_INDEX
    )
    pusher.close()
    with pytest.raises(NotFound, match="names no platform at all"):
        resolve(f"{registry.host}/odd:1", "linux/amd64")


@pytest.mark.needs("docker-registry")
def test_an_index_in_an_index_is_looked_into(registry: RegistryServer) -> None:
    pusher = Pusher(registry.base_url)
    inner = pusher.index("nested", "inner", [AMD64, ARM64])
    other = pusher.image("nested", "s390x", Image(architecture="s390x"))
    outer = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [
            {"mediaType": OCI_INDEX, "digest": inner, "size": 1},
            {
                "mediaType": OCI_MANIFEST,
                "digest": other,
                "size": 1,
                "platform": {"os": "linux", "architecture": "s390x"},
            },
        ],
    }
    pusher.manifest("nested", "1", to_json(outer), OCI_INDEX)
    pusher.close()
    image = f"{registry.host}/nested:1"
    asker = Asker()
    assert str(resolve(image, "linux/arm64", asker).digest) == digest_of(ARM64.manifest)
    assert asker.methods == ["GET", "GET"]
    # What stands in the index itself needs no further request.
    asker = Asker()
    assert str(resolve(image, "linux/s390x", asker).digest) == other
    assert asker.methods == ["GET"]
    with pytest.raises(NotFound) as caught:
        resolve(image, "linux/riscv64")
    assert caught.value.hint == "there are images for linux/s390x, linux/amd64, linux/arm64"
    asker = Asker()
    described = asker.ask(lambda client: client.describe(ImageReference.parse(image)))
    assert [str(there) for there in described.platforms or ()] == [
        "linux/s390x",
        "linux/amd64",
        "linux/arm64",
    ]
    assert asker.methods == ["GET", "GET"]


@pytest.mark.needs("docker-registry")
def test_an_inner_index_with_other_bytes_is_refused(registry: RegistryServer) -> None:
    pusher = Pusher(registry.base_url)
    inner = pusher.index("forged", "inner", [AMD64])
    outer = to_json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [{"mediaType": OCI_INDEX, "digest": inner, "size": 1}],
        }
    )
    pusher.manifest("forged", "1", outer, OCI_INDEX)
    pusher.close()
    with LinkProxy(registry.host) as link:
        link.faults = lambda seen: (
            Fault(headers={"Docker-Content-Digest": None}, body=b"{}") if inner in seen.path else None
        )
        with pytest.raises(Untrustworthy, match=f"where it should be {inner}"):
            resolve(f"{link.host}/forged:1", "linux/amd64")
