"""Files that a program turns into Dockerfiles: they are reported, and never edited in half."""

import re
from collections.abc import Iterable

from pinbot.errors import SyntaxProblem
from pinbot.formats.dockerfile.text import SourceText, Word, readable
from pinbot.model.occurrence import Kind, Occurrence, Span, Status

_OPENING = r"\{\{|\{%|<%|%%[A-Za-z_][\w.-]*%%|@@[A-Za-z_][\w.-]*@@"
_MARKER = re.compile(_OPENING)
_MARKED_LINE = re.compile(
    rf"^[ \t]*(?:{_OPENING})|^[ \t]*FROM[ \t][^\n]*(?:{_OPENING})", re.MULTILINE | re.IGNORECASE
)
_FROM = re.compile(
    r"^[ \t]*FROM[ \t]++(?>(?:--\S++[ \t]++)*)(\S[^\n]*?)(?:[ \t]+AS[ \t]+[^\s]+)?[ \t\r]*$",
    re.MULTILINE | re.IGNORECASE,
)


def is_place(text: str) -> bool:
    """Whether a text holds a place for a template engine to fill."""
    return _MARKER.search(text) is not None


def marker_of(written: Iterable[Word]) -> Word | None:
    """The first reference that holds a place for a template engine to fill."""
    return next((word for word in written if is_place(word.text)), None)


def references(source: SourceText, problem: SyntaxProblem) -> tuple[Occurrence, ...] | None:
    """What stands after FROM in a template that BuildKit cannot parse; None if it is no template."""
    failing = source.line_text(problem.line) if problem.line else ""
    if not _MARKER.search(failing) and not _MARKED_LINE.search(source.text):
        return None
    reason = f"the file is a template: BuildKit cannot parse it ({problem.message}, line {problem.line})"
    return tuple(
        Occurrence(
            file=source.file.path,
            position=source.position(found.start(1)),
            span=Span(*found.span(1)),
            kind=Kind.FROM,
            raw=readable(found[1]),
            image=None,
            status=Status.SKIPPED,
            reason=reason,
        )
        for found in _FROM.finditer(source.text)
    )
