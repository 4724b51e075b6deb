"""What the Dockerfile rules look at: a file taken apart, and the stage whose image is meant."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pinbot.audit.check import Problem
from pinbot.errors import UsageError
from pinbot.formats.dockerfile import checks
from pinbot.formats.dockerfile.commands import Command, commands, is_posix
from pinbot.formats.dockerfile.comments import Comments
from pinbot.formats.dockerfile.directives import detect_syntax
from pinbot.formats.dockerfile.instructions import Dockerfile, Instruction, parse
from pinbot.formats.dockerfile.references import mount_source, references
from pinbot.formats.dockerfile.shell import RequiredError
from pinbot.formats.dockerfile.stages import GlobalScope, Stage, stages
from pinbot.formats.dockerfile.templates import is_place
from pinbot.formats.dockerfile.text import SourceText, Word, readable
from pinbot.formats.dockerfile.variables import Unknown, Variables, walk
from pinbot.model.finding import Profile, Severity
from pinbot.model.occurrence import Occurrence, SourceFile
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference

_SCRATCH = "scratch"
_ABOUT_REFERENCES = frozenset({"D1", "D2", "D16"})
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst")


class Foundation(NamedTuple):
    """What a stage is built on: `scratch`, an image, or a stage of the same file.

    Attributes:
        stage: the stage of the same file.
        image: the image as it is written, without its digest, which changes; None for scratch and stages.
        unknown: why neither can be known.
    """

    stage: Stage | None = None
    image: str | None = None
    unknown: str | None = None


class Step(NamedTuple):
    """An instruction of a stage, and what is set when it runs.

    Attributes:
        stage: that it is written in.
        variables: of ARG and ENV.
        shell: the SHELL that holds for it, if there is one.
    """

    stage: Stage
    instruction: Instruction
    variables: Variables
    shell: Instruction | None

    @property
    def name(self) -> str:
        """The keyword."""
        return self.instruction.name

    def meaning(self, word: Word) -> str | Unknown:
        """A word of the instruction with its variables expanded."""
        return self.variables.meaning(word, self.instruction.escape)

    def flag(self, name: str) -> Word | None:
        """The value of a flag."""
        return next(iter(self.instruction.flag_values(name)), None)

    @property
    def commands(self) -> tuple[Command, ...]:
        """What a RUN starts, where that can be read."""
        foreign = self.shell is not None and not self.instruction.json and not is_posix(self.shell)
        return tuple(commands(self.instruction)) if self.name == "RUN" and not foreign else ()


@dataclass(frozen=True, kw_only=True)
class DockerfileSubject:
    """One Dockerfile, and the stage that makes the image.

    Attributes:
        occurrences: the images that it names.
        dockerfile: its instructions.
        scope: the ARGs that FROM sees.
        stages: in order.
        target: the stage whose image is meant.
        resolutions: what registries say of the pinned references, and of the same without their digest; None
            where nobody was asked.
        is_folder: tells whether a path of the build context is a folder; None where the context is not known.
    """

    occurrences: tuple[Occurrence, ...]
    dockerfile: Dockerfile
    scope: GlobalScope
    stages: tuple[Stage, ...]
    target: Stage
    resolutions: Mapping[ImageReference, Resolution] | None = None
    is_folder: Callable[[str], bool] | None = None

    @classmethod
    def read(
        cls,
        file: SourceFile,
        *,
        target: str | None = None,
        resolutions: Mapping[ImageReference, Resolution] | None = None,
        is_folder: Callable[[str], bool] | None = None,
    ) -> "DockerfileSubject":
        """Take a file apart.

        Args:
            file: the Dockerfile.
            target: name or number of the stage whose image is meant; without it, the last one.
            resolutions: see the attribute.
            is_folder: see the attribute.

        Raises:
            SyntaxProblem: BuildKit would refuse the file; or it is a template, or in another language.
            UsageError: it has no such stage.
        """
        occurrences = references(file)
        source = SourceText(file)
        template = next((one for one in occurrences if is_place(one.raw)), None)
        if template is not None:
            raise source.problem(
                "the file is a template, and not what is built",
                template.span.start,
                hint="audit what is made from it",
            )
        syntax = detect_syntax(source)
        if syntax is not None and syntax.foreign:
            raise source.problem(f"only {syntax.image} knows the language of this file", source.start)
        dockerfile = parse(source)
        for instruction in dockerfile.instructions:
            checks.check(instruction, lenient=True)
        every = stages(dockerfile)
        if not every:
            raise source.problem("there are no stages to build", 0, hint="name a Dockerfile")
        meant = every[-1] if target is None else _stage(every, target)
        if meant is None:
            known = ", ".join(stage.name for stage in every if stage.name) or "none has a name"
            raise UsageError(f"there is no stage {target!r}", hint=f"the stages: {known}").at(file=file.path)
        return cls(
            occurrences=occurrences,
            dockerfile=dockerfile,
            scope=GlobalScope(dockerfile),
            stages=every,
            target=meant,
            resolutions=resolutions,
            is_folder=is_folder,
        )

    def spares(self, rule: str, line: int | None) -> bool:
        """Whether a comment of the file switches a rule off at a line.

        One that has a reference left alone switches off the rules about references, too.
        """
        comments = self._comments
        if not comments.any:
            return False
        about_references = rule in _ABOUT_REFERENCES
        if rule in comments.sparing_file() or (about_references and comments.ignoring_file() is not None):
            return True
        lines = set() if line is None else {line, *self._first_lines(line)}
        return any(
            rule in comments.sparing(one) or (about_references and comments.ignoring(one) is not None)
            for one in lines
        )

    def _first_lines(self, line: int) -> Iterator[int]:
        """The first line of the instruction that holds a line."""
        for instruction in self.dockerfile.instructions:
            if instruction.first_line <= line <= instruction.last_line:
                yield instruction.first_line

    @cached_property
    def _comments(self) -> Comments:
        return Comments(self.dockerfile.source)

    @property
    def syntax(self) -> str | None:
        """The frontend that the file asks for."""
        found = (each.value for each in self.dockerfile.directives if each.name == "syntax")
        return next((str(value) for value in found), None)

    @property
    def profile(self) -> Profile:
        """What kind of image it makes, as far as it can be seen.

        A stage on scratch that unpacks a whole system is one of another kind.
        """
        if self.foundation != Foundation() or any(_unpacks_root(step) for step in self.shipped):
            return Profile.ANY
        return Profile.SCRATCH

    @cached_property
    def chain(self) -> tuple[Stage, ...]:
        """The target and the stages that it is built on, the lowest first."""
        return self._chain(self.target)

    @property
    def foundation(self) -> Foundation:
        """What the lowest stage of the chain is built on; never a stage."""
        return self.below(self.target)

    @cached_property
    def shipped(self) -> tuple[Step, ...]:
        """The instructions that make the image, in order."""
        return self.steps_of(self.target)

    @cached_property
    def needed(self) -> tuple[Stage, ...]:
        """The stages that are built for the target, in the order of the file."""
        wanted: set[Stage] = set()
        todo = [self.target]
        while todo:
            stage = todo.pop()
            if stage not in wanted:
                wanted.add(stage)
                below = self._on[stage].stage
                todo += [*([below] if below else []), *self._sources(stage)]
        return tuple(stage for stage in self.stages if stage in wanted)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every instruction of the stages that are needed."""
        return tuple(step for stage in self.needed for step in self._steps(stage))

    def below(self, stage: Stage) -> Foundation:
        """What a stage, or the lowest one that it is built on, is built on; never a stage."""
        return self._on[self._chain(stage)[0]]

    def stands_on_scratch(self, stage: Stage) -> bool:
        """Whether there is no image below a stage."""
        return self.below(stage) == Foundation()

    def steps_of(self, stage: Stage) -> tuple[Step, ...]:
        """The instructions of a stage, after those of the stages that it is built on."""
        return tuple(step for each in self._chain(stage) for step in self._steps(each))

    def source_stage(self, step: Step) -> Stage | None:
        """The stage that a COPY takes its files from; None for images and the build context."""
        source = step.flag("from")
        return None if source is None else _stage(self.stages, source.text)

    def problem(
        self, word: Word | Instruction, message: str, *, severity: Severity | None = None, remedy: str = ""
    ) -> Problem:
        """A problem at a word, or at an instruction."""
        offset = word.start if isinstance(word, Instruction) else word.span.start
        place = self.dockerfile.source.position(offset)
        return Problem(
            message=message, severity=severity, remedy=remedy, line=place.line, column=place.column
        )

    @cached_property
    def _on(self) -> dict[Stage, Foundation]:
        return {stage: self._foundation(stage) for stage in self.stages}

    def _foundation(self, stage: Stage) -> Foundation:
        try:
            expanded = self.scope.expand(stage.base)
        except RequiredError as error:
            return Foundation(unknown=f"{stage.base} needs a build argument: {error.message}")
        text = expanded.value.text
        if text.lower() == _SCRATCH:
            return Foundation()
        earlier = next(
            (each for each in reversed(self.stages[: stage.index]) if each.name == text.lower()), None
        )
        if earlier is not None:
            return Foundation(stage=earlier)
        if expanded.absent is not None or not text:
            return Foundation(unknown=f"{stage.base} is not known without build arguments")
        return Foundation(image=readable(text).partition("@")[0])

    def _chain(self, stage: Stage) -> tuple[Stage, ...]:
        chain = [stage]
        while (below := self._on[chain[-1]].stage) is not None:
            chain.append(below)
        return tuple(reversed(chain))

    def _sources(self, stage: Stage) -> Iterator[Stage]:
        """The stages that a stage takes files from."""
        for instruction in stage.following:
            names = [word.text for word in instruction.flag_values("from")]
            if instruction.name == "RUN":
                mounts = map(mount_source, instruction.flag_values("mount"))
                names += [source.text for source in mounts if source is not None]
            found = (_stage(self.stages, name) for name in names)
            yield from (source for source in found if source is not None)

    @cached_property
    def _walked(self) -> dict[Stage, tuple[dict[Instruction, Variables], Variables]]:
        walked: dict[Stage, tuple[dict[Instruction, Variables], Variables]] = {}
        for stage in self.stages:
            on = self._on[stage]
            before = walked[on.stage][1] if on.stage is not None else Variables(image=on.image or on.unknown)
            walked[stage] = walk(stage, before, self.scope)
        return walked

    def _steps(self, stage: Stage) -> tuple[Step, ...]:
        at = self._walked[stage][0]
        below = self._on[stage].stage
        shell = self._shell_of(below) if below is not None else None
        steps: list[Step] = []
        for instruction in stage.following:
            shell = instruction if instruction.name == "SHELL" else shell
            steps.append(Step(stage, instruction, at[instruction], shell))
        return tuple(steps)

    def _shell_of(self, stage: Stage) -> Instruction | None:
        """The last SHELL of a stage and those that it is built on."""
        every = (each for one in reversed(self._chain(stage)) for each in reversed(one.following))
        return next((each for each in every if each.name == "SHELL"), None)


def _stage(every: tuple[Stage, ...], name: str) -> Stage | None:
    """The stage of this name, or else of this number, as `COPY --from` knows them."""
    named = next((stage for stage in reversed(every) if stage.name == name.lower()), None)
    if named is None and name.isdecimal() and int(name) < len(every):
        return every[int(name)]
    return named


def _unpacks_root(step: Step) -> bool:
    if step.name != "ADD" or len(step.instruction.arguments) < 2:  # noqa: PLR2004 - a source and a place
        return False
    *sources, place = step.instruction.arguments
    local = [source.text.lower() for source in sources if "://" not in source.text or step.flag("unpack")]
    return place.text == "/" and any(source.endswith(_ARCHIVES) for source in local)
