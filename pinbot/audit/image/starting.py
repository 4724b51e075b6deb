"""Image rules about how a container starts: its program, its folder, its processor."""

import re
from collections.abc import Iterator

from pinbot.audit.check import Check, DoesNotApply, NotChecked, Problem, Remark
from pinbot.audit.image import accounts, places, start
from pinbot.audit.image.access import Want, may, quoted, rights
from pinbot.audit.image.accounts import Identity
from pinbot.audit.image.subject import ImageSubject
from pinbot.image import elf_machine
from pinbot.model.finding import Profile, Rule, Severity
from pinbot.model.image import Entry, EntryKind

_RUNS_ON = {"amd64": frozenset({"386"})}
"""What a processor also runs, where the kernel is made for it."""

_WRAPPER = re.compile(r"-[a-z]*c (?!\s*exec\s).*", re.DOTALL)
"""Arguments of a shell that runs a command as a child of its own."""

_MADE_FOR = "without which buildah and podman may make no folder"


def _program(image: ImageSubject) -> Iterator[Remark]:
    scratch = image.profile is Profile.SCRATCH
    if not image.config.command:
        yield Problem(
            message="neither Entrypoint nor Cmd is set, so a container starts only with a command",
            severity=Severity.ERROR if scratch else Severity.NOTE,
        )
        return
    found = start.program(image.config, image.files)
    name = found.word.rpartition("/")[2]
    yield from _shell(image, name)
    if found.entry is None:
        where = "in the image" if "/" in found.word else "in any folder of PATH"
        yield Problem(message=f"{found.word!r} is not {where}", path=found.path.strip("/") or None)
    elif found.entry.kind is not EntryKind.FILE:
        yield Problem(
            message=f"{quoted(found.path.strip('/'))} is a {found.entry.kind}", path=found.entry.path
        )
    elif not found.executable:
        yield Problem(
            message=f"{quoted(found.entry.path)} ({rights(found.entry)}) cannot be executed by anybody",
            path=found.entry.path,
            remedy="give it the x bit: COPY --chmod=555",
        )
    else:
        yield from _script(image, found.entry)


def _shell(image: ImageSubject, name: str) -> Iterator[Remark]:
    """A shell as the first process keeps signals to itself, so `docker stop` waits until it kills."""
    if name not in places.SHELLS:
        return
    message = f"the container starts the shell {image.config.command[0]!r}"
    remedy = 'start the program itself: ENTRYPOINT ["/app/app"]'
    if image.profile is Profile.SCRATCH:
        yield Problem(message=message, remedy=remedy)
    elif _WRAPPER.fullmatch(" ".join(image.config.command[1:])):
        yield Problem(
            message=f"{message}, which hands no signal on to what it runs",
            severity=Severity.WARNING,
            remedy=remedy,
        )


def _script(image: ImageSubject, script: Entry) -> Iterator[Remark]:
    """The kernel says `no such file or directory` of a script when it is its interpreter that is missing."""
    content = image.files.content(script.path)
    if content is None:
        yield NotChecked(f"{quoted(script.path)} could not be looked into")
        return
    path = start.interpreter(content) if start.is_script(content) else ""
    if path and image.files.resolve(path) is None:
        stray = path.endswith("\r")
        yield Problem(
            message=f"{quoted(script.path)} is a script for {path.rstrip()!r}, "
            + ("whose line ends in a carriage return" if stray else "which is not in the image"),
            path=script.path,
            remedy="save it with LF line ends" if stray else "start a binary, or copy the interpreter, too",
        )


def _folder(image: ImageSubject) -> Iterator[Remark]:
    scratch = image.profile is Profile.SCRATCH
    written = image.config.working_dir
    path = written.strip("/")
    if not path:
        if scratch:
            yield Problem(message="no WorkingDir is set, so it is the root", severity=Severity.NOTE)
        return
    entry = image.files.resolve(path)
    if not written.startswith("/"):
        yield Problem(message=f"WorkingDir {written!r} is no absolute path")
    elif entry is None:
        yield Problem(
            message=f"{quoted(path)} is not in the image; a runtime with a read-only root cannot make it",
            path=path,
            severity=Severity.WARNING,
            remedy=f"write WORKDIR before a COPY or RUN of the last stage, {_MADE_FOR}",
        )
    elif entry.kind is not EntryKind.DIRECTORY:
        yield Problem(message=f"{quoted(path)} is a {entry.kind}", path=path)
    elif scratch:
        who = accounts.identify(image.config.user, image.files)
        if isinstance(who, Identity) and not who.is_root and may(who, entry, Want.WRITE):
            yield Problem(
                message=f"{quoted(path)} ({rights(entry)}) can be written by {who}",
                path=path,
                severity=Severity.WARNING,
            )


