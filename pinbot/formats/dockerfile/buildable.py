"""Whether there is anything to build in a Dockerfile, told before a builder says it in its own words."""

from pinbot.errors import SyntaxProblem
from pinbot.formats.dockerfile.directives import detect_syntax
from pinbot.formats.dockerfile.instructions import KEYWORDS, parse
from pinbot.formats.dockerfile.stages import misplaced, without_from
from pinbot.formats.dockerfile.text import SourceText
from pinbot.model.occurrence import SourceFile

_MADE_BY_CPP = ".in"
"""buildah and podman have the C preprocessor read what is called so: nobody else knows what is in it."""


def check(file: SourceFile) -> None:
    """Refuse a file that has no FROM, or an instruction before the first.

    All else is left to the builder: also a file that is no Dockerfile, or is in a language of its own.

    Raises:
        SyntaxProblem: there is nothing to build; it says what to do.
    """
    source = SourceText(file)
    syntax = detect_syntax(source)
    if syntax is not None and (syntax.foreign or not syntax.official):
        return
    if file.path.endswith(_MADE_BY_CPP):
        return
    try:
        dockerfile = parse(source)
    except SyntaxProblem:  # the builder has the same to say, and says more
        return
    first = next((one for one in dockerfile.instructions if one.name != "ARG"), None)
    if first is None:
        raise without_from(dockerfile)
    if first.name != "FROM" and first.name in KEYWORDS:
        raise misplaced(first)
