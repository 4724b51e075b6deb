"""Dockerfile rules about how a container of the image starts: D4 to D7."""

import re
from collections.abc import Iterable, Iterator

from pinbot.audit.check import Check, DoesNotApply, NotChecked, Remark
from pinbot.audit.dockerfile.subject import DockerfileSubject, Step
from pinbot.formats.dockerfile.variables import Unknown
from pinbot.model.finding import Profile, Rule, Severity

_SCRATCH = frozenset({Profile.SCRATCH})
_REFERENCE = "https://docs.docker.com/reference/dockerfile"
_ABSOLUTE = re.compile(r"/|\\|[A-Za-z]:")
_OTHER_USERS = re.compile(r"nonroot|rootless|unprivileged|/windows/")
_SHELL_FOLDERS = ("/bin", "/usr")
_STARTING = ("ENTRYPOINT", "CMD", "HEALTHCHECK")


def _user(subject: DockerfileSubject) -> Iterator[Remark]:
    if _only_holds_files(subject):
        yield DoesNotApply("it starts nothing")
        return
    step = _last(subject, "USER")
    foundation = subject.foundation
    if step is None:
        if foundation.unknown is not None:
            yield NotChecked(f"there is no USER here, and the base image may set one: {foundation.unknown}")
        elif foundation.image is None:
            yield subject.problem(
                subject.target.instruction, "there is no USER, so the container runs as root"
            )
        elif not _OTHER_USERS.search(foundation.image):
            yield subject.problem(
                subject.target.instruction,
                f"there is no USER, so the container runs as the one of {foundation.image}, which is root in "
                "most images",
                severity=Severity.WARNING,
            )
        return
    word = step.instruction.rest
    user = step.meaning(word)
    if isinstance(user, Unknown):
        yield NotChecked(user.reason)
    elif _is_root(user):
        yield subject.problem(word, f"USER {user} is root")


def final_user(subject: DockerfileSubject) -> str | None:
    """What the last USER says; None where that is root, or not known."""
    step = _last(subject, "USER")
    user = None if step is None else step.meaning(step.instruction.rest)
    return None if user is None or isinstance(user, Unknown) or _is_root(user) else user


def _is_root(user: str) -> bool:
    """Whether a value of USER, with or without a group, means the user 0."""
    name = user.partition(":")[0].strip()
    return name == "root" or bool(re.fullmatch(r"[-+]?0+", name))


def _only_holds_files(subject: DockerfileSubject) -> bool:
    """Whether nothing below it and nothing in it says what to start: other builds take its files."""
    starting = _last(subject, "ENTRYPOINT") or _last(subject, "CMD")
    return starting is None and subject.stands_on_scratch(subject.target)


def _workdir(subject: DockerfileSubject) -> Iterator[Remark]:
    if _only_holds_files(subject):
        yield DoesNotApply("it starts nothing")
        return
    steps = [step for step in subject.shipped if step.name == "WORKDIR"]
    if not steps:
        if subject.profile is Profile.SCRATCH:
            yield subject.problem(
                subject.target.instruction, "there is no WORKDIR, so the program starts in /"
            )
        return
    word = steps[0].instruction.rest
    path = steps[0].meaning(word)
    if isinstance(path, Unknown):
        if not word.text.startswith("/"):
            yield NotChecked(path.reason)
    elif not _ABSOLUTE.match(path):
        below = subject.foundation.image
        yield subject.problem(
            word, f"WORKDIR {path} is relative to " + ("/" if below is None else f"what {below} sets")
        )


def _shell_form(subject: DockerfileSubject) -> Iterator[Remark]:
    steps = [step for name in _STARTING if (step := _last(subject, name)) is not None]
    if not steps:
        yield DoesNotApply("it starts nothing")
    for step in steps:
        if _is_shell_form(step):
            bringing = _brings_shell(subject.shipped)
            yield subject.problem(
                step.instruction,
                f"{step.name} is in shell form and needs /bin/sh, "
                + ("which has to come from what is copied" if bringing else "which scratch has not"),
                severity=Severity.WARNING if bringing else None,
            )


