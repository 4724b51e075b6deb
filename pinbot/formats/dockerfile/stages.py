"""Build stages and the scope of ARG (frontend/dockerfile/dockerfile2llb/convert.go).

Only ARGs before the first FROM, the global ones, reach a FROM. What BuildKit itself defines there (the
platform of the build) differs from build to build: a reference that depends on it is not one image.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pinbot.errors import SyntaxProblem
from pinbot.formats.dockerfile.instructions import Dockerfile, Instruction
from pinbot.formats.dockerfile.shell import Expansion, Piece, RequiredError, ShellError, Variable, expand
from pinbot.formats.dockerfile.text import Word, lazy

_BEGIN = "begin with FROM and what to build on, like FROM alpine:3.22 or FROM scratch"

# What builds are asked for, to find stages that are named after a platform: `FROM build-$TARGETARCH`.
_PLATFORMS = (
    ("linux", "amd64", ""),
    ("linux", "arm64", ""),
    ("linux", "arm", "v7"),
    ("linux", "arm", "v6"),
    ("linux", "arm", "v5"),
    ("linux", "386", ""),
    ("linux", "ppc64le", ""),
    ("linux", "s390x", ""),
    ("linux", "riscv64", ""),
    ("linux", "loong64", ""),
    ("linux", "mips64le", ""),
    ("linux", "mips64", ""),
    ("windows", "amd64", ""),
    ("windows", "arm64", ""),
    ("darwin", "amd64", ""),
    ("darwin", "arm64", ""),
    ("freebsd", "amd64", ""),
)


def _platform_values(os: str, architecture: str, variant: str) -> dict[str, str]:
    """The variables of defaultArgs in convert.go for one platform, built and building."""
    whole = "/".join(part for part in (os, architecture, variant) if part)
    values = {"PLATFORM": whole, "OS": os, "OSVERSION": "", "ARCH": architecture, "VARIANT": variant}
    named = {f"{side}{name}": value for side in ("BUILD", "TARGET") for name, value in values.items()}
    return {**named, "TARGETSTAGE": "default"}


_PREDEFINED = [
    {name: Variable((Piece(value),)) for name, value in _platform_values(*platform).items()}
    for platform in _PLATFORMS
]


def is_predefined(name: str) -> bool:
    """Whether BuildKit itself gives the variable a value, which depends on the platforms of the build."""
    return name in _PREDEFINED[0]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class GlobalArg:
    """A declaration `NAME` or `NAME=default` of an ARG before the first FROM.

    Attributes:
        name: of the variable.
        instruction: the ARG that it stands in (which may declare several).
        default: the word after `=`; None where there is none.
        value: what the default means, if that can be known.
        uses: the declarations that its default is made from.
        varies: the predefined variable that it depends on, if any.
        absent: the variable that its value lacks, if any.
    """

    name: str
    instruction: Instruction
    default: Word | None
    value: Expansion | None = None
    uses: "tuple[GlobalArg, ...]" = ()
    varies: str | None = None
    absent: str | None = None

    @property
    def line(self) -> int:
        """The line of the declaration."""
        return self.instruction.source.line_number(
            self.default.offset(0)
            if self.default is not None and self.default.text
            else self.instruction.start
        )


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Expanded:
    """A word of FROM with everything that its meaning rests on (fields as in GlobalArg)."""

    word: Word
    value: Expansion
    uses: tuple[GlobalArg, ...] = ()
    varies: str | None = None
    absent: str | None = None


class GlobalScope:
    """The variables that FROM sees (buildMetaArgs), at the end of the global ARGs.

    Raises:
        SyntaxProblem: a default that BuildKit refuses.
    """

    def __init__(self, dockerfile: Dockerfile) -> None:
        self._dockerfile = dockerfile
        self.instructions = dockerfile.instructions
        self.declared: dict[str, GlobalArg] = {}
        self.args: list[GlobalArg] = []
        self._variables = dict(_PREDEFINED[0])
        self._by_word: dict[int, GlobalArg] = {}
        for instruction in dockerfile.instructions:
            if instruction.name == "FROM":
                break
            if instruction.name == "ARG":
                for word in instruction.arguments:
                    self._declare(instruction, word)

    def _declare(self, instruction: Instruction, word: Word) -> None:
        name, equals, _ = word.text.partition("=")
        if not equals:
            if name not in self.declared:
                self.declared[name] = GlobalArg(name=name, instruction=instruction, default=None)
            return
        default = word.part(len(name) + 1)
        try:
            expanded = self.expand(default)
        except RequiredError:
            arg = GlobalArg(name=name, instruction=instruction, default=default, absent=name)
            self._variables.pop(name, None)
        else:
            arg = GlobalArg(
                name=name,
                instruction=instruction,
                default=default,
                value=expanded.value,
                uses=expanded.uses,
                varies=expanded.varies,
                absent=expanded.absent,
            )
            self._variables[name] = Variable(expanded.value.pieces)
        self.declared[name] = arg
        self.args.append(arg)
        self._by_word[id(default)] = arg

    def expand(self, word: Word) -> Expanded:
        """What a word means when no build argument is given.

        Raises:
            SyntaxProblem: BuildKit refuses it.
            RequiredError: it needs a build argument.
        """
        try:
            value = expand(word, self._variables, escape=self._dockerfile.escape)
        except RequiredError:
            raise
        except ShellError as error:
            raise self.problem(word, error) from None
        if not value.found and not value.missing:
            return Expanded(word=word, value=value)
        uses = tuple(self.declared[name] for name in sorted(value.found) if self._is_own(name))
        foreign = [name for name in sorted(value.found) if not self._is_own(name)]
        return Expanded(
            word=word,
            value=value,
            uses=uses,
            varies=next(iter([*foreign, *(arg.varies for arg in uses if arg.varies)]), None),
            absent=next(iter([*sorted(value.absent), *(arg.absent for arg in uses if arg.absent)]), None),
        )

    def _is_own(self, name: str) -> bool:
        arg = self.declared.get(name)
        return arg is not None and arg.default is not None

    def problem(self, word: Word, error: ShellError) -> Exception:
        """The error of the whole file that a word gives rise to."""
        offset = word.offset(min(error.index, len(word.text) - 1)) if word.text else 0
        return self._dockerfile.source.problem(f"failed to process {str(word)!r}: {error.message}", offset)

    def arg_of(self, word: Word) -> GlobalArg | None:
        """The ARG whose default a word is; None for one that stands in FROM itself."""
        return self._by_word.get(id(word))

    def on_other_platforms(self, word: Word) -> Iterator[str]:
        """What a word means on each platform that builds are usually made for."""
        for predefined in _PREDEFINED:
            variables = dict(predefined)
            for arg in self.args:
                if arg.default is not None and arg.value is not None:
                    value = expand(arg.default, variables, escape=self._dockerfile.escape)
                    variables[arg.name] = Variable(value.pieces)
            yield expand(word, variables, escape=self._dockerfile.escape).text


@dataclass(frozen=True, eq=False, kw_only=True)
class Stage:
    """A build stage: from its FROM up to the next one.

    Attributes:
        index: from 0, as `COPY --from=0` counts.
        instruction: its FROM.
        following: the instructions after it, up to the next FROM.
    """

    index: int
    instruction: Instruction
    following: tuple[Instruction, ...]

    @lazy
    def name(self) -> str | None:
        """The name after AS in lower case, as BuildKit keeps it."""
        match self.instruction.arguments:
            case (_, _, name):
                return name.text.lower()
        return None

    @lazy
    def base(self) -> Word:
        """What it is built from, as written."""
        return self.instruction.arguments[0]

    @lazy
    def platform(self) -> Word | None:
        """The value of `--platform`, as written."""
        return next(iter(self.instruction.flag_values("platform")), None)


def stages(dockerfile: Dockerfile) -> tuple[Stage, ...]:
    """The stages of a file, in order."""
    starts = [at for at, each in enumerate(dockerfile.instructions) if each.name == "FROM"]
    ends = [*starts[1:], len(dockerfile.instructions)]
    return tuple(
        Stage(
            index=index,
            instruction=dockerfile.instructions[start],
            following=dockerfile.instructions[start + 1 : end],
        )
        for index, (start, end) in enumerate(zip(starts, ends, strict=False))
    )


def misplaced(instruction: Instruction) -> SyntaxProblem:
    """The error for an instruction before the first FROM, other than ARG."""
    return instruction.source.problem(
        f"no build stage in current context: {instruction.name} stands before the first FROM",
        instruction.start,
        hint=_BEGIN,
    )


def without_from(dockerfile: Dockerfile) -> SyntaxProblem:
    """The error for a file in which no stage begins."""
    message = "no stages to build: there is no FROM in it"
    if not dockerfile.instructions:  # no place in it is the wrong one
        return SyntaxProblem(message, hint=_BEGIN, file=dockerfile.source.file.path)
    return dockerfile.source.problem(message, dockerfile.instructions[-1].start, hint=_BEGIN)
