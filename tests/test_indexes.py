"""Walking indexes: one platform's manifest, all platforms, and what cannot be walked."""

import asyncio
import itertools
from collections.abc import Mapping
from contextlib import aclosing

import pytest

from pinbot.errors import NotFound, RegistryError, Unsupported, Untrustworthy
from pinbot.indexes import Read, for_platform, platforms, walk
from pinbot.model.manifest import DOCKER_LIST, OCI_INDEX, OCI_MANIFEST, Descriptor, Index, Manifest
from pinbot.model.reference import Digest, Platform
from tests.support.oci import digest_of


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


def from_root(documents: Mapping[str, Index | Manifest]) -> tuple[Index, Read]:
    """Where to begin, and how to go on; no bytes hash to a circle, so the documents are given by name."""
    by_digest = {digest(name): document for name, document in documents.items()}

    async def read(wanted: Descriptor) -> Index | Manifest:
        return by_digest[wanted.digest]

    root = documents["root"]
    assert isinstance(root, Index)
    return root, read


def find(documents: Mapping[str, Index | Manifest], platform: str = "linux/arm64") -> Descriptor:
    root, read = from_root(documents)
    return asyncio.run(for_platform(Platform.parse(platform), digest("root"), root, read))


def platforms_of(documents: Mapping[str, Index | Manifest]) -> list[str]:
    root, read = from_root(documents)
    return [str(platform) for platform in asyncio.run(platforms(digest("root"), root, read))]


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
    for question in (find, platforms_of):
        with pytest.raises(error, match=words):
            question(documents)


def test_one_index_in_two_places_is_no_circle() -> None:
    twice = child("inner", kind=OCI_INDEX)
    assert find(
        {
            "root": index(twice, twice, child("last", kind=OCI_INDEX)),
            "inner": index(child("other", "linux/amd64")),
            "last": index(child("there", "linux/arm64")),
        }
    ) == child("there", "linux/arm64")


def test_platforms_are_those_of_all_indexes_each_once() -> None:
    inner = child("inner", kind=OCI_INDEX)
    documents = {
        "root": index(inner, child("a", "linux/amd64"), child("sbom", "unknown/unknown")),
        "inner": index(child("b", "linux/arm64"), child("c", "linux/amd64"), child("none")),
    }
    assert platforms_of(documents) == ["linux/amd64", "linux/arm64"]


def test_who_stops_early_reads_no_more_than_was_needed() -> None:
    asked: list[Digest] = []
    root = index(child("first", kind=OCI_INDEX), child("second", kind=OCI_INDEX))

    async def read(wanted: Descriptor) -> Index:
        asked.append(wanted.digest)
        return index(child("there", "linux/arm64"))

    async def first_manifest() -> Descriptor:
        async with aclosing(walk(digest("root"), root, read)) as children:
            return await anext(found async for found in children if found.media_type == OCI_MANIFEST)

    assert asyncio.run(first_manifest()) == child("there", "linux/arm64")
    assert asked == [digest("first")]
