r"""From bytes to instructions, as frontend/dockerfile/parser/parser.go reads them.

    >>> from pinbot.model.occurrence import SourceFile
    >>> file = SourceFile(path="Dockerfile", data=b"FROM alpine AS base\nRUN --network=none id\n")
    >>> dockerfile = parse(SourceText(file))
    >>> [(each.name, [str(flag) for flag in each.flags]) for each in dockerfile.instructions]
    [('FROM', []), ('RUN', ['--network=none'])]

Nothing is computed that nobody asks for: a file's instructions are found by one regular expression each, and
an instruction is taken apart when its flags or arguments are read.
"""

import re
from dataclasses import dataclass, replace

from pinbot.formats.dockerfile import words
from pinbot.formats.dockerfile.directives import Directive, directives
from pinbot.formats.dockerfile.shell import ShellError, split_plain, split_raw
from pinbot.formats.dockerfile.text import (
    WIDE_SPACE,
    Line,
    SourceText,
    Word,
    lazy,
    readable,
    skip_space,
    trim_right,
)
from pinbot.model.occurrence import Span

_INDENT = rf"[\t\v\f\r ]*+(?>(?:{WIDE_SPACE}[\t\v\f\r ]*+)*)"
_HEAD = re.compile(
    rf"(?>(?:{_INDENT}(?:\#[^\n]*+)?(?:\n|\Z))*){_INDENT}(?:([A-Za-z]++)(?:[\t\v\f\r ]++|(?=\n)|\Z))?"
)
# An escape character at the end of a line continues it, unless another one stands before it.
_STATEMENT = {
    escape: re.compile(
        rf"(?>(?:[^\n{sign}]*+(?>(?:{sign}(?:(?<={sign}{sign})|(?![ \t]*+\r*+\n))[^\n{sign}]*+)*)"
        rf"{sign}[ \t]*+\r*+\n(?>(?:{_INDENT}(?:\#[^\n]*+)?\n)*))*)[^\n]*+"
    )
    for escape, sign in (("\\", r"\\"), ("`", "`"))
}
_SKIPPED = re.compile(rf"{_INDENT}(?:\#[^\n]*+)?\Z")
_ANY_KEYWORD = re.compile(f"([^{words.BLANK}]*+)[{words.BLANK}]*+")
# parseHealthConfig takes each byte for a character.
_FIRST_WORD = re.compile(r"([^\t\n\v\f\r \x85\xa0]*+)[\t\n\v\f\r \x85\xa0]*+")
_HEREDOC = re.compile(r"(\d*)<<(-?)[\t\n\f\r ]*([^<]*)\Z")

_JSON_FORMS = frozenset({"ADD", "COPY", "VOLUME", "CMD", "ENTRYPOINT", "RUN", "SHELL", "HEALTHCHECK"})
_LISTS = frozenset({"ADD", "COPY", "VOLUME", "EXPOSE", "FROM"})
_PAIRS = frozenset({"ENV", "LABEL"})
_WITH_HEREDOC = frozenset({"ADD", "COPY", "RUN"})

KEYWORDS = _JSON_FORMS | _LISTS | _PAIRS | {"ARG", "MAINTAINER", "ONBUILD", "STOPSIGNAL", "USER", "WORKDIR"}


@dataclass(frozen=True, slots=True)
class Heredoc:
    """Text given inline: `<<NAME`, then lines, then NAME.

    Attributes:
        name: the word that ends it, without quotes.
        content: the bytes of its lines, the last line end included.
        expand: whether variables in it are expanded (NAME was not quoted).
        chomp: whether leading tabs are taken away (`<<-`).
        descriptor: the file descriptor before `<<`, 0 where there is none.
    """

    name: str
    content: Span
    expand: bool
    chomp: bool
    descriptor: int


