"""BuildKit's shell lexer: quotes, escapes, `$V` and `${V…}` (frontend/dockerfile/shell/lex.go).

An expansion is made of pieces that remember where they were written, so that a caller can tell whether the
end of a reference stands in the FROM line, in the default of an ARG, or nowhere at all.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pinbot.formats.dockerfile import patterns
from pinbot.formats.dockerfile.text import SPACE, Line, Word

# Beyond these an expansion is an attack, not a name: `ARG B=$A$A` doubles with every line.
_MAX_LENGTH = 1 << 16
_MAX_PIECES = 1 << 12
_MAX_DEPTH = 50

_SPECIAL_PARAMETERS = frozenset("@*#?-$!")
# Letters beyond ASCII are allowed by lex.go too; as Latin-1 they are whatever is not ASCII.
_NAME = re.compile(r"[0-9]+|[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*+")
_BLANKS = re.compile(r"<[\t\r ]*+")
_SPLIT = re.compile(f"{SPACE}++")


class ShellError(Exception):
    """A word that BuildKit refuses; `index` is where in the word."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.message = message
        self.index = index


class RequiredError(ShellError):
    """`${V:?message}` without a value: an error only of a build that gives no such argument."""


class Piece(NamedTuple):
    """Some characters of an expansion, all written in one place.

    Attributes:
        text: the characters; empty where a variable gave nothing.
        word: where they are written; None where they are computed or come from outside the file.
        start: index in `word` of the first of them.
        unit: tells apart the `${…}` inside of which they are written from the rest of the word.
        quoted: whether white space in them does not split words.
    """

    text: str
    word: Word | None = None
    start: int = 0
    unit: int = -1
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """The value of a variable, as an expansion: the pieces it is made of."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The value."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(slots=True)
class Expansion:
    """What a word means.

    Attributes:
        pieces: in order; their texts together are the value.
        found: names that had a value (ProcessWordResult.Matched).
        missing: names that had none (ProcessWordResult.Unmatched).
        absent: those of `missing` for which nothing stood in, so that the value has a hole.
        computed: names whose value was cut or replaced by `#`, `%` or `/`.
    """

    pieces: tuple[Piece, ...] = ()
    found: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    computed: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        """The value."""
        return "".join(piece.text for piece in self.pieces)


def expand(word: Word, variables: Mapping[str, Variable], *, escape: str = "\\") -> Expansion:
    """Expand a word as Lex.ProcessWordWithMatches does.

    Raises:
        ShellError: BuildKit refuses the word.
        RequiredError: it needs a value that only the command line can give.
    """
    text = word.text
    if "$" not in text and escape not in text and "'" not in text and '"' not in text:
        return Expansion(pieces=(Piece(word.text, word, 0, 0),))
    lexer = _Lexer(word, variables, escape)
    lexer.result.pieces = tuple(lexer.until(None))
    return lexer.result


def split_raw(text: str) -> list[str]:
    """The words of a line with quotes and escapes kept, as `heredocsFromLine` asks for them.

    A line that the lexer refuses has no words at all: that is what BuildKit takes it for.
    """
    try:
        return _words(_Lexer(_standalone(text), {}, "\\", raw=True).until(None))
    except ShellError:
        return []


def split_plain(text: str) -> list[str]:
    """The words of a text without their quotes; unset variables are left as they are.

    Raises:
        ShellError: BuildKit refuses the text.
    """
    return _words(_Lexer(_standalone(text), {}, "\\", raw=False, keep_unset=True).until(None))


def _standalone(text: str) -> Word:
    return Word.verbatim(Line(text, ((0, 0),)), 0, len(text))


def _words(pieces: Sequence[Piece]) -> list[str]:
    """Split at white space that is not quoted (wordsStruct in lex.go)."""
    words: list[str] = []
    current: list[str] = []
    for piece in pieces:
        if piece.quoted:
            current.append(piece.text)
            continue
        first, *rest = _SPLIT.split(piece.text)
        current.append(first)
        for part in rest:
            words.append("".join(current))
            current = [part]
    words.append("".join(current))
    return [word for word in words if word]


class _Lexer:
    """One pass over one word (shellWord in lex.go).

    `raw` keeps quotes and escapes in the result and leaves unset variables standing (RawQuotes, RawEscapes
    and SkipUnsetEnv of Lex); `keep_unset` only does the last.
    """

    def __init__(
        self,
        word: Word,
        variables: Mapping[str, Variable],
        escape: str,
        *,
        raw: bool = False,
        keep_unset: bool = False,
    ) -> None:
        self.word = word
        self.text = word.text
        self.variables = variables
        self.escape = escape
        self.raw = raw
        self.keep_unset = raw or keep_unset
        self.index = 0
        self.depth = 0
        self.unit = 0
        self.size = 0
        self.result = Expansion()
        self._literal = re.compile(rf"[^$<'\"}}/{re.escape(escape)}]++")
        self._quoted = re.compile(rf'[^"${re.escape(escape)}]++')

    def until(self, stop: str | None, *, raw_escapes: bool | None = None) -> list[Piece]:
        """Read up to `stop`, or to the end (processStopOn)."""
        raw_escapes = self.raw if raw_escapes is None else raw_escapes
        text, size = self.text, len(self.text)
        begun = self.index
        pieces: list[Piece] = []
        while self.index < size:
            here = self.index
            char = text[here]
            if char == stop:
                self.index += 1
                return pieces
            if char == "$":
                pieces += self._dollar()
            elif char == "'":
                pieces.append(self._single_quote())
            elif char == '"':
                pieces += self._double_quote(raw_escapes=raw_escapes)
            elif char == "<":
                self._possible_heredoc(pieces)
            elif char == self.escape:
                self.index = min(here + 2, size)
                if raw_escapes:
                    pieces.append(self._piece(here, here + 1, quoted=True))
                if here + 1 < size:
                    pieces.append(self._piece(here + 1, here + 2, quoted=True))
            else:
                found = self._literal.match(text, here)
                self.index = found.end() if found else here + 1
                pieces.append(self._piece(here, self.index))
        if stop is not None:
            raise ShellError(f"unexpected end of statement while looking for matching {stop}", begun)
        return pieces

    def _piece(self, start: int, end: int, *, quoted: bool = False) -> Piece:
        return Piece(self.text[start:end], self.word, start, self.unit, quoted)

    def _possible_heredoc(self, pieces: list[Piece]) -> None:
        """`<<` and the blanks after it do not split words (processPossibleHeredoc)."""
        here = self.index
        self.index += 1
        found = _BLANKS.match(self.text, self.index)
        if found is not None:
            self.index = found.end()
        pieces.append(self._piece(here, self.index, quoted=True))

    def _single_quote(self) -> Piece:
        """Everything between single quotes stands for itself (processSingleQuote)."""
        here = self.index
        end = self.text.find("'", here + 1)
        if end < 0:
            raise ShellError("unexpected end of statement while looking for matching single-quote", here)
        self.index = end + 1
        if self.raw:
            return self._piece(here, end + 1, quoted=True)
        return self._piece(here + 1, end, quoted=True)

    def _double_quote(self, *, raw_escapes: bool) -> list[Piece]:
        """Double quotes keep `$` and three escapes (processDoubleQuote)."""
        text, size, here = self.text, len(self.text), self.index
        pieces = [self._piece(here, here + 1, quoted=True)] if self.raw else []
        self.index += 1
        while self.index < size:
            at = self.index
            char = text[at]
            if char == '"':
                self.index += 1
                if self.raw:
                    pieces.append(self._piece(at, at + 1, quoted=True))
                return pieces
            if char == "$":
                pieces += [
                    Piece(piece.text, piece.word, piece.start, piece.unit, quoted=True)
                    for piece in self._dollar()
                ]
            elif char == self.escape:
                if raw_escapes:
                    pieces.append(self._piece(at, at + 1, quoted=True))
                if at + 1 < size and text[at + 1] in ('"', "$", self.escape):
                    at += 1
                self.index = at + 1
                if at + 1 < size:
                    pieces.append(self._piece(at, at + 1, quoted=True))
            else:
                found = self._quoted.match(text, at)
                self.index = found.end() if found else at + 1
                pieces.append(self._piece(at, self.index, quoted=True))
        raise ShellError("unexpected end of statement while looking for matching double-quote", here)

    def _name(self) -> str:
        """The name of a variable, or "" (processName)."""
        if self.text[self.index : self.index + 1] in _SPECIAL_PARAMETERS:
            self.index += 1
            return self.text[self.index - 1]
        found = _NAME.match(self.text, self.index)
        if found is None:
            return ""
        self.index = found.end()
        return found[0]

    def _value(self, name: str) -> Variable | None:
        variable = self.variables.get(name)
        (self.result.missing if variable is None else self.result.found).add(name)
        return variable

    def _use(self, variable: Variable) -> list[Piece]:
        """The pieces of a value; at least one, so that its place in the result is known."""
        self.size += len(variable.text)
        if self.size > _MAX_LENGTH or len(variable.pieces) > _MAX_PIECES:
            raise ShellError(f"the value grows beyond {_MAX_LENGTH} characters", self.index)
        return list(variable.pieces) or [Piece("")]

    def _dollar(self) -> list[Piece]:
        """`$name` and `${name…}` (processDollar)."""
        here = self.index
        self.index += 1
        if self.text[self.index : self.index + 1] == "{":
            self.depth += 1
            if self.depth > _MAX_DEPTH:
                raise ShellError(f"more than {_MAX_DEPTH} substitutions inside each other", here)
            pieces = self._braces(here)
            self.depth -= 1
            return pieces
        name = self._name()
        if not name:
            return [self._piece(here, here + 1)]
        return self._simple(name, here)

    def _simple(self, name: str, here: int) -> list[Piece]:
        """What `$name` or `${name}`, which begins at `here`, stands for."""
        variable = self._value(name)
        if variable is not None:
            return self._use(variable)
        if self.keep_unset:
            return [self._piece(here, self.index)]
        self.result.absent.add(name)
        return [Piece("")]

    def _inner(self, stop: str, *, raw_escapes: bool, missing: str) -> list[Piece]:
        """The word inside of `${…}`, as a unit of its own."""
        outer, self.unit = self.unit, self.index
        try:
            pieces = self.until(stop, raw_escapes=raw_escapes)
        except ShellError as error:
            if self.index >= len(self.text):
                raise ShellError(f"syntax error: missing '{missing}'", error.index) from None
            raise
        self.unit = outer
        return pieces

    def _braces(self, here: int) -> list[Piece]:
        text = self.text
        self.index += 1
        following = text[self.index : self.index + 1]
        if not following:
            raise ShellError("syntax error: missing '}'", here)
        if following in "{}:":
            raise ShellError("syntax error: bad substitution", here)
        name = self._name()
        operator = text[self.index : self.index + 1]
        self.index += 1
        if operator == "}":
            return self._simple(name, here)
        if operator == "/":
            return self._replace(name, here)
        null_is_unset = operator == ":"
        if null_is_unset:
            operator = text[self.index : self.index + 1]
            self.index += 1
        elif operator not in tuple("+-?#%"):
            raise ShellError(f"unsupported modifier ({operator}) in substitution", here)
        if null_is_unset and operator in ("#", "%"):
            raise ShellError(f"unsupported modifier (:{operator}) in substitution", here)
        word = self._inner("}", raw_escapes=operator in ("#", "%"), missing="}")
        return self._operate(name, operator, word, null_is_unset=null_is_unset, here=here)

    def _operate(
        self, name: str, operator: str, word: list[Piece], *, null_is_unset: bool, here: int
    ) -> list[Piece]:
        variable = self._value(name)
        if variable is None and self.keep_unset:
            return [self._piece(here, self.index)]
        empty = variable is None or (null_is_unset and not variable.text)
        match operator:
            case "-":
                return word or [Piece("")] if empty or variable is None else self._use(variable)
            case "+":
                if empty:
                    return [Piece("")]
                return word or [Piece("")]
            case "?":
                if empty or variable is None:
                    why = "".join(piece.text for piece in word)
                    state = "unset" if variable is None else "empty"
                    raise RequiredError(f"{name}: {why or f'is not allowed to be {state}'}", here)
                return self._use(variable)
            case "#" | "%":
                if variable is None:
                    self.result.absent.add(name)
                self.result.computed.add(name)
                pattern = "".join(piece.text for piece in word)
                return self._computed(patterns.trim, variable, pattern, operator, here=here)
            case _:
                raise ShellError(f"unsupported modifier (:{operator}) in substitution", here)

    def _replace(self, name: str, here: int) -> list[Piece]:
        """`${V/pattern/replacement}` and `${V//pattern/replacement}`."""
        every = self.text[self.index : self.index + 1] == "/"
        self.index += every
        pattern = "".join(piece.text for piece in self._inner("/", raw_escapes=True, missing="/' in '${}"))
        new = "".join(piece.text for piece in self._inner("}", raw_escapes=True, missing="}"))
        variable = self._value(name)
        if variable is None:
            if self.keep_unset:
                return [self._piece(here, self.index)]
            self.result.absent.add(name)
        self.result.computed.add(name)
        return self._computed(patterns.replace, variable, pattern, new, every, here=here)

    def _computed(
        self, compute: Callable[..., str], variable: Variable | None, *how: object, here: int
    ) -> list[Piece]:
        """A value that is written nowhere, because it is made from another one."""
        try:
            return [Piece(compute(variable.text if variable else "", *how))]
        except patterns.PatternError as error:
            raise ShellError(str(error), here) from None
