"""The PyPI package `dockerfile` wraps BuildKit's own parser: what it says is what BuildKit reads.

It wraps an older version, whose rules differ in three ways: text after a JSON array was let pass
(`CMD ["a"] b`), no blanks were allowed after the `<<` of a heredoc, and `# check=` was no directive.
"""

import re

import dockerfile

from pinbot.errors import SyntaxProblem
from pinbot.formats.dockerfile.instructions import KEYWORDS, Instruction, parse
from pinbot.formats.dockerfile.text import SourceText
from pinbot.model.occurrence import SourceFile

Row = tuple[object, ...]

_OLDER_RULES = re.compile(r"\][^\n\S]*[^\s]|<<-?\s|<<-?\\|^\s*#\s*check\s*=", re.IGNORECASE | re.MULTILINE)


def is_comparable(text: str) -> bool:
    """Whether nothing in the text is read by other rules today than by the oracle.

    Nor may there be what the oracle cannot hand over: it cuts HEALTHCHECK between bytes, not characters.
    """
    return _OLDER_RULES.search(text) is None and (text.isascii() or "healthcheck" not in text.lower())


def theirs(text: str) -> list[Row] | None:
    """What BuildKit's parser reads; None where it refuses the file."""
    try:
        commands = dockerfile.parse_string(text)
    except dockerfile.GoParseError:
        return None
    return [
        _judged(
            (command.cmd or "").upper(),
            (command.sub_cmd or "").upper(),
            (command.flags, command.value, command.json),
            command.start_line,
            command.end_line,
            tuple((heredoc.name, heredoc.content) for heredoc in command.heredocs),
        )
        for command in commands
    ]


def _judged(name: str, inner: str, content: Row, *places: object) -> Row:
    """Of instructions that BuildKit does not know or allow its parser keeps no words worth comparing."""
    if name not in KEYWORDS or (inner and inner not in KEYWORDS - {"ONBUILD"}):
        content = ()
    return (name, inner, content, *places)


def ours(text: str) -> list[Row] | None:
    """The same from pinbot's own parser."""
    data = text.encode()
    try:
        instructions = parse(SourceText(SourceFile(path="Dockerfile", data=data))).instructions
        return [_row(each, data) for each in instructions] or None
    except (SyntaxProblem, ValueError):
        return None


def _row(instruction: Instruction, data: bytes) -> Row:
    inner = instruction.trigger or instruction
    return _judged(
        instruction.name,
        inner.name if inner is not instruction else "",
        (
            # extractBuilderFlags takes each byte for a character, as flag.text does.
            tuple(flag.text for flag in instruction.flags),
            tuple(str(word) for word in inner.arguments),
            inner.json,
        ),
        instruction.first_line,
        instruction.last_line,
        tuple(
            (heredoc.name, heredoc.content.of(data).decode(errors="replace"))
            for heredoc in instruction.heredocs
        ),
    )
