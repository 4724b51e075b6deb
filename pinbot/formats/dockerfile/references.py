"""The images that BuildKit would pull for a Dockerfile, and where the digest of each belongs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from pinbot.errors import InvalidReference, SyntaxProblem
from pinbot.formats.dockerfile import checks, templates
from pinbot.formats.dockerfile.comments import Comments
from pinbot.formats.dockerfile.directives import detect_syntax
from pinbot.formats.dockerfile.instructions import Dockerfile, Instruction, parse
from pinbot.formats.dockerfile.placing import Refusal, Tail, find_tail
from pinbot.formats.dockerfile.sharing import Sharing, Use
from pinbot.formats.dockerfile.shell import Piece, RequiredError, ShellError, expand
from pinbot.formats.dockerfile.stages import Expanded, GlobalScope, Stage, misplaced, stages, without_from
from pinbot.formats.dockerfile.text import SourceText, Word, readable
from pinbot.formats.dockerfile.words import split_csv
from pinbot.model.occurrence import EditPlace, Kind, Occurrence, SourceFile, Span, Status
from pinbot.model.reference import ImageReference

_SCRATCH = "scratch"
_WITH_SOURCES = frozenset({"RUN", "COPY", "ADD", "ONBUILD"})
_INDEX = re.compile(r"[+-]?[0-9]+\Z")
_NO_VARIABLES = (
    "BuildKit expands no variables here: name the image in a stage of its own, `FROM … AS name`, "
    "and take the files from that"
)


def references(file: SourceFile) -> tuple[Occurrence, ...]:
    """Every image reference of a Dockerfile, in the order of the file.

    Raises:
        SyntaxProblem: BuildKit would refuse the file; with line, column and the reason that it gives.
    """
    source = SourceText(file)
    if not source.text.strip("\t\n\v\f\r "):
        return ()
    syntax = detect_syntax(source)
    found = [] if syntax is None else [_literal(Kind.SYNTAX, syntax.image, syntax.image.offset(0))]
    if syntax is not None and syntax.foreign:
        return _Judge(source).judge(found)
    try:
        dockerfile = parse(source)
        checked = _check(dockerfile, lenient=syntax is not None and not syntax.official)
        scope = GlobalScope(dockerfile)
        every = stages(dockerfile)
        found += _in_stages(every, scope, checked)
    except SyntaxProblem as problem:
        template = templates.references(source, problem)
        if template is not None:
            return template
        if syntax is not None and "dockerfile" not in syntax.image.text:
            return _Judge(source).judge(found[:1])
        raise
    return _Judge(source, scope, every).judge(found)


@dataclass(eq=False, slots=True, kw_only=True)
class _Found:
    """A reference before it is judged: what it is made of, or why that cannot be known.

    Attributes:
        written: the word that stands in the instruction.
        at: offset of that instruction.
        pieces: of its expansion; none where it has no value.
        expanded: the expansion with the ARGs that it rests on; None where nothing is expanded.
        reason: why it must be left alone, if that is known already.
    """

    kind: Kind
    written: Word
    at: int
    pieces: tuple[Piece, ...] = ()
    stage: str | None = None
    platform: str | None = None
    expanded: Expanded | None = None
    reason: str | None = None

    @property
    def text(self) -> str:
        return "".join([piece.text for piece in self.pieces])


def _literal(kind: Kind, word: Word, at: int, stage: str | None = None, reason: str | None = None) -> _Found:
    pieces = (Piece(word.text, word, 0, 0),)
    return _Found(kind=kind, written=word, at=at, pieces=pieces, stage=stage, reason=reason)


def _check(dockerfile: Dockerfile, *, lenient: bool) -> set[Instruction]:
    """Refuse what BuildKit refuses in the instructions and their order (instructions.Parse).

    Returns those that it had to take apart: no other one has flags.
    """
    in_stage = False
    checked: set[Instruction] = set()
    for instruction in dockerfile.instructions:
        if not checks.plainly_right(instruction):
            checks.check(instruction, lenient=lenient)
            checked.add(instruction)
        if instruction.name == "FROM":
            in_stage = True
        elif not in_stage and instruction.name != "ARG" and not lenient:
            raise misplaced(instruction)
    if dockerfile.instructions and not in_stage and not lenient:
        raise without_from(dockerfile)
    return checked


def _in_stages(every: tuple[Stage, ...], scope: GlobalScope, checked: set[Instruction]) -> Iterator[_Found]:
    names = {stage.name for stage in every if stage.name is not None}
    earlier: set[str] = set()
    for stage in every:
        base = _base(stage, scope, earlier)
        if base is not None:
            yield base
        if stage.name is not None:
            earlier.add(stage.name)
        for instruction in stage.following:
            if instruction in checked and instruction.name in _WITH_SOURCES:
                inner = instruction.trigger if instruction.name == "ONBUILD" else instruction
                if inner is not None and inner.flags:
                    yield from _sources(inner, instruction.start, stage.name, names)


def _base(stage: Stage, scope: GlobalScope, earlier: set[str]) -> _Found | None:
    """The image of a FROM; None for an earlier stage (buildDispatchStates and addState in convert.go)."""
    word = stage.base
    platform = _platform(stage, scope)
    pieces: tuple[Piece, ...] = ()
    expanded = reason = None
    try:
        expanded = scope.expand(word)
    except RequiredError as error:
        reason = f"it needs a build argument: {error.message}"
    else:
        pieces = expanded.value.pieces
        text = expanded.value.text.lower()
        if text == _SCRATCH or text in earlier:
            return None
        if expanded.varies is not None:
            if any(meaning.lower() in earlier for meaning in scope.on_other_platforms(word)):
                return None
            reason = f"it depends on {expanded.varies}, so that it is another image on every platform"
        elif expanded.absent is not None:
            reason = _why_absent(expanded.absent, stage, scope)
        elif not text:
            reason = f"{word} is empty when no build argument is given"
    return _Found(
        kind=Kind.FROM,
        written=word,
        at=stage.instruction.start,
        pieces=pieces,
        stage=stage.name,
        platform=platform,
        expanded=expanded,
        reason=reason,
    )


def _platform(stage: Stage, scope: GlobalScope) -> str | None:
    """What `--platform` says; as it is written where that differs from build to build."""
    word = stage.platform
    if word is None:
        return None
    try:
        expanded = scope.expand(word)
    except RequiredError:
        return str(word)
    if expanded.varies is not None or expanded.absent is not None:
        return str(word)
    return readable(expanded.value.text) or None


def _why_absent(name: str, stage: Stage, scope: GlobalScope) -> str:
    declared = scope.declared.get(name)
    if declared is not None:
        return f"ARG {name} (line {declared.line}) has no default"
    instructions = scope.instructions
    for instruction in instructions:
        if instruction.start >= stage.instruction.start:
            break
        if instruction.name == "ARG" and any(
            word.text.partition("=")[0] == name for word in instruction.arguments
        ):
            return (
                f"ARG {name} (line {instruction.first_line}) stands inside a stage, "
                "where FROM does not see it: move it above the first FROM"
            )
    return f"there is no ARG {name} above the first FROM"


def _sources(instruction: Instruction, at: int, stage: str | None, names: set[str]) -> Iterator[_Found]:
    """The images that COPY, ADD and RUN take files from (toCommand and detectRunMount)."""
    if instruction.name == "RUN":
        kind = Kind.MOUNT_FROM
        sources = [source for mount in instruction.flag_values("mount") if (source := mount_source(mount))]
        reasons = [_NO_VARIABLES if "$" in source.text[:-1] else None for source in sources]
    else:
        kind = Kind.COPY_FROM
        sources = [source for source in instruction.flag_values("from") if not _INDEX.match(source.text)]
        reasons = [_NO_VARIABLES if _is_expanded(source, instruction.escape) else None for source in sources]
    for source, reason in zip(sources, reasons, strict=True):
        name = source.text.lower()
        if name and name != _SCRATCH and name not in names:
            yield _literal(kind, source, at, stage, reason)


def mount_source(mount: Word) -> Word | None:
    """The value of `from=` in a mount, the last one if there are several (parseMount)."""
    source = None
    for field in split_csv(mount):
        key, equals, value = field.text.partition("=")
        if equals and key.lower() == "from":
            source = field.part(len(field.text) - len(value))
    return source


def _is_expanded(word: Word, escape: str) -> bool:
    """Whether the shell lexer would change a word, which BuildKit refuses in `--from` (toCommand)."""
    try:
        return expand(word, {}, escape=escape).text != word.text
    except ShellError:
        return True


@lru_cache(maxsize=4096)
def _image(text: str) -> tuple[ImageReference | None, str | None]:
    """The reference that a text means, or why it is none."""
    try:
        return ImageReference.parse(readable(text)), None
    except InvalidReference as error:
        return None, f"{error.message} ({error.hint})" if "digest" in error.message else error.message


class _Judge:
    """Decides for each reference what may be done with it."""

    def __init__(
        self, source: SourceText, scope: GlobalScope | None = None, every: tuple[Stage, ...] = ()
    ) -> None:
        self._source = source
        self._comments = Comments(source)
        self._scope = scope
        self._stages = every

    def judge(self, found: list[_Found]) -> tuple[Occurrence, ...]:
        template = templates.marker_of([each.written for each in found])
        if template is not None:
            line = self._source.line_number(template.offset(0))
            reason = f"the file is a template (line {line}), and not what is built"
            return tuple([self._occurrence(each, None, None, reason) for each in found])
        tails = [self._tail(each) for each in found]
        self._forbid_shared(found, tails)
        ignored_file = self._comments.ignoring_file()
        return tuple(
            [self._decide(each, tail, ignored_file) for each, tail in zip(found, tails, strict=True)]
        )

    def _tail(self, found: _Found) -> Tail | str:
        """Where the digest belongs, or why nowhere."""
        if found.reason is not None:
            return found.reason
        try:
            return find_tail(found.pieces, found.written)
        except Refusal as refusal:
            return str(refusal)

    def _forbid_shared(self, found: list[_Found], tails: list[Tail | str]) -> None:
        """Refuse the tails that stand in an ARG which feeds something else too."""
        scope = self._scope
        if scope is None or not scope.args:
            return
        uses: list[Use | None] = []
        for each, tail in zip(found, tails, strict=True):
            if each.expanded is None or not each.expanded.uses:
                uses.append(None)
                continue
            line = self._source.line_number(each.at)
            uses.append(
                Use(each.expanded, line, readable(each.text), tail if isinstance(tail, Tail) else None)
            )
        if not any(use is not None and use.tail is not None for use in uses):
            return
        written = {id(each.written) for each in found}
        others = _other_uses(self._stages, scope, written)
        sharing = Sharing(scope, self._stages, [*filter(None, uses), *others])
        for index, use in enumerate(uses):
            if use is not None:
                try:
                    sharing.check(use)
                except Refusal as refusal:
                    tails[index] = str(refusal)

    def _decide(self, found: _Found, tail: Tail | str, ignored_file: int | None) -> Occurrence:
        image, invalid = _image(found.text) if found.pieces else (None, None)
        reason = tail if isinstance(tail, str) else None
        if found.reason is None and invalid is not None:
            reason = invalid
        place = None
        if reason is None and isinstance(tail, Tail):
            place = tail.place(self._source)
            if image is not None and image.tag is not None:
                place = _with_tag(place, image.tag, self._source.file.data)
            digest = place.digest.of(self._source.file.data).decode("latin-1")
            if (
                image is not None
                and image.digest is not None
                and digest.removeprefix("@") != str(image.digest)
            ):
                reason = "its digest is broken by quotes, escapes or a line end"
        if ignored_file is not None:
            reason = f"the file is ignored by the comment on line {ignored_file}"
        else:
            reason = self._ignored(found, place) or reason
        return self._occurrence(found, image, place if reason is None else None, reason)

    def _ignored(self, found: _Found, place: EditPlace | None) -> str | None:
        if not self._comments.any:
            return None
        offsets = [found.at, found.written.span.start, *([place.span.start] if place else [])]
        for line in {self._source.line_number(offset): None for offset in offsets}:
            comment = self._comments.ignoring(line)
            if comment is not None:
                return f"ignored by the comment on line {comment}"
        return None

    def _occurrence(
        self, found: _Found, image: ImageReference | None, place: EditPlace | None, reason: str | None
    ) -> Occurrence:
        span = found.written.span
        pinned = image is not None and image.digest is not None
        return Occurrence(
            file=self._source.file.path,
            position=self._source.position(span.start),
            span=span,
            kind=found.kind,
            raw=readable(self._source.text[span.start : span.end]),
            image=image,
            stage=found.stage,
            platform=found.platform,
            status=Status.SKIPPED if reason is not None else Status.PINNED if pinned else Status.UNPINNED,
            reason=reason,
            place=place,
        )


def _with_tag(place: EditPlace, tag: str, data: bytes) -> EditPlace:
    """The place with the bytes of the tag, if they stand in it right before the digest."""
    before = Span(place.digest.start - len(tag), place.digest.start)
    written = place.span.start <= before.start and before.of(data) == tag.encode()
    return replace(place, tag=before) if written else place


def _other_uses(every: tuple[Stage, ...], scope: GlobalScope, images: set[int]) -> Iterator[Use]:
    """What ARGs give besides images: names of stages, and platforms."""
    for stage in every:
        for word, what in ((stage.base, "the name of a stage"), (stage.platform, "a platform")):
            if word is not None and "$" in word.text and id(word) not in images:
                try:
                    expanded = scope.expand(word)
                except RequiredError:
                    continue
                yield Use(expanded, stage.instruction.first_line, what)
