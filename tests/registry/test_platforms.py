"""The digest of one platform's manifest."""

import asyncio
import itertools
from collections.abc import Mapping

import pytest

from pinbot.errors import NotFound, RegistryError, Unsupported, Untrustworthy
from pinbot.model.manifest import DOCKER_LIST, OCI_INDEX, OCI_MANIFEST, Descriptor, Index, Manifest
from pinbot.model.plan import Resolution
from pinbot.model.reference import Digest, ImageReference, Platform
from pinbot.registry.platforms import Search
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


def child(name: str, platform: str | None = None, *, kind: str = OCI_MANIFEST) -> Descriptor:
    return Descriptor(
        media_type=kind,
        digest=digest(name),
        size=1,
        platform=Platform.parse(platform) if platform else None,
    )


def digest(name: str) -> Digest:
    return Digest.parse(digest_of(name.encode()))


def index(*children: Descriptor) -> Index:
    return Index(media_type=OCI_INDEX, manifests=children)


def find(documents: Mapping[str, Index | Manifest], platform: str = "linux/arm64") -> Descriptor:
    """Search from the document `root`; no bytes hash to a circle, so the documents are given by name."""
    by_digest = {digest(name): document for name, document in documents.items()}

    async def read(wanted: Digest) -> Index | Manifest:
        return by_digest[wanted]

    root = documents["root"]
    assert isinstance(root, Index)
    return asyncio.run(Search(Platform.parse(platform), read).find(digest("root"), root))


@pytest.mark.parametrize(
    ("wanted", "stated"),
    [
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/amd64", "linux/x86_64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
    ],
)
def test_one_platform_can_be_written_in_several_ways(wanted: str, stated: str) -> None:
    there = child("there", stated)
    assert find({"root": index(child("no", "linux/s390x"), there)}, wanted) == there


@pytest.mark.parametrize(
    ("wanted", "stated"),
    [
        ("linux/arm64", "linux/arm64/v9"),
        ("linux/arm/v6", "linux/arm"),
        ("linux/amd64", "linux/amd64/v3"),
        ("windows/amd64", "linux/amd64"),
    ],
)
def test_platforms_that_differ_are_not_taken_for_each_other(wanted: str, stated: str) -> None:
    with pytest.raises(NotFound) as caught:
        find({"root": index(child("there", stated))}, wanted)
    assert caught.value.hint == f"there are images for {stated}"


def test_attestations_and_what_is_no_image_are_passed_over() -> None:
    there = child("there", "linux/arm64")
    attestation = child("attestation", "unknown/unknown")
    artifact = child("artifact", "linux/arm64", kind="application/vnd.example+json")
    assert find({"root": index(attestation, artifact, child("bare"), there)}) == there
    with pytest.raises(NotFound, match="names no platform at all"):
        find({"root": index(attestation)}, "linux/arm64")


def test_an_inner_index_for_another_platform_is_not_read() -> None:
    other = child("not asked for", "linux/amd64", kind=DOCKER_LIST)
    there = child("there", "linux/arm64")
    fitting = child("inner", "linux/arm64", kind=OCI_INDEX)
    assert find({"root": index(other, fitting), "inner": index(there)}) == there


def nested(levels: int) -> dict[str, Index | Manifest]:
    """Indexes in each other, the last of which has the image."""
    names = ["root", *(f"level {number}" for number in range(2, levels + 1))]
    documents: dict[str, Index | Manifest] = {
        name: index(child(below, kind=OCI_INDEX)) for name, below in itertools.pairwise(names)
    }
    return documents | {names[-1]: index(child("there", "linux/arm64"))}


def test_four_levels_of_indexes_are_read() -> None:
    assert find(nested(4)) == child("there", "linux/arm64")


@pytest.mark.parametrize(
    ("documents", "error", "words"),
    [
        (nested(5), Unsupported, "more than 4 levels"),
        (
            {"root": index(child("a", kind=OCI_INDEX)), "a": index(child("root", kind=OCI_INDEX))},
            Untrustworthy,
            "holds itself",
        ),
        ({"root": index(child("root", kind=OCI_INDEX))}, Untrustworthy, "holds itself"),
        (
            {
                "root": index(*(child(f"{number}", kind=OCI_INDEX) for number in range(40))),
                **{f"{number}": index() for number in range(40)},
            },
            Unsupported,
            "more than 32 others",
        ),
        (
            {
                "root": index(child("a", kind=OCI_INDEX)),
                "a": Manifest(media_type=OCI_MANIFEST, config=child("c"), layers=()),
            },
            Untrustworthy,
            "is said to be an index and is none",
        ),
    ],
    ids=["five levels", "circle", "itself", "too many", "a manifest"],
)
def test_indexes_that_cannot_be_read_are_refused(
    documents: Mapping[str, Index | Manifest], error: type[RegistryError], words: str
) -> None:
    with pytest.raises(error, match=words):
        find(documents)


def test_one_index_in_two_places_is_no_circle() -> None:
    twice = child("inner", kind=OCI_INDEX)
    assert find(
        {
            "root": index(twice, twice, child("last", kind=OCI_INDEX)),
            "inner": index(child("other", "linux/amd64")),
            "last": index(child("there", "linux/arm64")),
        }
    ) == child("there", "linux/arm64")
