"""Dockerfile rules about the images that are named: D1, D2, D3 and D16."""

from collections.abc import Iterator, Mapping

from pinbot.audit.check import Check, NotChecked, Problem, Remark
from pinbot.audit.dockerfile.subject import DockerfileSubject
from pinbot.errors import InvalidReference
from pinbot.formats.dockerfile.stages import Stage
from pinbot.model.finding import Rule, Severity
from pinbot.model.manifest import INDEX_TYPES
from pinbot.model.occurrence import Occurrence, Status
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference, Platform

_BEST_PRACTICES = "https://docs.docker.com/build/building/best-practices/"


def _at(
    occurrence: Occurrence, message: str, *, severity: Severity | None = None, remedy: str = ""
) -> Problem:
    place = occurrence.position
    return Problem(message=message, severity=severity, remedy=remedy, line=place.line, column=place.column)


def _unpinned(subject: DockerfileSubject) -> Iterator[Remark]:
    for occurrence in subject.occurrences:
        image = occurrence.image
        if image is None:
            yield NotChecked(f"{occurrence.raw} is no image that is known here: {occurrence.reason}")
        elif image.digest is None:
            remedy = ""
            if occurrence.status is Status.SKIPPED:
                remedy = f"pin it by hand, since pinbot must not: {occurrence.reason}"
            yield _at(occurrence, f"{image.familiar} has no digest", remedy=remedy)


def _untagged(subject: DockerfileSubject) -> Iterator[Remark]:
    for occurrence in subject.occurrences:
        image = occurrence.image
        if image is not None and image.digest is not None and image.tag is None:
            yield _at(occurrence, f"{image.with_digest(None).name} is pinned by its digest alone")


def _not_scratch(subject: DockerfileSubject) -> Iterator[Remark]:
    foundation = subject.foundation
    if foundation.unknown is not None:
        yield NotChecked(foundation.unknown)
    elif foundation.image is not None:
        lowest = subject.chain[0]
        yield subject.problem(
            lowest.base,
            f"the image stands on {foundation.image}, and holds all that is in it",
        )


def _platforms(subject: DockerfileSubject) -> Iterator[Remark]:
    for stage in subject.needed:
        if stage.platform is not None and _is_constant(stage):
            yield subject.problem(
                stage.platform,
                f"--platform={stage.platform} makes the stage for that platform, whatever the build is for",
            )
    pinned = [one for one in subject.occurrences if one.image is not None and one.image.digest is not None]
    if subject.resolutions is None:
        if pinned:
            yield NotChecked("no registry was asked what the digests are of")
        return
    for occurrence in pinned:
        yield from _single_platform(occurrence, subject.resolutions)


def _is_constant(stage: Stage) -> bool:
    """Whether a stage is for one platform, and its name does not say so.

    One that `FROM base-$TARGETARCH` chooses is known by its name (reportConstPlatformDisallowed).
    """
    word = stage.platform
    if word is None or "$" in word.text:
        return False
    try:
        platform = Platform.parse(word.text).normal
    except InvalidReference:
        return False
    name = stage.name or ""
    return platform.os not in name and platform.architecture not in name


def _single_platform(
    occurrence: Occurrence, resolutions: Mapping[ImageReference, Resolution]
) -> Iterator[Remark]:
    image = occurrence.image
    if image is None or image.tag is None:
        return
    pinned, tagged = resolutions.get(image), resolutions.get(image.tagged)
    if pinned is None or tagged is None:
        yield NotChecked(f"no registry told what {image.familiar} is")
    elif pinned.media_type not in INDEX_TYPES and tagged.media_type in INDEX_TYPES:
        yield _at(
            occurrence,
            f"the digest of {image.tagged.familiar} is that of one platform, while the tag has several",
            remedy="pin the digest of the index: pinbot update writes it",
        )


CHECKS: tuple[Check[DockerfileSubject], ...] = (
    Check(
        rule=Rule(
            id="D1",
            title="an image is not pinned by its digest",
            severity=Severity.WARNING,
            why="A tag can be moved to other content at any time, by its owner or by whoever has the owner's "
            "token. The same Dockerfile then builds something else, and nothing says so.",
            remedy="run pinbot pin, which writes the digest behind the tag",
            source=f"{_BEST_PRACTICES}#pin-base-image-versions",
            wrong="FROM alpine:3.22",
            right="FROM alpine:3.22@sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1",
        ),
        look=_unpinned,
    ),
    Check(
        rule=Rule(
            id="D2",
            title="an image has a digest and no tag",
            severity=Severity.WARNING,
            why="The digest alone does not say what is meant: neither people nor pinbot can tell which newer "
            "image would take its place, and so it stays for ever.",
            remedy="write the tag before the digest, like alpine:3.22@sha256:…",
            source=f"{_BEST_PRACTICES}#pin-base-image-versions",
            wrong="FROM alpine@sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1",
            right="FROM alpine:3.22@sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1",
        ),
        look=_untagged,
    ),
    Check(
        rule=Rule(
            id="D3",
            title="the image does not stand on scratch",
            severity=Severity.NOTE,
            why="Everything in the base image is pulled, can be used by an attacker, and has to be kept up "
            "to date: a shell, a package manager, libraries. A static binary needs none of it.",
            remedy="begin the last stage with FROM scratch and copy into it what the program needs, if it "
            "can be linked statically",
            source="https://docs.docker.com/build/building/base-images/",
            wrong="FROM alpine:3.22\nCOPY app /app/app",
            right="FROM scratch\nCOPY app /app/app",
        ),
        look=_not_scratch,
    ),
    Check(
        rule=Rule(
            id="D16",
            title="a base image is fixed to one platform",
            severity=Severity.WARNING,
            why="On any other platform the build gives an image that does not start there, or runs slowly in "
            "an emulator. The digest of one platform's manifest does the same as a constant --platform.",
            remedy="leave --platform out, or say $BUILDPLATFORM for a stage that cross-compiles",
            source="https://docs.docker.com/reference/build-checks/from-platform-flag-const-disallowed/",
            wrong="FROM --platform=linux/amd64 rust:alpine AS build",
            right="FROM --platform=$BUILDPLATFORM rust:alpine AS build",
        ),
        look=_platforms,
    ),
)
