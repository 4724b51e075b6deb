"""Dockerfile rules about how Cargo builds: D13 and D14."""

from collections.abc import Iterator
from typing import NamedTuple

from pinbot.audit.check import Check, DoesNotApply, NotChecked, Remark
from pinbot.audit.dockerfile.subject import DockerfileSubject, Step
from pinbot.formats.dockerfile.commands import Command
from pinbot.formats.dockerfile.stages import Stage
from pinbot.formats.dockerfile.text import Word
from pinbot.formats.dockerfile.variables import Unknown
from pinbot.model.finding import Profile, Rule, Severity

_TOOLS = frozenset({"cargo", "cross"})
_BUILDS = frozenset({"b", "build", "cbuild", "cinstall", "install", "rustc", "zigbuild"})
_CARRIERS = frozenset({"auditable", "xwin"})
_LOCKED = ("--locked", "--frozen")
_HELP = frozenset({"--help", "-h", "--version", "-V", "--list"})
# Options of Cargo that take a value.
_VALUED = frozenset(
    {"-C", "-F", "-Z", "-j", "-p", "--bin", "--branch", "--color", "--config", "--example", "--features"}
    | {"--git", "--jobs", "--manifest-path", "--message-format", "--package", "--path", "--profile", "--rev"}
    | {"--root", "--tag", "--target", "--target-dir", "--version"}
)
_FLAGS = ("RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS")
_NATIVE = "target-cpu=native"


class _Build(NamedTuple):
    """A call of Cargo that compiles.

    Attributes:
        action: `build`, `install` and the like, where it stands.
        words: those after it.
        before: the options before it.
    """

    step: Step
    command: Command
    action: Word
    words: tuple[Word, ...]
    before: tuple[Word, ...]

    @property
    def chef(self) -> bool:
        """Whether it builds the dependencies alone, for the cache (cargo-chef)."""
        return self.action.text == "cook"

    def value(self, option: str) -> str | None:
        """The value of an option, with the variables that are known."""
        for at, word in enumerate(self.words):
            if word.text == option and at + 1 < len(self.words):
                return _known(self.step, self.words[at + 1])
            if word.text.startswith(f"{option}="):
                return _known(self.step, word.part(len(option) + 1))
        return None


def _known(step: Step, word: Word) -> str:
    meaning = step.meaning(word)
    return str(word) if isinstance(meaning, Unknown) else meaning


def _builds(steps: tuple[Step, ...]) -> Iterator[_Build]:
    for step in steps:
        for command in step.commands:
            build = _read(step, command)
            if build is not None:
                yield build


def _read(step: Step, command: Command) -> _Build | None:
    if command.name not in _TOOLS:
        return None
    before: list[Word] = []
    words = list(command.words[1:])
    while words and (words[0].text.startswith(("-", "+")) or words[0].text in _CARRIERS | {"chef"}):
        if words[0].text == "chef":
            if not words[1:] or words[1].text != "cook":
                return None
            return _Build(step, command, words[1], tuple(words[2:]), tuple(before))
        before.append(words.pop(0))
        if before[-1].text in _VALUED and words:
            before.append(words.pop(0))
    if not words or words[0].text not in _BUILDS or _HELP & {word.text for word in words}:
        return None
    return _Build(step, command, words[0], tuple(words[1:]), tuple(before))


def _unlocked(subject: DockerfileSubject) -> Iterator[Remark]:
    builds = list(_builds(subject.steps))
    if not builds:
        yield DoesNotApply("nothing is built with Cargo")
    for build in builds:
        locked = _is_locked(build)
        if isinstance(locked, Unknown):
            yield NotChecked(locked.reason)
        elif not locked:
            called = f"{build.command.name} {'chef cook' if build.chef else build.action}"
            message = (
                "takes the newest dependencies, and not those that the crate was published with"
                if build.action.text == "install" and build.value("--path") is None
                else "may take other dependencies than Cargo.lock names, and change it"
            )
            yield subject.problem(
                build.action, f"{called} {message}", severity=Severity.NOTE if build.chef else None
            )


def _is_locked(build: _Build) -> bool | Unknown:
    unknown: Unknown | None = None
    value = False
    for word in (*build.before, *build.words):
        if word.text == "--":
            break
        if value:
            value = False
        elif word.text in _VALUED:
            value = True
        elif "$" in word.text and not word.text.startswith("-"):
            meaning = build.step.meaning(word)
            if isinstance(meaning, Unknown) or "$(" in word.text or "`" in word.text:
                unknown = Unknown(f"{word} may hold --locked")
            elif any(option in meaning.split() for option in _LOCKED):
                return True
        elif word.text in _LOCKED:
            return True
    return unknown or False


def _native(subject: DockerfileSubject) -> Iterator[Remark]:
    """Compiled for the machine of the build: whatever its image is."""
    for step in subject.steps:
        words: list[Word] = []
        if step.name in ("ENV", "ARG"):
            words = list(step.instruction.arguments)
        for command in step.commands:
            words += [*command.assignments, *command.words]
        for word in words:
            at = word.text.find(_NATIVE)
            if at >= 0:
                yield subject.problem(
                    word.part(at),
                    f"{_NATIVE} compiles for the processor of the machine that builds",
                    severity=Severity.WARNING,
                    remedy="leave target-cpu out, or name one that every machine has, like x86-64-v2",
                )
                break


