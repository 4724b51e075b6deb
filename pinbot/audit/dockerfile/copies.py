"""Dockerfile rules about what COPY and ADD bring: D8, D10 and D17."""

import re
from collections.abc import Iterator

from pinbot.audit.check import Check, DoesNotApply, NotChecked, Remark
from pinbot.audit.dockerfile.subject import DockerfileSubject, Step
from pinbot.formats.dockerfile.modes import Chmod
from pinbot.formats.dockerfile.text import Word
from pinbot.formats.dockerfile.variables import Unknown
from pinbot.model.finding import Rule, Severity

_CHMOD = "https://docs.docker.com/reference/dockerfile/#copy---chmod"
_USUAL_FILE = 0o644
_SETID, _STICKY, _OTHERS_WRITE, _GROUP_WRITES = 0o6000, 0o1000, 0o002, 0o020
_FRONTEND = re.compile(r"(?:docker\.io/)?docker/dockerfile:(\d+)\.(\d+)(?:\.\d+)?(?:@.*)?\Z")
_SYMBOLIC_SINCE = (1, 14)


def chmods(steps: tuple[Step, ...]) -> Iterator[tuple[Step, Word, Chmod | Unknown]]:
    """Each COPY and ADD that sets modes, the value of its `--chmod`, and what that says."""
    for step in steps:
        word = step.flag("chmod") if step.name in ("COPY", "ADD") else None
        if word is None:
            continue
        meaning = step.meaning(word)
        chmod = meaning if isinstance(meaning, Unknown) else Chmod.parse(meaning)
        if chmod is not None:  # else BuildKit refuses it
            yield step, word, chmod


def _writable(subject: DockerfileSubject) -> Iterator[Remark]:
    found = list(chmods(subject.shipped))
    if not found:
        yield DoesNotApply("no --chmod")
    for _, word, chmod in found:
        if isinstance(chmod, Unknown):
            yield NotChecked(chmod.reason)
            continue
        mode = chmod.of(_USUAL_FILE, directory=False)
        if mode & _SETID:
            what = "runs programs with the rights of their owner or group, whoever starts them"
            yield subject.problem(word, f"--chmod={word} {what}")
        elif mode & _STICKY:
            continue  # a folder like /tmp
        elif mode & _OTHERS_WRITE:
            yield subject.problem(word, f"--chmod={word} lets everybody write", severity=Severity.WARNING)
        elif mode & _GROUP_WRITES:
            yield subject.problem(word, f"--chmod={word} lets the group write", severity=Severity.NOTE)


def _symbolic(subject: DockerfileSubject) -> Iterator[Remark]:
    symbolic = [
        word for _, word, chmod in chmods(subject.steps) if isinstance(chmod, Chmod) and chmod.clauses
    ]
    if not symbolic:
        yield DoesNotApply("no symbolic --chmod")
        return
    syntax = subject.syntax
    if syntax is None:
        message = "is refused by Docker before 28, and by Buildah and Podman up to Buildah 1.45"
    else:
        frontend = _FRONTEND.match(syntax)
        if frontend is None or (int(frontend[1]), int(frontend[2])) >= _SYMBOLIC_SINCE:
            return
        message = f"is refused by {syntax.partition('@')[0]}, the frontend that the file asks for"
    for word in symbolic:
        yield subject.problem(
            word,
            f"the symbolic --chmod={word} {message}",
            severity=Severity.WARNING if syntax is None else None,
        )


def _whole_root(subject: DockerfileSubject) -> Iterator[Remark]:
    for step in subject.shipped:
        source = step.flag("from")
        if source is None:
            continue
        stage = subject.source_stage(step)
        if stage is not None and subject.stands_on_scratch(stage):
            continue
        # An image, or a stage that is one by another name, may be made to be copied whole.
        made_for_it = stage is None or not subject.steps_of(stage)
        for word in step.instruction.arguments[:-1]:
            if word.text and not word.text.strip("/.*"):
                yield subject.problem(
                    word,
                    f"everything in {source} is copied, with all that it was built from",
                    severity=Severity.NOTE if made_for_it else None,
                )


CHECKS: tuple[Check[DockerfileSubject], ...] = (
    Check(
        rule=Rule(
            id="D8",
            title="files are copied so that others can write them, or run as their owner",
            severity=Severity.ERROR,
            why="A program that is taken over can then change the files that it, or another one, runs next. "
            "A setuid file gives its owner's rights to whoever starts it.",
            remedy="give the least that works: --chmod=444 for data, --chmod=555 for programs and folders",
            source=_CHMOD,
            wrong="FROM scratch\nCOPY --chmod=777 app /app/app",
            right="FROM scratch\nCOPY --chmod=555 app /app/app",
        ),
        look=_writable,
    ),
    Check(
        rule=Rule(
            id="D10",
            title="a symbolic --chmod that older builders refuse",
            severity=Severity.ERROR,
            why="Symbolic modes came with the Dockerfile frontend 1.14. Docker before 28 brings an older "
            "one, and Buildah knew octal modes alone for longer: the build stops there.",
            remedy="give an octal mode, or, for Docker alone, write # syntax=docker/dockerfile:1.14 or later "
            "in the first line",
            source=_CHMOD,
            wrong="# syntax=docker/dockerfile:1.13\nFROM scratch\nCOPY --chmod=u=rX,go=rX app /app/",
            right="# syntax=docker/dockerfile:1.14\nFROM scratch\nCOPY --chmod=u=rX,go=rX app /app/",
        ),
        look=_symbolic,
    ),
    Check(
        rule=Rule(
            id="D17",
            title="the whole root of a stage or image is copied",
            severity=Severity.WARNING,
            why="With the files that are meant come a shell, a package manager, its database and whatever "
            "the build left lying about: the image is that of the build once more, in one layer.",
            remedy="collect what is needed in a folder of its own, and copy that",
            source="https://docs.docker.com/build/building/multi-stage/",
            wrong="FROM alpine:3.22 AS files\nRUN apk add --no-cache tzdata\n"
            "FROM scratch\nCOPY --from=files / /",
            right="FROM alpine:3.22 AS files\nRUN apk add --no-cache tzdata\n"
            "FROM scratch\nCOPY --from=files /usr/share/zoneinfo /usr/share/zoneinfo",
        ),
        look=_whole_root,
    ),
)
