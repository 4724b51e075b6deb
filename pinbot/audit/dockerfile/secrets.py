"""The Dockerfile rule about secrets in ARG and ENV. None of them is ever shown."""

from collections.abc import Iterator

from pinbot.audit import tokens
from pinbot.audit.check import Check, Remark
from pinbot.audit.dockerfile.subject import DockerfileSubject
from pinbot.formats.dockerfile.instructions import Instruction
from pinbot.formats.dockerfile.text import Word
from pinbot.model.finding import Rule, Severity


def _secrets(subject: DockerfileSubject) -> Iterator[Remark]:
    shipped = {step.instruction for step in subject.shipped}
    for instruction in subject.dockerfile.instructions:
        for name, value in _variables(instruction):
            told = _told(instruction.name, str(name), None if value is None else str(value).strip("\"'"))
            if told is not None:
                what, severity = told
                if instruction.name == "ARG" and instruction not in shipped and severity is Severity.WARNING:
                    severity = Severity.NOTE
                yield subject.problem(name, f"{instruction.name} {name} {what}", severity=severity)


def _variables(instruction: Instruction) -> Iterator[tuple[Word, Word | None]]:
    """The variables that an instruction sets, each with what it is set to."""
    words = instruction.arguments if instruction.name in ("ARG", "ENV") else ()
    if instruction.name == "ENV":
        yield from zip(words[::2], words[1::2], strict=True)
        return
    for word in words:
        name, equals, _ = word.text.partition("=")
        yield word.part(0, len(name)), word.part(len(name) + 1) if equals else None


def _told(kind: str, name: str, value: str | None) -> tuple[str, Severity | None] | None:
    """What is wrong with a variable, without its value, and how bad that is."""
    found = next(tokens.find((value or "").encode()), None)
    if found is not None:
        return f"holds {found.kind}", None
    if value is not None and tokens.has_password(value):
        return "holds a URL with a password", Severity.WARNING
    if not tokens.names_secret(name):
        return None
    if kind == "ARG" and not value:
        return "is for a secret, which stays in the history and the provenance of the image", Severity.WARNING
    if value is not None and "$" in value and kind == "ENV":
        return "keeps a secret of the build in the image", Severity.WARNING
    if value is not None and tokens.is_named_secret(name, value):
        return "has a value, and is named as a secret", Severity.WARNING
    return None


CHECKS: tuple[Check[DockerfileSubject], ...] = (
    Check(
        rule=Rule(
            id="D15",
            title="a secret in ARG or ENV",
            severity=Severity.ERROR,
            why="Everybody who can pull the image can read both: ENV in its config, ARG in its history. What "
            "stands in the Dockerfile is in the history of the repository, too.",
            remedy="give it to the one RUN that needs it: RUN --mount=type=secret,id=…,env=…; and replace a "
            "secret that was published",
            source="https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/",
            wrong="FROM alpine:3.22\nARG API_TOKEN\nRUN fetch --token $API_TOKEN",
            right="FROM alpine:3.22\nRUN --mount=type=secret,id=token,env=API_TOKEN fetch --token $API_TOKEN",
        ),
        look=_secrets,
    ),
)
