"""Parser directives: `# escape=`, `# syntax=`, `# check=` in a file's first lines.

Source: DirectiveParser and DetectSyntax in frontend/dockerfile/parser/directives.go.
"""

import json
import re
from dataclasses import dataclass

from pinbot.formats.dockerfile.text import Line, SourceText, Word, skip_space

_KNOWN = frozenset({"syntax", "escape", "check"})
_OPENINGS = frozenset("#/{ \t\r\n")
_OFFICIAL = re.compile(r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?(?:[:@]|\Z)")
_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[ \t\r\f]*=[ \t\r\f]*([^\n]+?)[ \t\r\f]*(?=\n|\Z)")


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: its name in lower case, and its value where it stands."""

    name: str
    value: Word


@dataclass(frozen=True, slots=True)
class Syntax:
    """The frontend that the file asks for.

    `foreign` tells that it is asked for in a way that is no Dockerfile comment (`//`, JSON): the rest of the
    file is then in a language that only that frontend knows.
    """

    image: Word
    foreign: bool

    @property
    def official(self) -> bool:
        """Whether it is BuildKit's own, which knows the same instructions as BuildKit itself."""
        return _OFFICIAL.match(self.image.text) is not None


def directives(source: SourceText) -> tuple[Directive, ...]:
    """What parser.Parse takes for directives: the first comment lines, up to one that is none.

    Raises:
        SyntaxProblem: one is given twice, or the escape character is neither a backslash nor a backtick.
    """
    seen: dict[str, Directive] = {}
    for directive in _read(source, source.start, "#", indented=True):
        if directive.name in seen:
            raise source.problem(
                f"only one {directive.name} parser directive can be used", directive.value.offset(0)
            )
        if directive.name == "escape" and directive.value.text not in ("`", "\\"):
            raise source.problem(
                f"invalid escape token '{directive.value}' does not match ` or \\", directive.value.offset(0)
            )
        seen[directive.name] = directive
    return tuple(seen.values())


def detect_syntax(source: SourceText) -> Syntax | None:
    """The frontend's image in any form that DetectSyntax knows: `#`, `//`, JSON, each also after `#!`."""
    start = source.start
    if source.text[start : start + 1] not in _OPENINGS:
        return None
    if source.text.startswith("#!", start):
        end = source.text.find("\n", start)
        start = end + 1 if end >= 0 else len(source.text)
    for prefix in ("#", "//"):
        seen: set[str] = set()
        for directive in _read(source, start, prefix, indented=False):
            if directive.name in seen:
                break
            seen.add(directive.name)
            if directive.name == "syntax":
                name = directive.value.text.partition(" ")[0]
                return Syntax(directive.value.part(0, len(name)), foreign=prefix != "#")
    image = _json_syntax(source, start)
    return None if image is None else Syntax(image, foreign=True)


def _read(source: SourceText, start: int, prefix: str, *, indented: bool) -> list[Directive]:
    found: list[Directive] = []
    text = source.text
    while True:
        if indented:
            start = skip_space(text, start) if "\n" not in text[start : skip_space(text, start)] else start
        if not text.startswith(prefix, start):
            return found
        after = start + len(prefix)
        end = text.find("\n", after)
        end = len(text) if end < 0 else end
        match = _DIRECTIVE.match(text, min(skip_space(text, after), end), end)
        if match is None or match[1].lower() not in _KNOWN:
            return found
        value = Word.verbatim(Line(match[2], ((0, match.start(2)),)), 0, len(match[2]))
        found.append(Directive(match[1].lower(), value))
        start = end + 1


def _json_syntax(source: SourceText, start: int) -> Word | None:
    """The value of the key `syntax`, where the whole file is one JSON object."""
    text = source.text
    if not text.startswith("{", skip_space(text, start)):
        return None
    try:
        value = json.loads(text[start:])
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("syntax"), str):
        return None
    return _string_of_key(text, skip_space(text, start), "syntax")


def _string_of_key(text: str, start: int, wanted: str) -> Word | None:
    """Where the string stands that is the (last) value of a key of the JSON object at `start`."""
    decoder = json.JSONDecoder()
    found: Word | None = None
    index = start
    while text[index] != "}":
        index = skip_space(text, index + 1)
        if text[index] == "}":
            break
        key, index = decoder.raw_decode(text, index)
        begin = skip_space(text, skip_space(text, index) + 1)
        value, end = decoder.raw_decode(text, begin)
        if key == wanted and isinstance(value, str):
            raw = text[begin + 1 : end - 1]
            found = Word.verbatim(Line(raw, ((0, begin + 1),)), 0, len(raw)) if raw == value else None
        index = skip_space(text, end)
    return found