@dataclass(eq=False, kw_only=True)  # not frozen: that alone would cost a fifth of the time of reading a file
class Instruction:
    """One instruction, or the trigger inside of an ONBUILD.

    Attributes:
        source: the file.
        escape: its escape character.
        start: offset of the first character of the keyword.
        end: offset after the last character of its (last continuation) line; heredocs come after it.
        name: the keyword in upper case; whatever stands there, if it is none.
        line: the logical line.
        body: offset after the keyword and the blanks that follow it; `end` if they stand on different lines.
        after_keyword: the same as an index in `line`.
        outer: the ONBUILD that it is the trigger of.
        heredocs: in the order of their texts.
    """

    source: SourceText
    escape: str
    start: int
    end: int
    name: str
    body: int
    after_keyword: int
    outer: "Instruction | None" = None
    heredocs: tuple[Heredoc, ...] = ()

    @lazy
    def line(self) -> Line:
        """The logical line: continuations joined, comments and empty lines inside of it left out."""
        if self.outer is not None:
            return self.outer.line
        return _join(self.source.text, self.start, self.end, self.escape)

    @property
    def span(self) -> Span:
        """From the keyword to the end of the last line, without the line end and without heredocs."""
        return Span(self.start, self.end)

    @property
    def first_line(self) -> int:
        """Number of the line that it begins on, from 1."""
        return self.source.line_number(self.start)

    @property
    def last_line(self) -> int:
        """Number of the line that it ends on, heredocs included."""
        if self.heredocs:
            return self.source.line_number(self.heredocs[-1].content.end)
        last = self.end - 1 if self.source.text[self.end - 1 : self.end] == "\n" else self.end
        return self.source.line_number(max(self.start, last))

    @lazy
    def _split(self) -> tuple[tuple[Word, ...], int, int]:
        end = trim_right(self.line.text)
        flags, rest = words.split_flags(self.line, self.after_keyword, end, self.escape)
        begin = min(skip_space(self.line.text, rest), end)
        return tuple(flags), begin, end

    @property
    def flags(self) -> tuple[Word, ...]:
        """The `--name=value` words, without quotes and escapes."""
        return self._split[0]

    def flag_values(self, name: str) -> list[Word]:
        """The values of a flag, in order."""
        prefix = f"--{name}="
        return [flag.part(len(prefix)) for flag in self.flags if flag.text.startswith(prefix)]

    @property
    def rest(self) -> Word:
        """Everything after the flags."""
        return Word.verbatim(self.line, self._split[1], self._split[2])

    @lazy
    def trigger(self) -> "Instruction | None":
        """The instruction inside of an ONBUILD."""
        if self.name != "ONBUILD" or not self.rest.text:
            return None
        begin = self._split[1]
        name, after = _keyword(self.line.text, begin, self._split[2])
        return Instruction(
            source=self.source,
            escape=self.escape,
            start=self.line.offset(begin),
            end=self.end,
            name=name,
            body=self.end,
            after_keyword=after,
            outer=self,
        )

    @lazy
    def _json(self) -> list[Word] | None:
        if self.name not in _JSON_FORMS:
            return None
        _, begin, end = self._split
        if self.name == "HEALTHCHECK":
            begin = self._command[1]
        return words.split_json(self.line, begin, end)

    @lazy
    def _command(self) -> tuple[int, int]:
        """Where the first word of a HEALTHCHECK ends and its command begins (parseHealthConfig)."""
        _, begin, end = self._split
        found = _FIRST_WORD.match(self.line.text, begin, end)
        return (found.end(1), found.end()) if found else (begin, begin)

    @property
    def json(self) -> bool:
        """Whether the arguments are in the JSON form."""
        return self._json is not None

    @lazy
    def arguments(self) -> tuple[Word, ...]:
        """The words after the flags, in the form that this instruction's parser gives them.

        ENV and LABEL give names and values in turn; RUN, CMD and their like give one word of everything
        unless it is JSON.

        Raises:
            ValueError: they have no form that BuildKit knows; the message is BuildKit's.
        """
        _, begin, end = self._split
        if begin == end:
            return ()
        if self.name == "HEALTHCHECK":
            kind_end, command = self._command
            kind = Word.verbatim(self.line, begin, kind_end)
            if self._json is not None:
                return (kind, *self._json)
            return (kind, Word.verbatim(self.line, command, end)) if command < end else (kind,)
        if self.name in _JSON_FORMS and self._json is not None:
            return tuple(self._json)
        if self.name in _LISTS:
            return tuple(words.split_fields(self.line, begin, end))
        if self.name in _PAIRS:
            return tuple(words.split_key_values(self.line, begin, end, self.escape))
        if self.name == "ARG":
            return tuple(words.split_quoted(self.line, begin, end, self.escape))
        return (self.rest,)


@dataclass(frozen=True, kw_only=True)
class Dockerfile:
    """A file that was taken apart: its directives and its instructions, in order."""

    source: SourceText
    escape: str
    directives: tuple[Directive, ...]
    instructions: tuple[Instruction, ...]


