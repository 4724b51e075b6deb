"""From how a builder ended to the outcome: the image, the step that failed, or trouble of the machine."""

import re

from pinbot.build.layout import Contents
from pinbot.build.log import newer_than_builder
from pinbot.build.process import Finished
from pinbot.errors import BuilderError
from pinbot.model.build import BuildRequest, BuiltImage, FailedBuild

# What the machine, not the Dockerfile, is to blame for, whatever the builder.
_TROUBLE = re.compile(
    r"no space left on device|cannot allocate memory|too many open files|read-only file system"
    r"|cannot connect to the docker daemon|error during connect|connecting to the docker daemon",
    re.IGNORECASE,
)


def succeeded(contents: Contents, *, seconds: float, builder: str) -> BuiltImage:
    """The image that was built."""
    return BuiltImage(
        digest=contents.digest,
        size=contents.size,
        layers=contents.layers,
        seconds=seconds,
        builder=builder,
    )


def failed(request: BuildRequest, finished: Finished, *, step: str, builder: str, remedy: str) -> FailedBuild:
    """The build that did not succeed.

    Args:
        request: what was to be built.
        finished: how the builder ended.
        step: the instruction that failed or was running.
        builder: name and version.
        remedy: what to do when the Dockerfile needs more than the builder knows.

    Raises:
        BuilderError: the Dockerfile is newer than the builder, or the machine has trouble of its own.
    """
    file = request.target.dockerfile
    if not finished.timed_out:
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
        timed_out=finished.timed_out,
    )
