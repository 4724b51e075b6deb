"""A Dockerfile as text whose every character still knows its place in the file.

The bytes are read as Latin-1: one character is one byte, nothing can fail to decode, and an offset in the
text is an offset in the file. Everything that is special to a Dockerfile is ASCII, so UTF-8 passes through.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from operator import itemgetter
from typing import Generic, NamedTuple, Self, TypeVar, overload

from pinbot.errors import SyntaxProblem
from pinbot.model.occurrence import Position, SourceFile, Span

BOM = "\xef\xbb\xbf"

# What Go's unicode.IsSpace holds for white space, as UTF-8 read as Latin-1.
WIDE_SPACE = r"(?:\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)"
SPACE = rf"(?:[\t\n\v\f\r ]|{WIDE_SPACE})"
_LEADING_SPACE = re.compile(f"{SPACE}*+")
_TRAILING_SPACE = re.compile(f"{SPACE}++\\Z")
_EXCERPT = 120
_FEW = 8

Owner = TypeVar("Owner")
Value = TypeVar("Value")


def skip_space(text: str, start: int = 0) -> int:
    """The index of the first character from `start` on that is no white space."""
    if "!" <= text[start : start + 1] <= "~":
        return start
    found = _LEADING_SPACE.match(text, start)
    return found.end() if found else start


def trim_right(text: str) -> int:
    """The length of `text` without the white space at its end (Go's strings.TrimRight with IsSpace)."""
    end = len(text.rstrip("\t\n\v\f\r "))
    while end and text[end - 1] >= "\x80":
        found = _TRAILING_SPACE.search(text, max(0, end - 3), end)
        if found is None:
            break
        end = len(text[: found.start()].rstrip("\t\n\v\f\r "))
    return end


def readable(text: str) -> str:
    """What a person sees in a text that was read as Latin-1."""
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "replace")


class lazy(Generic[Owner, Value]):  # noqa: N801 - used like functools.cached_property
    """A property that is computed once; functools.cached_property takes a lock for that until Python 3.12."""

    def __init__(self, compute: Callable[[Owner], Value]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...

    @overload
    def __get__(self, owner: Owner, kind: type) -> Value: ...

    def __get__(self, owner: Owner | None, kind: type) -> Self | Value:
        if owner is None:
            return self
        value = self._compute(owner)
        owner.__dict__[self._name] = value
        return value


class SourceText:
    """A file's bytes as text, with the means to say where something stands."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.text = file.data.decode("latin-1")
        self.start = len(BOM) if self.text.startswith(BOM) else 0
        self._asked = 0
        self._latest = (-1, Position(0, 0))

    @lazy
    def _line_starts(self) -> list[int]:
        return [self.start, *(found.end() for found in re.finditer("\n", self.text))]

    @lazy
    def _is_ascii(self) -> bool:
        return self.file.data.isascii()

    def line_number(self, offset: int) -> int:
        """The line, from 1, that holds the byte at `offset`."""
        if self._asked < _FEW:
            # Most files are asked for a line or two: counting is then cheaper than a table.
            self._asked += 1
            return self.text.count("\n", 0, offset) + 1
        return max(1, bisect_right(self._line_starts, offset))

    def _line_start(self, offset: int) -> int:
        return max(self.start, self.text.rfind("\n", 0, offset) + 1)

    @property
    def line_count(self) -> int:
        """How many lines there are; text that ends in a line end has an empty one after it."""
        return len(self._line_starts)

    def line_text(self, line: int) -> str:
        """A line without its end."""
        start = self._line_starts[line - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else None].rstrip("\r")

    def position(self, offset: int) -> Position:
        """Line and column of a byte, for people: columns count characters."""
        if offset == self._latest[0]:
            return self._latest[1]
        start = self._line_start(offset)
        before = offset - start if self._is_ascii else len(readable(self.text[start:offset]))
        position = Position(self.line_number(offset), max(0, before) + 1)
        self._latest = (offset, position)
        return position

    def problem(self, message: str, offset: int, *, hint: str = "") -> SyntaxProblem:
        """An error about the byte at `offset`, with its line and a caret under it."""
        position = self.position(min(offset, len(self.text)))
        shown = readable(self.line_text(position.line))
        cut = max(0, position.column - _EXCERPT // 2)
        line = shown[cut : cut + _EXCERPT].replace("\t", " ")
        return SyntaxProblem(
            message,
            hint=hint,
            file=self.file.path,
            line=position.line,
            column=position.column,
            excerpt=f"{line}\n{' ' * (position.column - 1 - cut)}^",
        )


class Line(NamedTuple):
    """A logical line: continuations joined, comments inside them left out.

    `joins` holds, for each physical line that gave something, the index in `text` where it begins and the
    offset in the file of that character.
    """

    text: str
    joins: tuple[tuple[int, int], ...]

    def offset(self, index: int) -> int:
        """Where in the file the character at `index` stands; at the end of the text, what follows it."""
        if len(self.joins) == 1:
            return self.joins[0][1] + index
        if index and index == len(self.text):
            return self.offset(index - 1) + 1
        start, offset = self.joins[bisect_right(self.joins, index, key=itemgetter(0)) - 1]
        return offset + index - start


class Word(NamedTuple):
    """A word of a logical line after its quotes and escapes were taken away, if its place does that.

    `places` holds for each character of `text` its index in `line`.
    """

    line: Line
    text: str
    places: range | tuple[int, ...]

    @classmethod
    def verbatim(cls, line: Line, start: int, end: int) -> "Word":
        """The word that stands in the line exactly as it is."""
        return cls(line, line.text[start:end], range(start, end))

    def offset(self, index: int) -> int:
        """Where in the file the character at `index` stands."""
        return self.line.offset(self.places[index])

    def part(self, start: int, end: int | None = None) -> "Word":
        """The word made of some of the characters."""
        return Word(self.line, self.text[start:end], self.places[start:end])

    @property
    def span(self) -> Span:
        """The bytes from the first character to the last one; empty words have no place of their own."""
        places = self.places
        if not places:
            return Span(0, 0)
        if isinstance(places, range) and len(self.line.joins) == 1:
            base = self.line.joins[0][1]
            return Span(base + places.start, base + places.stop)
        return Span(self.offset(0), self.offset(-1) + 1)

    def __str__(self) -> str:
        return readable(self.text)
