"""What every builder is told of a target, in the options that docker and buildah share."""

from pathlib import Path

from pinbot.errors import BuilderError
from pinbot.model.build import BuildRequest


def check(request: BuildRequest) -> None:
    """See that there is something to build.

    Raises:
        BuilderError: the Dockerfile or the context is not there.
    """
    target = request.target
    hint = "correct build.targets in pinbot.yaml"
    if not (request.root / target.dockerfile).is_file():
        raise BuilderError("there is no such Dockerfile", hint=hint, file=target.dockerfile)
    if not (request.root / target.context).is_dir():
        message = f"its build context {target.context} is no folder"
        raise BuilderError(message, hint=hint, file=target.dockerfile)


def of(request: BuildRequest) -> tuple[str | Path, ...]:
    """The end of the command line."""
    target = request.target
    return (
        *(("--target", target.stage) if target.stage is not None else ()),
        *(("--platform", target.platform) if target.platform is not None else ()),
        *(word for name, value in target.args for word in ("--build-arg", f"{name}={value}")),
        *("--file", request.root / target.dockerfile),
        request.root / target.context,
    )
