"""What else the default of an ARG feeds: a digest written into it would go there as well."""

import re
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from pinbot.formats.dockerfile.instructions import Instruction
from pinbot.formats.dockerfile.placing import Refusal, Tail
from pinbot.formats.dockerfile.stages import Expanded, GlobalArg, GlobalScope, Stage

_ADVICE = "give the image an ARG of its own"


@dataclass(frozen=True, eq=False, slots=True)
class Use:
    """A word of a FROM that is made from ARGs: its image if `tail` is given, else something else.

    `what` says for the user what it is.
    """

    expanded: Expanded
    line: int
    what: str
    tail: Tail | None = None

    @property
    def signature(self) -> tuple[object, ...]:
        """Equal for two uses that stay right when a digest is written at the end of one's tail."""
        if self.tail is None:
            return (id(self),)
        return (self.expanded.value.text, id(self.tail.word), self.tail.digest)


class Sharing:
    """Knows every use of the global ARGs of one file."""

    def __init__(self, scope: GlobalScope, stages: tuple[Stage, ...], uses: Iterable[Use]) -> None:
        self._scope = scope
        self._uses: defaultdict[int, list[Use]] = defaultdict(list)
        for use in uses:
            for arg in use.expanded.uses:
                self._uses[id(arg)].append(use)
        self._made_from: defaultdict[int, list[GlobalArg]] = defaultdict(list)
        for arg in scope.args:
            for used in arg.uses:
                self._made_from[id(used)].append(arg)
        self._verdicts: dict[tuple[object, ...], str | None] = {}
        self._built_on: defaultdict[str | None, list[Stage]] = defaultdict(list)
        self._redeclared: defaultdict[str, list[tuple[Stage, int]]] = defaultdict(list)
        for stage in stages:
            self._built_on[stage.base.text.lower()].append(stage)
            for at, instruction in enumerate(stage.following):
                if instruction.name == "ARG":
                    for word in instruction.arguments:
                        if "=" not in word.text:
                            self._redeclared[word.text].append((stage, at + 1))

    def check(self, use: Use) -> None:
        """See that a digest at the end of the use's tail goes into this image and nowhere else.

        Raises:
            Refusal: it would; the message names the other line and what to do.
        """
        if use.tail is None:
            return
        arg = self._scope.arg_of(use.tail.word)
        if arg is None:
            return
        # Thousands of stages may share one ARG, and then one verdict.
        key = (id(arg), *use.signature, *sorted(use.expanded.value.computed))
        if key not in self._verdicts:
            self._verdicts[key] = self._objection(use, arg)
        objection = self._verdicts[key]
        if objection is not None:
            raise Refusal(objection)

    def _objection(self, use: Use, arg: GlobalArg) -> str | None:
        here = f"ARG {arg.name} (line {arg.line})"
        affected = self._affected(arg)
        for each in affected:
            for other in self._uses[id(each)]:
                if other.signature != use.signature:
                    return f"{here} also gives {other.what} on line {other.line}: {_ADVICE}"
        names = {each.name for each in affected}
        for expansion in (use.expanded.value, *(each.value for each in affected if each.value is not None)):
            if names & expansion.computed:
                return (
                    f"{here} is cut or replaced in ${{…}}, which a digest in it would not survive: {_ADVICE}"
                )
        for name in sorted(names):
            line = self._line_of_use(name)
            if line is not None:
                return f"{here} also reaches the stage's own instructions on line {line}: {_ADVICE}"
        return None

    def _affected(self, arg: GlobalArg) -> list[GlobalArg]:
        """The ARG and those whose defaults are made from it."""
        affected = {id(arg): arg}
        waiting = [arg]
        while waiting:
            for made in self._made_from[id(waiting.pop())]:
                if id(made) not in affected:
                    affected[id(made)] = made
                    waiting.append(made)
        return list(affected.values())

    def _line_of_use(self, name: str) -> int | None:
        """Where a stage that declares an ARG again, or one that is built on such a stage, can use it.

        Every RUN can: its process finds the ARG in its environment (dispatchArg, dispatchRun).
        """
        waiting = deque(self._redeclared[name])
        seen = {stage.index for stage, _ in waiting}
        while waiting:
            stage, begin = waiting.popleft()
            line = _first_use(name, islice(stage.following, begin, None))
            if line is not None:
                return line
            for later in self._built_on[stage.name]:
                if later.index > stage.index and later.index not in seen:
                    seen.add(later.index)
                    waiting.append((later, 0))
        return None


def _first_use(name: str, instructions: Iterable[Instruction]) -> int | None:
    mention = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")
    expansion = re.compile(rf"\$\{{?{re.escape(name)}(?![A-Za-z0-9_])")
    for instruction in instructions:
        if instruction.name == "RUN":
            return instruction.first_line
        pattern = expansion if instruction.name == "ARG" else mention
        end = instruction.heredocs[-1].content.end if instruction.heredocs else instruction.end
        if pattern.search(instruction.source.text, instruction.start, end):
            return instruction.first_line
    return None
