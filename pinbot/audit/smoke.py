"""The rule about starting: B13. What is known otherwise is what an image says; this is what it does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pinbot.audit.check import Check, DoesNotApply, NotChecked, Problem, Remark
from pinbot.errors import PinbotError
from pinbot.model.finding import Rule, Severity
from pinbot.model.image import ImageConfig
from pinbot.model.manifest import Manifest
from pinbot.model.smoke import SmokeRun
from pinbot.ports.images import ImageSource, Runner

SECONDS = 5.0
"""How long an image is watched: what fails for want of a file or a right does so at once."""

# How loaders say that a library, or a version of one, is not there (glibc; musl).
_LOADER = re.compile(r"error while loading shared libraries|Error (?:loading shared library|relocating)")
_DENIED = re.compile(r"permission denied|read-only file system|operation not permitted", re.IGNORECASE)
_KILLED = ("SIGKILL",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeSubject:
    """An image that was started, or was to be: `outcome` is None where nobody asked for it."""

    outcome: SmokeRun | PinbotError | None


async def start(
    runner: Runner | None, source: ImageSource, manifest: Manifest, config: ImageConfig
) -> SmokeSubject:
    """Start an image, if there is a runner to do it."""
    if runner is None:
        return SmokeSubject(outcome=None)
    try:
        return SmokeSubject(outcome=await runner.run(source, manifest, config, seconds=SECONDS))
    except PinbotError as problem:
        return SmokeSubject(outcome=problem)


def _start(subject: SmokeSubject) -> Iterator[Remark]:
    match subject.outcome:
        case None:
            yield DoesNotApply("the image was not started: --start does")
        case PinbotError() as problem:
            yield NotChecked(problem.message)
        case SmokeRun() as run:
            yield from _judge(run)


def _judge(run: SmokeRun) -> Iterator[Problem]:
    last = f": {run.tail[-1]!r}" if run.tail else ""
    loader = next((line for line in run.tail if _LOADER.search(line)), "")
    denied = next((line for line in reversed(run.tail) if _DENIED.search(line)), "")
    if run.refused:
        yield Problem(message=f"the container does not start: {run.refused}")
    elif not run.code:
        return
    elif loader:
        yield Problem(message=f"the loader gives up: {loader!r}")
    elif run.signal in _KILLED:
        yield Problem(
            message="it was killed, as happens to what takes too much memory",
            severity=Severity.WARNING,
            remedy="see whether it needs so much memory to start",
        )
    elif run.signal:
        yield Problem(message=f"it was ended by {run.signal}{last}")
    elif denied:
        yield Problem(message=f"it ends with status {run.code}, and was denied something: {denied!r}")
    else:
        yield Problem(
            message=f"it ends with status {run.code}{last}",
            severity=Severity.NOTE,
            remedy="see whether that is for want of settings or a network, which it did not have here",
        )


CHECKS: tuple[Check[SmokeSubject], ...] = (
    Check(
        rule=Rule(
            id="B13",
            title="the container does not start",
            severity=Severity.ERROR,
            why="A missing loader, a folder without the x bit, a program for another processor: each builds "
            "green and fails where it runs. Starting the image once, as its own user, without a network and "
            "with a root that cannot be written, shows it before it is shipped.",
            remedy="start it with the same restrictions and see: docker run --read-only --network none",
            source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
            wrong='FROM scratch\nCOPY --chmod=444 app /app\nENTRYPOINT ["/app"]',
            right='FROM scratch\nCOPY --chmod=555 app /app\nENTRYPOINT ["/app"]',
        ),
        look=_start,
    ),
)
