"""D1, D2, D3 and D16: the images that are named."""

import pytest

from pinbot.model.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from pinbot.model.plan import Resolution
from pinbot.model.reference import Digest, ImageReference
from tests.audit.dockerfiles import DIGEST, Case, audit, message, places, unchecked

OTHER = "sha256:" + "f" * 64


# D1


def test_each_image_without_a_digest_is_found_where_it_stands() -> None:
    text = (
        "# syntax=docker/dockerfile:1\n"
        "FROM  --platform=$BUILDPLATFORM rust:alpine AS build\n"
        "FROM build AS more\n"
        "RUN --mount=type=bind,from=busybox:1,target=/b true\n"
        "FROM scratch\n"
        "COPY --link --from=alpine:3.22 /a /a\n"
        "COPY --from=more /b /b\n"
    )
    assert places("D1", text) == ["1:10 warning", "2:33 warning", "4:28 warning", "6:20 warning"]


def test_an_image_with_a_digest_is_pinned_whatever_gives_it() -> None:
    assert places("D1", f"FROM alpine:3.22@{DIGEST}\n") == []
    assert places("D1", f"ARG BASE=alpine:3.22@{DIGEST}\nFROM $BASE\n") == []
    assert places("D1", "FROM scratch\n") == []


def test_the_remedy_says_why_pinbot_must_not_write_the_digest() -> None:
    text = "ARG GO=1.25\nFROM golang:$GO\nARG GO\nRUN echo $GO\n"
    (finding,) = [one for one in audit(text).findings if one.rule == "D1"]
    assert finding.message == "golang:1.25 has no digest"
    assert finding.remedy.startswith("pin it by hand, since pinbot must not: ARG GO (line 1) also reaches")


# D2


def test_a_digest_alone_is_found() -> None:
    assert places("D2", f"FROM alpine@{DIGEST}\n") == ["1:6 warning"]
    text = f"FROM ghcr.io/a/b@{DIGEST}\n"
    assert message("D2", text) == "ghcr.io/a/b is pinned by its digest alone"


def test_a_tag_before_the_digest_is_enough() -> None:
    assert places("D2", f"FROM alpine:latest@{DIGEST}\nFROM alpine\n") == []


# D3


def test_an_image_that_stands_on_another_is_noted_at_the_lowest_stage() -> None:
    text = f"FROM rust AS build\nFROM alpine:3.22@{DIGEST} AS base\nFROM base\n"
    assert places("D3", text) == ["2:6 note"]
    assert message("D3", text) == "the image stands on alpine:3.22, and holds all that is in it"


def test_scratch_is_scratch_in_any_case() -> None:
    assert places("D3", "FROM SCRATCH\n") == []


# D16


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64/v8", "linux/arm/v7", "windows/amd64"])
def test_a_constant_platform_is_found(platform: str) -> None:
    assert places("D16", f"FROM --platform={platform} alpine AS build\n") == ["1:17 warning"]


@pytest.mark.parametrize(
    "line",
    [
        "FROM --platform=$BUILDPLATFORM alpine AS build",
        "FROM --platform=${TARGETPLATFORM} alpine",
        "FROM --platform=linux/amd64 alpine AS base-amd64",
        "FROM --platform=linux/x86_64 alpine AS base-amd64",
        "FROM --platform=amd64 alpine",
        "FROM alpine",
    ],
)
def test_a_variable_platform_and_a_stage_that_is_named_for_its_platform_are_not(line: str) -> None:
    assert places("D16", f"{line}\n") == []


def test_a_stage_that_is_not_built_may_have_any_platform() -> None:
    assert places("D16", "FROM --platform=linux/amd64 a AS x\nFROM scratch\n") == []


def answers(pinned: str, tagged: str) -> dict[ImageReference, Resolution]:
    image = ImageReference.parse(f"alpine:3.22@{DIGEST}")
    return {
        image: Resolution(image=image, digest=Digest.parse(DIGEST), media_type=pinned),
        image.tagged: Resolution(image=image.tagged, digest=Digest.parse(OTHER), media_type=tagged),
    }


@pytest.mark.parametrize(
    ("pinned", "tagged"),
    [(OCI_MANIFEST, OCI_INDEX), (DOCKER_MANIFEST, DOCKER_LIST), (OCI_MANIFEST, DOCKER_LIST)],
)
def test_the_digest_of_one_platform_is_found_where_the_tag_has_several(pinned: str, tagged: str) -> None:
    text = f"FROM alpine:3.22@{DIGEST}\n"
    read = Case(text=text, resolutions=answers(pinned, tagged))
    assert places("D16", read) == ["1:6 warning"]
    assert message("D16", read) == (
        "the digest of alpine:3.22 is that of one platform, while the tag has several"
    )


@pytest.mark.parametrize(
    ("pinned", "tagged"), [(OCI_INDEX, OCI_INDEX), (OCI_MANIFEST, OCI_MANIFEST), (OCI_INDEX, OCI_MANIFEST)]
)
def test_an_index_and_an_image_for_one_platform_alone_are_right(pinned: str, tagged: str) -> None:
    read = Case(text=f"FROM alpine:3.22@{DIGEST}\n", resolutions=answers(pinned, tagged))
    assert places("D16", read) == []
    assert "D16" in audit(read).kept


def test_a_digest_without_a_tag_has_nothing_to_be_compared_with() -> None:
    case = Case(text=f"FROM alpine@{DIGEST}\n", resolutions=answers(OCI_MANIFEST, OCI_INDEX))
    assert places("D16", case) == unchecked("D16", case) == []


def test_without_a_registry_the_digests_are_not_checked() -> None:
    assert unchecked("D16", f"FROM alpine:3.22@{DIGEST}\n") == [
        "no registry was asked what the digests are of"
    ]
    assert unchecked("D16", "FROM alpine:3.22\n") == []
    read = Case(text=f"FROM debian:13@{DIGEST}\n", resolutions=answers(OCI_INDEX, OCI_INDEX))
    assert unchecked("D16", read) == [f"no registry told what debian:13@{DIGEST} is"]
