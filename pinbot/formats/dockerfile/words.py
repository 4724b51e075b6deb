"""How an instruction's text falls into flags and words.

Each instruction has its own way (the dispatch table of frontend/dockerfile/parser/parser.go).
"""

import json
import re

from pinbot.formats.dockerfile.text import SPACE, WIDE_SPACE, Line, Word, readable, skip_space

# reWhitespace in parser.go: what separates words, which is less than what is trimmed around them.
BLANK = "\t\v\f\r "
_FIELD = re.compile(f"[^{BLANK}]++")
_BLANKS = re.compile(f"[{BLANK}]++")
_PLAIN_FLAG = re.compile(r"--[^\s\x85\xa0'\"\\`]++(?=[\t\n\v\f\r \x85\xa0]|\Z)", re.ASCII)
# unicode.IsSpace of a single byte, which is how extractBuilderFlags reads.
_BYTE_SPACE = frozenset("\t\n\v\f\r \x85\xa0")

_STRING = r'"(?>(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"'
_STRINGS = re.compile(rf"\[[ \t\r\n]*+(?:{_STRING}(?>(?:[ \t\r\n]*+,[ \t\r\n]*+{_STRING})*)[ \t\r\n]*+)?\]")
_ONE_STRING = re.compile(_STRING)


class NotStrings(ValueError):
    """A JSON array that holds something else than strings (errDockerfileNotStringArray)."""


def split_flags(line: Line, start: int, end: int, escape: str) -> tuple[list[Word], int]:
    """The `--flags` from `start` on, quotes and escapes taken away, and where the rest begins.

    Source: extractBuilderFlags in frontend/dockerfile/parser/split_command.go.
    """
    text = line.text
    flags: list[Word] = []
    index = start
    if "!" <= text[index : index + 1] != "-":
        return flags, index
    while True:
        while index < end and text[index] in _BYTE_SPACE:
            index += 1
        if not text.startswith("--", index, end):
            return flags, index
        found = _PLAIN_FLAG.match(text, index, end)
        if found is not None:
            word, index = Word.verbatim(line, index, found.end()), found.end()
        else:
            word, index = _quoted_flag(line, index, end, escape)
        if word.text == "--":
            return flags, index
        flags.append(word)


def _quoted_flag(line: Line, start: int, end: int, escape: str) -> tuple[Word, int]:
    """A flag with quotes or escapes in it, and where it ends."""
    text = line.text
    places: list[int] = []
    quote = ""
    index = start
    while index < end:
        char = text[index]
        if not quote and char in _BYTE_SPACE:
            break
        if quote and char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char == escape:
            index += 1
            if index < end:
                places.append(index)
        else:
            places.append(index)
        index += 1
    value = "".join([text[place] for place in places])
    return Word(line, value, tuple(places)), min(index, end)


def split_fields(line: Line, start: int, end: int) -> list[Word]:
    """Words between blanks, quotes having no meaning (parseStringsWhitespaceDelimited)."""
    return [Word(line, found[0], range(*found.span())) for found in _FIELD.finditer(line.text, start, end)]


def split_quoted(line: Line, start: int, end: int, escape: str) -> list[Word]:
    """Words between white space, quotes holding words together and kept (parseWords)."""
    sign = re.escape(escape)
    word = re.compile(
        rf"{SPACE}*+((?>(?:{sign}.|[^\s'\"{sign}\x80-\xff]"
        rf"|\"(?>(?:[^\"{sign}]|{sign}.)*)(?:\"|(?={sign}?\Z))|'[^']*+(?:'|\Z)"
        rf"|(?!{WIDE_SPACE})[\x80-\xff])+))",
        re.ASCII | re.DOTALL,
    )
    return [Word.verbatim(line, *found.span(1)) for found in word.finditer(line.text[:end], start)]


def split_json(line: Line, start: int, end: int) -> list[Word] | None:
    """The strings of a JSON array; None where the text is no JSON array (parseJSON).

    Raises:
        NotStrings: it is one, but of something else.
    """
    text = line.text
    start = skip_space(text, start)
    if not text.startswith("[", start):
        return None
    found = _STRINGS.match(text, start, end)
    if found is not None and not text[found.end() : end].strip(" \t\r\n"):
        words = []
        for string in _ONE_STRING.finditer(text, start, found.end()):
            at, until = string.start() + 1, string.end() - 1
            word = Word.verbatim(line, at, until)
            words.append(Word(line, _unescaped(string[0]), word.places) if "\\" in word.text else word)
        return words
    try:
        json.loads(text[start:end], parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    raise NotStrings("when using JSON array syntax, arrays must be comprised of strings only")


def _unescaped(string: str) -> str:
    """The value of a JSON string, as Latin-1 for UTF-8 like all text here."""
    value: str = json.loads(readable(string))
    return value.encode("utf-8", "replace").decode("latin-1")


def _refuse_constant(name: str) -> None:
    """Go's encoding/json knows no NaN and no Infinity."""
    raise ValueError(name)


def split_csv(word: Word) -> list[Word]:
    """The fields of a `--mount` value (github.com/tonistiigi/go-csvvalue, as parseMount uses it).

    Raises:
        ValueError: quotes that are not closed, or stand where no quote may.
    """
    text, size = word.text, len(word.text)
    if not text:
        raise ValueError("it is empty")
    fields: list[Word] = []
    index = 0
    while True:
        if text.startswith('"', index):
            places: list[int] = []
            index += 1
            while True:
                end = text.find('"', index)
                if end < 0:
                    raise ValueError("a quoted field is not closed")
                places += range(index, end)
                index = end + 1
                if not text.startswith('"', index):
                    break
                places.append(index)
                index += 1
            value = "".join([text[place] for place in places])
            fields.append(Word(word.line, value, tuple([word.places[place] for place in places])))
            if index < size and text[index] != ",":
                raise ValueError("text after a quoted field")
        else:
            end = text.find(",", index)
            end = size if end < 0 else end
            if '"' in text[index:end]:
                raise ValueError("a quote inside a field that is not quoted")
            fields.append(word.part(index, end))
            index = end
        if index >= size:
            return fields
        index += 1


def split_key_values(line: Line, start: int, end: int, escape: str) -> list[Word]:
    """Names and values of ENV and LABEL, in turn (parseNameVal).

    Raises:
        ValueError: neither `name=value …` nor the old `name value`; the message is BuildKit's.
    """
    words = split_quoted(line, start, end, escape)
    if not words:
        return []
    if "=" not in words[0].text:
        blank = _BLANKS.search(line.text, start, end)
        if blank is None:
            raise ValueError("a name needs a value: it must have two arguments")
        return [Word.verbatim(line, start, blank.start()), Word.verbatim(line, blank.end(), end)]
    pairs: list[Word] = []
    for word in words:
        name, equals, _ = word.text.partition("=")
        if not equals:
            raise ValueError(f'Syntax error - can\'t find = in "{word}". Must be of the form: name=value')
        pairs += (word.part(0, len(name)), word.part(len(name) + 1))
    return pairs