def _static(subject: DockerfileSubject) -> Iterator[Remark]:
    native = list(_native(subject))
    yield from native
    if subject.profile is not Profile.SCRATCH:
        return
    found = False
    for stage, sources in _sources(subject).items():
        steps = subject.steps_of(stage)
        builds = [build for build in _builds(steps) if not build.chef and build.action.text != "install"]
        if not builds:
            continue
        found = True
        yield from _dynamic(subject, stage, builds, sources, steps)
    if not found and not native:
        yield DoesNotApply("no stage that it takes files from builds with Cargo")


def _sources(subject: DockerfileSubject) -> dict[Stage, list[str]]:
    """The stages that the image takes files from, each with the paths of these."""
    sources: dict[Stage, list[str]] = {}
    for step in subject.shipped:
        stage = subject.source_stage(step) if step.name in ("COPY", "ADD") else None
        if stage is not None:
            paths = [str(word) for word in step.instruction.arguments[:-1]]
            sources.setdefault(stage, []).extend(paths)
    return sources


def _dynamic(
    subject: DockerfileSubject,
    stage: Stage,
    builds: list[_Build],
    sources: list[str],
    steps: tuple[Step, ...],
) -> Iterator[Remark]:
    """Whether the binaries of a stage are linked dynamically, as far as the Dockerfile tells."""
    settings = _settings(steps)
    if "-crt-static" in settings:
        yield subject.problem(
            builds[-1].action, "-crt-static links the C library dynamically, which scratch has not"
        )
        return
    targets = [target for build in builds if (target := build.value("--target")) is not None]
    if "+crt-static" in settings or any("musl" in text for text in (*targets, *sources, settings)):
        return
    below = subject.below(stage)
    if below.unknown is not None:
        yield NotChecked(below.unknown)
        return
    image = below.image or "scratch"
    if "musl" in image or _is_rust_alpine(image):
        return
    if targets and "linux" not in targets[-1]:
        if "$" in targets[-1]:
            yield NotChecked(f"{targets[-1]} is not known")
        return  # WebAssembly and the like
    config = any(
        ".cargo" in str(word) for step in steps if step.name == "COPY" for word in step.instruction.arguments
    )
    whole = any(
        word.text in (".", "./")
        for step in steps
        if step.name == "COPY"
        for word in step.instruction.arguments[:-1]
    )
    yield subject.problem(
        builds[-1].action,
        f"nothing here asks for a static binary, and on {image} Cargo makes a dynamic one"
        + (", unless .cargo/config.toml says otherwise" if config or whole else ""),
        severity=Severity.WARNING if config or whole else None,
    )


def _settings(steps: tuple[Step, ...]) -> str:
    """Everything that is said to the compiler in variables and options, in one text."""
    texts: list[str] = []
    for step in steps:
        if step.name in ("ENV", "ARG"):
            texts += [_known(step, word) for word in step.instruction.arguments]
        for command in step.commands:
            if command.name != "rustup":  # which makes a target possible, and asks for none
                texts += [_known(step, word) for word in (*command.assignments, *command.words)]
    return " ".join(text for text in texts if "crt-static" in text or "-musl" in text)


def _is_rust_alpine(image: str) -> bool:
    """Whether its Cargo is rustup's, for a musl target that is static by itself; Alpine's own is not."""
    name, _, tag = image.rpartition(":")
    return "alpine" in tag and ("rust" in tag or name.rpartition("/")[2] == "rust")


CHECKS: tuple[Check[DockerfileSubject], ...] = (
    Check(
        rule=Rule(
            id="D13",
            title="Cargo builds without --locked",
            severity=Severity.WARNING,
            why="Where Cargo.lock is missing or does not fit Cargo.toml, Cargo takes the newest there are "
            "and goes on: what was tested is not what is built. cargo install does so always.",
            remedy="write --locked, and keep Cargo.lock under version control",
            source="https://doc.rust-lang.org/cargo/commands/cargo-build.html#manifest-options",
            wrong="FROM rust:alpine\nCOPY . .\nRUN cargo build --release",
            right="FROM rust:alpine\nCOPY . .\nRUN cargo build --release --locked",
        ),
        look=_unlocked,
    ),
    Check(
        rule=Rule(
            id="D14",
            title="the binary is not built to run anywhere",
            severity=Severity.ERROR,
            why="An image from scratch has no C library and no loader: a dynamic binary does not start "
            "there. One that is compiled for the processor of the build machine dies on an older one.",
            remedy="build on rust:alpine, or for a musl target, or with -C target-feature=+crt-static",
            source="https://doc.rust-lang.org/reference/linkage.html#static-and-dynamic-c-runtimes",
            wrong="FROM rust:1.90 AS build\nRUN cargo build --release --locked\nFROM scratch\n"
            "COPY --from=build /target/release/app /app/app",
            right="FROM rust:1.90-alpine AS build\nRUN cargo build --release --locked\nFROM scratch\n"
            "COPY --from=build /target/release/app /app/app",
        ),
        look=_static,
    ),
)