def parse(source: SourceText) -> Dockerfile:
    """Find the instructions of a file.

    Whether an instruction makes sense is not looked at: `pinbot.formats.dockerfile.checks` does that.

    Raises:
        SyntaxProblem: a directive is wrong, or a heredoc does not end.
    """
    found_directives = directives(source)
    escape = next((each.value.text for each in found_directives if each.name == "escape"), "\\")
    text, size, statement = source.text, len(source.text), _STATEMENT[escape]
    instructions: list[Instruction] = []
    index = source.start
    while True:
        head = _HEAD.match(text, index)
        keyword = head[1] if head else None
        if head is None or (keyword is None and head.end() >= size):
            break
        body = head.end()
        start = head.start(1) if keyword else body
        found = statement.match(text, body)
        after = end = found.end() if found else size
        if text[end - 1] == "\r":
            end = max(start, start + len(text[start:end].rstrip("\r")))
        instruction = Instruction(
            source=source,
            escape=escape,
            start=start,
            end=end,
            name=keyword.upper() if keyword else "",
            body=body if keyword else end,
            after_keyword=body - start,
        )
        if not keyword:
            line = instruction.line
            begin, stop = skip_space(line.text), trim_right(line.text)
            instruction.name, instruction.after_keyword = _keyword(line.text, begin, max(begin, stop))
        if instruction.name in ("RUN", "COPY", "ADD", "ONBUILD") and text.find("<<", start, after) >= 0:
            instruction, after = _with_heredocs(instruction, after)
        instructions.append(instruction)
        index = after + 1
    return Dockerfile(
        source=source, escape=escape, directives=found_directives, instructions=tuple(instructions)
    )


def _keyword(text: str, begin: int, end: int) -> tuple[str, int]:
    """The first word in upper case, and the index after the blanks that follow it (splitCommand)."""
    found = _ANY_KEYWORD.match(text, begin, end)
    return (readable(found[1]).upper(), found.end()) if found else ("", begin)


def _join(text: str, start: int, end: int, escape: str) -> Line:
    """Join the physical lines of an instruction (the inner loop of parser.Parse)."""
    if "\n" not in text[start:end] and text[end - 1 : end] not in (escape, " ", "\t"):
        return Line(text[start:end], ((0, start),))
    parts: list[str] = []
    joins: list[tuple[int, int]] = []
    size = 0
    index = start
    while index < end:
        stop = text.find("\n", index, end)
        stop = end if stop < 0 else stop
        content = text[index:stop].rstrip("\r")
        if index == start or not _SKIPPED.match(content):
            cut = content.rstrip(" \t")
            if cut.endswith(escape) and not cut.endswith(escape * 2):
                content = cut[:-1]
            if content:
                parts.append(content)
                joins.append((size, index))
                size += len(content)
        index = stop + 1
    return Line("".join(parts), tuple(joins) or ((0, start),))


def _with_heredocs(instruction: Instruction, after: int) -> tuple[Instruction, int]:
    """Read the heredocs after an instruction; also where its last line ends (heredocsFromLine, Parse).

    Raises:
        SyntaxProblem: one does not end.
    """
    source, text = instruction.source, instruction.source.text
    holder = instruction.trigger if instruction.name == "ONBUILD" else instruction
    if holder is None or holder.name not in _WITH_HEREDOC or "<<" not in instruction.line.text:
        return instruction, after
    try:
        if holder.json:
            return instruction, after
    except words.NotStrings:
        return instruction, after
    heredocs: list[Heredoc] = []
    for word in split_raw(instruction.line.text):
        opened = parse_heredoc(word, source, instruction.start)
        if opened is None:
            continue
        name, expand, chomp, descriptor = opened
        begin = after + 1
        tabs = "\t*+" if chomp else ""
        ending = re.compile(rf"^{tabs}{re.escape(name)}\r*+$", re.MULTILINE).search(text, begin)
        if ending is None:
            raise source.problem(
                "unterminated heredoc",
                instruction.start,
                hint=f"no line after it holds just {readable(name)}",
            )
        heredocs.append(Heredoc(name, Span(begin, ending.start()), expand, chomp, descriptor))
        after = ending.end()
    if not heredocs:
        return instruction, after
    return replace(instruction, heredocs=tuple(heredocs)), after


def parse_heredoc(word: str, source: SourceText, offset: int) -> tuple[str, bool, bool, int] | None:
    """Name, expand, chomp and descriptor of a word like `<<-"EOF"`; None where it is none (ParseHeredoc).

    Raises:
        SyntaxProblem: its name cannot be read.
    """
    found = _HEREDOC.match(word)
    if found is None or not found[3]:
        return None
    try:
        plain = split_plain(found[3])
    except ShellError as error:
        raise source.problem(f"failed to process {found[3]!r}: {error.message}", offset) from None
    if len(plain) != 1:
        return None
    quotes = sum(found[3].count(quote) - plain[0].count(quote) for quote in "'\"")
    return plain[0], quotes == 0, found[2] == "-", int(found[1] or "0")
