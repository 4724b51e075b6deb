"""The image rule about its parts being those that it names. Reading an image compares them all."""

from collections.abc import Iterator

from pinbot.audit.check import Check, Problem, Remark
from pinbot.audit.image.subject import ImageSubject
from pinbot.model.finding import Rule, Severity


def _mismatch(image: ImageSubject) -> Iterator[Remark]:
    if image.mismatch:
        yield Problem(message=image.mismatch)


CHECKS: tuple[Check[ImageSubject], ...] = (
    Check(
        rule=Rule(
            id="I15",
            title="a part of the image is not the one that its digest names",
            severity=Severity.ERROR,
            why="Docker and containerd refuse such an image while they unpack it. It was damaged on its way, "
            "or somebody has changed it.",
            remedy="build and push the image anew, and compare its digest with the one that the builder "
            "printed",
            source="https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-diffid",
            wrong="tar -rf build/app/blobs/sha256/8a1f… etc/motd",
            right="buildah bud --tag oci:build/app .",
        ),
        look=_mismatch,
    ),
)
