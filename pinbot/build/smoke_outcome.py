"""What docker, podman and their runtimes say when a container does not start, and whose fault that is."""

import re

from pinbot.build.process import Finished
from pinbot.errors import BuilderError
from pinbot.model.build import Limit
from pinbot.model.smoke import SmokeRun

# What `docker run` and `podman run` exit with where no process of the image came to run.
_REFUSED = (125, 126, 127)
_COMPLAINT = re.compile(r"(?:docker: )?(?:Error response from daemon|Error): (?P<why>.*)")
# What of a complaint is about the image; the rest is about the machine.
_ABOUT_IMAGE = re.compile(
    r"(?P<why>exec: .*|exec(?:utable file| container process| format error).*|open executable.*"
    r"|unable to find (?:user|group).*|no matching entries.*|no command (?:or|specified).*|chdir to .*)",
    re.IGNORECASE,
)
_NOISE = re.compile(r":? (?:unknown\.?|OCI runtime .*|OCI permission denied)$|\.$")
# Where the kernel refused what the runtime had found good, e.g. for want of its loader.
_TOO_LATE = re.compile(
    r"(?:standard_init_linux\.go:\d+: )?(?P<why>exec (?:/.*|user process caused): [a-z][a-z ]*)"
)
_RUNTIME_FAILED = (1, 255)


def read(finished: Finished, runner: str) -> SmokeRun:
    """What a container came to.

    Raises:
        BuilderError: it was not the image that kept it from starting.
    """
    if finished.limit is Limit.TIME:
        return SmokeRun(tail=finished.tail, runner=runner)
    last = finished.tail[-1] if finished.tail else ""
    if finished.code in _REFUSED:
        complaints = [match for match in map(_COMPLAINT.match, finished.tail) if match]
        if complaints:
            return SmokeRun(refused=_whose(complaints[-1]["why"], runner), runner=runner)
    if finished.code in _RUNTIME_FAILED and (late := _TOO_LATE.fullmatch(last)):
        return SmokeRun(refused=late["why"], runner=runner)
    return SmokeRun(code=finished.code, tail=finished.tail, runner=runner)


def _whose(complaint: str, runner: str) -> str:
    """A complaint about the image, without what surrounds it."""
    match = _ABOUT_IMAGE.search(complaint)
    if match is None:
        raise BuilderError(f"{runner} cannot run a container here: {complaint[-300:]}")
    return _NOISE.sub("", match["why"])