def _is_shell_form(step: Step) -> bool:
    arguments = step.instruction.arguments
    if step.name == "HEALTHCHECK" and arguments[0].text.upper() != "CMD":
        return False
    return bool(arguments) and not step.instruction.json


def _run(subject: DockerfileSubject) -> Iterator[Remark]:
    stages = [stage for stage in subject.needed if subject.stands_on_scratch(stage)]
    if not stages:
        yield DoesNotApply("no stage stands on scratch")
    for stage in stages:
        before: list[Step] = []
        for step in subject.steps_of(stage):
            if step.name == "RUN" and step.stage is stage and not step.instruction.json:
                bringing = _brings_shell(before) or bool(step.flag("mount"))
                yield subject.problem(
                    step.instruction,
                    "RUN needs /bin/sh, "
                    + ("which has to come from what is copied" if bringing else "which scratch has not"),
                    severity=Severity.NOTE if bringing else None,
                )
            before.append(step)


def _brings_shell(steps: Iterable[Step]) -> bool:
    """Whether something before could have brought a shell, or says that there is one."""
    return any(step.name == "SHELL" or (step.name in ("COPY", "ADD") and _may_bring(step)) for step in steps)


def _may_bring(step: Step) -> bool:
    """Whether what is copied may hold one: a tree for the root, or something for where shells are."""
    *sources, place = (str(word) for word in step.instruction.arguments)
    if place.rstrip("/") == "":
        return any(source.endswith(("/", ".", "*")) or step.name == "ADD" for source in sources)
    return place.startswith(_SHELL_FOLDERS)


def _last(subject: DockerfileSubject, name: str) -> Step | None:
    return next((step for step in reversed(subject.shipped) if step.name == name), None)


CHECKS: tuple[Check[DockerfileSubject], ...] = (
    Check(
        rule=Rule(
            id="D4",
            title="the container runs as root",
            severity=Severity.ERROR,
            why="Whoever takes over the program is root in the container, can change every file in it, and "
            "needs one fault of the runtime or of the kernel to be root on the machine.",
            remedy="end the last stage with USER and a number that is not 0, like USER 10001:10001",
            source=f"{_REFERENCE}/#user",
            wrong='FROM scratch\nCOPY app /app/app\nENTRYPOINT ["/app/app"]',
            right='FROM scratch\nCOPY app /app/app\nUSER 10001:10001\nENTRYPOINT ["/app/app"]',
        ),
        look=_user,
    ),
    Check(
        rule=Rule(
            id="D5",
            title="the working directory is not named, or only in relation to another",
            severity=Severity.WARNING,
            why="Relative paths of the program begin wherever the base image, or the runtime, happens to "
            "start it: a new base image moves them.",
            remedy="name an absolute folder, like WORKDIR /app",
            source=f"{_REFERENCE}/#workdir",
            wrong="FROM alpine:3.22\nWORKDIR app",
            right="FROM alpine:3.22\nWORKDIR /app",
        ),
        look=_workdir,
    ),
    Check(
        rule=Rule(
            id="D6",
            title="a command is in shell form, and there is no shell",
            severity=Severity.ERROR,
            why="The shell form starts /bin/sh -c, which is not there: the image builds and no container of "
            "it starts. Where there is a shell, it keeps signals from the program.",
            remedy='write it as an array, like ENTRYPOINT ["/app/app"]',
            source="https://docs.docker.com/reference/build-checks/json-args-recommended/",
            wrong="FROM scratch\nCOPY app /app/app\nENTRYPOINT /app/app",
            right='FROM scratch\nCOPY app /app/app\nENTRYPOINT ["/app/app"]',
            profiles=_SCRATCH,
        ),
        look=_shell_form,
    ),
    Check(
        rule=Rule(
            id="D7",
            title="RUN in a stage on scratch",
            severity=Severity.ERROR,
            why="There is no shell to run it. Where one was copied in for this, it stays in the image.",
            remedy="do the work in a stage that has a system, and copy its result",
            source=f"{_REFERENCE}/#run",
            wrong="FROM scratch\nCOPY app /app/app\nRUN chmod 555 /app/app",
            right="FROM scratch\nCOPY --chmod=555 app /app/app",
        ),
        look=_run,
    ),
)
