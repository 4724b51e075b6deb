"""From how a builder ended to the outcome: the image, the step that failed, or trouble of the machine."""

import re

from pinbot.build.layout import Contents
from pinbot.build.log import newer_than_builder
from pinbot.build.process import Finished
from pinbot.errors import BuilderError
from pinbot.model.build import BuildRequest, BuiltImage, FailedBuild, Limit

# What the machine, not the Dockerfile, is to blame for, whatever the builder.
_TROUBLE = re.compile(
    r"no space left on device|cannot allocate memory|too many open files|read-only file system"
    r"|could not find \"[\w-]+\" in one of"  # a helper of buildah's or podman's
    r"|cannot connect to the docker daemon|error during connect|connecting to the docker daemon",
    re.IGNORECASE,
)


def succeeded(
    contents: Contents, *, seconds: float, builder: str, caveats: tuple[str, ...] = ()
) -> BuiltImage:
    """The image that was built."""
    return BuiltImage(
        digest=contents.digest,
        size=contents.size,
        layers=contents.layers,
        seconds=seconds,
        builder=builder,
        caveats=caveats,
    )


def failed(
    request: BuildRequest,
    finished: Finished,
    *,
    step: str,
    builder: str,
    remedy: str,
    limit: Limit | None = None,
    caveats: tuple[str, ...] = (),
) -> FailedBuild:
    """The build that did not succeed.

    Args:
        request: what was to be built.
        finished: how the builder ended.
        step: the instruction that failed or was running.
        builder: name and version.
        remedy: what to do when the Dockerfile needs more than the builder knows.
        limit: what it took too much of, where that did not stop the builder itself.
        caveats: what the steps could not be held to, or kept from.

    Raises:
        BuilderError: the Dockerfile is newer than the builder, or the machine has trouble of its own.
    """
    file = request.target.dockerfile
    limit = finished.limit or limit
    if limit is None:
        if feature := newer_than_builder(finished.tail, (request.root / file).read_bytes()):
            raise BuilderError(f"{builder} is too old for {feature}", hint=remedy, file=file)
        last = finished.tail[-1] if finished.tail else f"it ended with status {finished.code}"
        if _TROUBLE.search(last):
            raise BuilderError(f"{builder} cannot build here: {last}", file=file)
    return FailedBuild(
        step=step,
        tail=finished.tail,
        seconds=finished.seconds,
        builder=builder,
        limit=limit,
        caveats=caveats,
    )