def _machine(image: ImageSubject) -> Iterator[Remark]:
    platform = image.config.platform
    if platform is None:
        yield NotChecked("the config names no architecture")
        return
    wanted = platform.normal.architecture
    contents = {path: image.files.content(path) for path in _binaries(image)}
    heads = {path: elf_machine.architecture(content) for path, content in contents.items() if content}
    for path, content in contents.items():
        found = heads.get(path)
        if content is None:
            yield NotChecked(f"{quoted(path)} could not be looked into")
        elif found in _RUNS_ON.get(wanted, ()):
            message = f"{quoted(path)} is for {found}, which not every {wanted} kernel runs"
            yield Problem(message=message, path=path, severity=Severity.WARNING)
        elif found not in {None, wanted}:
            yield Problem(message=f"{quoted(path)} is for {found}, and the image for {wanted}", path=path)
    if not any(heads.values()) and None not in contents.values():
        yield DoesNotApply("no ELF binary was found")


def _binaries(image: ImageSubject) -> Iterator[str]:
    """What is sure to be executed, and in scratch all that can be."""
    found = start.program(image.config, image.files)
    if found.entry is not None:
        yield found.entry.path
    if image.profile is Profile.SCRATCH:
        yield from (
            entry.path for entry in image.files if start.is_executable(entry) and entry != found.entry
        )


CHECKS: tuple[Check[ImageSubject], ...] = (
    Check(
        rule=Rule(
            id="I3",
            title="what the container starts is missing, cannot be executed, or is a shell",
            severity=Severity.ERROR,
            why="No container of the image starts. Where it is the interpreter of a script, or the dynamic "
            "loader of a binary, that is missing, the kernel says only `no such file or directory`.",
            remedy='name the program by its whole path, as a list: ENTRYPOINT ["/app/app"]',
            source="https://docs.docker.com/reference/dockerfile/#entrypoint",
            wrong="FROM scratch\nCOPY --from=build --chmod=444 /app /app\nENTRYPOINT /app",
            right='FROM scratch\nCOPY --from=build --chmod=555 /app /app\nENTRYPOINT ["/app"]',
        ),
        look=_program,
    ),
    Check(
        rule=Rule(
            id="I4",
            title="the working directory is missing, or the container can write to it",
            severity=Severity.ERROR,
            why="What the program opens by a relative name is found there or not at all. If the program can "
            "write there, so can an intruder, who needs a place for tools of his own.",
            remedy="write WORKDIR before USER, so that the folder is root's, and before a COPY or RUN, "
            f"{_MADE_FOR}; what must be written belongs into a volume",
            source="https://docs.docker.com/reference/dockerfile/#workdir",
            wrong="FROM scratch\nCOPY --from=files --chown=10001:10001 /app /app\nUSER 10001:10001\n"
            "WORKDIR /app",
            right="FROM scratch\nWORKDIR /app\nCOPY --from=build --chmod=555 /app/app /app/app\n"
            "USER 10001:10001",
        ),
        look=_folder,
    ),
    Check(
        rule=Rule(
            id="I14",
            title="a binary is for another processor than the image",
            severity=Severity.ERROR,
            why="The container fails with `exec format error`, but only on a node that is what the image "
            "says; an emulator on the machine that built it hides that.",
            remedy="build for TARGETARCH, and copy from a stage of the same platform",
            source="https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md",
            wrong="FROM --platform=$BUILDPLATFORM rust:alpine AS build\nRUN cargo build --release",
            right="FROM --platform=$BUILDPLATFORM rust:alpine AS build\nARG TARGETARCH\n"
            "RUN cargo build --release --target $(./target-of.sh $TARGETARCH)",
        ),
        look=_machine,
    ),
)
