"""ARG and ENV inside of stages: what a word of an instruction means when no build argument is given.

Source: dispatch, dispatchEnv and dispatchArg in frontend/dockerfile/dockerfile2llb/convert.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pinbot.formats.dockerfile.instructions import Instruction
from pinbot.formats.dockerfile.shell import Piece, ShellError, Variable, expand
from pinbot.formats.dockerfile.stages import GlobalScope, Stage, is_predefined
from pinbot.formats.dockerfile.text import Word, readable


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why the meaning of a word cannot be known."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """What is set at one place of a stage.

    Attributes:
        values: of those that are known.
        unknown: the others, each with the reason.
        environment: names that ENV has set, which ARG does not change.
        image: the image that the stage stands on, which may set others; None on scratch.
    """

    values: Mapping[str, Variable] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    environment: frozenset[str] = frozenset()
    image: str | None = None

    def meaning(self, word: Word, escape: str) -> str | Unknown:
        """A word with its variables expanded, for people to read."""
        meaning = self._expand(word, escape)
        return meaning if isinstance(meaning, Unknown) else readable(meaning)

    def _expand(self, word: Word, escape: str) -> str | Unknown:
        try:
            expansion = expand(word, self.values, escape=escape)
        except ShellError as error:
            return Unknown(f"{word} cannot be expanded: {error.message}")
        for name in sorted(expansion.missing):
            if name in self.unknown:
                return Unknown(f"{readable(name)} {self.unknown[name]}")
            if self.image is not None:
                return Unknown(f"{readable(name)} is set nowhere here, and perhaps by {self.image}")
        return expansion.text

    def after(self, instruction: Instruction, scope: GlobalScope) -> "Variables":
        """What is set behind an instruction."""
        if instruction.name == "ENV":
            names, values = instruction.arguments[::2], instruction.arguments[1::2]
            set_here = {
                name.text: self._expand(value, instruction.escape)
                for name, value in zip(names, values, strict=False)
            }
            return self._with(set_here, self.environment | set_here.keys())
        if instruction.name == "ARG":
            declared: dict[str, str | Unknown] = {}
            for word in instruction.arguments:
                name, equals, _ = word.text.partition("=")
                if name in self.environment:
                    continue
                default = word.part(len(name) + 1)
                declared[name] = (
                    self._expand(default, instruction.escape) if equals else _given(name, self, scope)
                )
            return self._with(declared, self.environment)
        return self

    def _with(self, changes: Mapping[str, str | Unknown], environment: frozenset[str]) -> "Variables":
        values, unknown = dict(self.values), dict(self.unknown)
        for name, meaning in changes.items():
            values.pop(name, None)
            unknown.pop(name, None)
            if isinstance(meaning, Unknown):
                unknown[name] = f"is not known: {meaning.reason}"
            else:
                values[name] = Variable((Piece(meaning),))
        return Variables(values=values, unknown=unknown, environment=environment, image=self.image)


def _given(name: str, variables: Variables, scope: GlobalScope) -> str | Unknown:
    """What `ARG NAME` without a default brings into a stage."""
    arg = scope.declared.get(name)
    if arg is not None and arg.value is not None and arg.varies is None and arg.absent is None:
        return arg.value.text
    if is_predefined(name) or (arg is not None and arg.varies is not None):
        return Unknown("it differs from platform to platform")
    if name in variables.values:
        return variables.values[name].text
    return Unknown("the ARG has no default")


def walk(
    stage: Stage, before: Variables, scope: GlobalScope
) -> tuple[dict[Instruction, Variables], Variables]:
    """What is set at each instruction of a stage, and behind the last one."""
    at: dict[Instruction, Variables] = {}
    variables = before
    for instruction in stage.following:
        at[instruction] = variables
        variables = variables.after(instruction, scope)
    return at, variables
