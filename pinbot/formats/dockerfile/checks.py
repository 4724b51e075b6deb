"""What BuildKit refuses in a single instruction (frontend/dockerfile/instructions/parse.go).

A file that names a frontend other than Docker's own with `# syntax=` may use instructions and flags that
these rules do not know: those two are then let pass (`lenient`).
"""

import re

from pinbot.errors import SyntaxProblem
from pinbot.formats.dockerfile.instructions import KEYWORDS, Instruction, parse_heredoc
from pinbot.formats.dockerfile.text import Word
from pinbot.formats.dockerfile.words import split_csv

_BOOLEAN = frozenset({"link", "keep-git-dir", "parents", "unpack"})
_REPEATED = frozenset({"exclude", "mount", "device"})
_FLAGS: dict[str, frozenset[str]] = {
    "FROM": frozenset({"platform"}),
    # BuildKit itself refuses `ADD --from`; it is read because other builders let it pass.
    "ADD": frozenset({"chown", "chmod", "link", "keep-git-dir", "checksum", "unpack", "exclude", "from"}),
    "COPY": frozenset({"chown", "from", "chmod", "link", "exclude", "parents"}),
    "RUN": frozenset({"mount", "network", "security", "device"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
}
_NO_FLAGS: frozenset[str] = frozenset()
_FLAGS_IGNORED = frozenset({"ARG", "STOPSIGNAL"})
_ONE_ARGUMENT = frozenset({"MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"})
_SOME_ARGUMENTS = frozenset({"ARG", "ENV", "EXPOSE", "LABEL", "ONBUILD", "VOLUME", "HEALTHCHECK"})
_STAGE_NAME = re.compile(r"[a-z][a-z0-9-_.]*\Z")
_DURATION = re.compile(r"[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\xc2\xb5s|\xce\xbcs|ms|s|m|h))+)\Z")

# Statements that are in order at a glance, so that most of a file needs not be taken apart. Each pattern is
# matched after the keyword and allows less than BuildKit does, never more.
_WORD = r"[^\s'\"\\`<\x80-\xff]"
_OWNER = rf"(?:--(?:chown|chmod)={_WORD}++[ \t]++)?"
_VALUE = r"(?>(?:[^\s'\"\\`\x80-\xff]++|\"[^\"\\`\n]*+\"|'[^'\\`\n]*+')*)"
_PAIR = rf"[\w.][\w.-]*+={_VALUE}"
_GLUE = r"(?>(?:[ \t]++|\\[ \t]*+\r?\n)+)"
_SHELL_FORM = r"[!-,.-Z\]^_a-~]"
_STRINGS = r"\[ ?(?>(?:\"[^\"\\\x00-\x1f]++\" ?(?:, ?)?)+)\][ \t]*+\Z"
_PLAIN = {
    name: re.compile(pattern, re.ASCII)
    for names, pattern in (
        (
            "FROM",
            rf"(?:--platform={_WORD}++[ \t]++)?(?!-){_WORD}++(?:[ \t]++[Aa][Ss][ \t]++[A-Za-z][\w.-]*+)?\Z",
        ),
        ("RUN", _SHELL_FORM),
        ("CMD ENTRYPOINT", rf"{_SHELL_FORM}|{_STRINGS}"),
        ("COPY ADD", rf"{_OWNER}(?![-\[]){_WORD}++[ \t]++{_WORD}++"),
        ("ENV LABEL", rf"{_PAIR}(?>(?:{_GLUE}{_PAIR})*)[ \t]*+\Z|\w++[ \t]++[^\s\\`\x80-\xff]"),
        ("ARG", rf"\w++(?:={_VALUE})?[ \t]*+\Z"),
        ("EXPOSE MAINTAINER STOPSIGNAL USER WORKDIR", r"[!-,./-Z^_a-~]"),
        ("VOLUME", rf"[!-,./-Z^_a-~]|{_STRINGS}"),
    )
    for name in names.split()
}


def plainly_right(instruction: Instruction) -> bool:
    """Whether a glance shows that there are no flags and nothing to refuse."""
    pattern = _PLAIN.get(instruction.name)
    if pattern is None:
        return False
    return pattern.match(instruction.source.text, instruction.body, instruction.end) is not None


def check(instruction: Instruction, *, lenient: bool = False) -> None:
    """Refuse what BuildKit refuses.

    Raises:
        SyntaxProblem: with the reason that BuildKit gives.
    """
    if instruction.name not in KEYWORDS:
        if lenient:
            return
        raise _problem(instruction, f"unknown instruction: {instruction.name}")
    arguments = _arguments(instruction)
    if instruction.name not in _FLAGS_IGNORED and not (
        instruction.name == "HEALTHCHECK" and arguments == ["NONE"]
    ):
        _check_flags(instruction, lenient=lenient)
    _check_arguments(instruction, arguments)


def _problem(instruction: Instruction, message: str, offset: int | None = None) -> SyntaxProblem:
    return instruction.source.problem(message, instruction.start if offset is None else offset)


def _arguments(instruction: Instruction) -> list[str]:
    try:
        return [word.text for word in instruction.arguments]
    except ValueError as error:
        raise _problem(instruction, str(error)) from None


def _check_flags(instruction: Instruction, *, lenient: bool) -> None:
    """BFlags.Parse in frontend/dockerfile/instructions/bflag.go."""
    known = _FLAGS.get(instruction.name, _NO_FLAGS)
    used: set[str] = set()
    for flag in instruction.flags:
        name, equals, value = flag.text[2:].partition("=")
        at = flag.offset(0)
        if name not in known:
            if lenient:
                continue
            raise _problem(instruction, f"unknown flag: --{name}", at)
        if name in used and name not in _REPEATED:
            raise _problem(instruction, f"duplicate flag specified: --{name}", at)
        used.add(name)
        if name in _BOOLEAN:
            if equals and value.lower() not in ("true", "false"):
                raise _problem(instruction, f"expecting boolean value for flag --{name}, not: {value}", at)
        elif not equals:
            raise _problem(instruction, f"missing a value on flag: --{name}", at)
        elif name == "mount":
            _check_mount(instruction, flag.part(len("--mount=")), at)
        elif instruction.name == "HEALTHCHECK" and name != "retries" and value and not _DURATION.match(value):
            raise _problem(instruction, f'time: invalid duration "{value}"', at)


def _check_mount(instruction: Instruction, value: Word, at: int) -> None:
    """What parseMount refuses before variables are expanded, but for `from=$V`: that is only left alone."""
    try:
        split_csv(value)
    except ValueError as error:
        raise _problem(instruction, f"failed to parse csv mounts: {error}", at) from None


def _check_arguments(instruction: Instruction, arguments: list[str]) -> None:
    name = instruction.name
    if name in _ONE_ARGUMENT and len(arguments) != 1:
        raise _problem(instruction, f"{name} requires exactly one argument")
    if name in _SOME_ARGUMENTS and not arguments:
        raise _problem(instruction, f"{name} requires at least one argument")
    match name:
        case "FROM":
            _check_from(instruction, arguments)
        case "ADD" | "COPY":
            if not arguments[1:]:
                raise _problem(
                    instruction,
                    f"{name} requires at least two arguments, but only one was provided. "
                    "Destination could not be determined",
                )
            if "<<" in arguments[-1] and parse_heredoc(arguments[-1], instruction.source, instruction.start):
                raise _problem(instruction, f"{name} cannot accept a heredoc as a destination")
        case "ENV" | "LABEL":
            if "" in arguments[::2]:
                raise _problem(instruction, f"{name} names can not be blank")
        case "ARG":
            if any(argument.startswith("=") for argument in arguments):
                raise _problem(instruction, "ARG names can not be blank")
        case "SHELL":
            if not instruction.json:
                raise _problem(instruction, "SHELL requires the arguments to be in JSON form")
            if not arguments:
                raise _problem(instruction, "SHELL requires at least one argument")
        case "VOLUME":
            if not all(argument.strip() for argument in arguments):
                raise _problem(instruction, "VOLUME specified can not be an empty string")
        case "HEALTHCHECK":
            _check_healthcheck(instruction, arguments)
        case "ONBUILD":
            _check_onbuild(instruction)
        case _:
            pass


def _check_from(instruction: Instruction, arguments: list[str]) -> None:
    """One image, and a name after AS (parseFrom, parseBuildStageName)."""
    match arguments:
        case [_]:
            pass
        case [_, as_, name] if as_.lower() == "as":
            if not _STAGE_NAME.match(name.lower()):
                raise _problem(
                    instruction,
                    f'invalid name for build stage: "{instruction.arguments[2]}", '
                    "name can't start with a number or contain symbols",
                    instruction.arguments[2].offset(0),
                )
        case _:
            raise _problem(instruction, "FROM requires either one or three arguments")


def _check_healthcheck(instruction: Instruction, arguments: list[str]) -> None:
    kind = arguments[0].upper()
    if kind == "NONE":
        if len(arguments) > 1:
            raise _problem(instruction, "HEALTHCHECK NONE takes no arguments")
    elif kind != "CMD":
        raise _problem(instruction, f'Unknown type "{instruction.arguments[0]}" in HEALTHCHECK (try CMD)')
    elif not arguments[1:]:
        raise _problem(instruction, "Missing command after HEALTHCHECK CMD")


def _check_onbuild(instruction: Instruction) -> None:
    """parseOnBuild; the trigger itself is judged only when an image is built on this one."""
    trigger = instruction.trigger
    if trigger is None:
        return
    if trigger.name == "ONBUILD":
        raise _problem(instruction, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if trigger.name in ("FROM", "MAINTAINER"):
        raise _problem(instruction, f"{trigger.name} isn't allowed as an ONBUILD trigger")
    _arguments(trigger)
