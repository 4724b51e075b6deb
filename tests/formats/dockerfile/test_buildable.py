"""What is refused before a builder sees it, and what is left to the builder."""

import pytest

from pinbot.errors import SyntaxProblem
from pinbot.formats.dockerfile import buildable
from pinbot.model.occurrence import SourceFile


def check(text: str, path: str = "Dockerfile") -> None:
    buildable.check(SourceFile(path=path, data=text.encode()))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", None),
        ("\n \t\n", None),
        ("# syntax=docker/dockerfile:1\n", None),
        ("ARG A=1\n", 1),
        ("# syntax=docker/dockerfile:1\nARG A\nCOPY a b\n", 3),
        ("ARG A\nWORKDIR /app\nFROM scratch\n", 2),
    ],
)
def test_a_file_without_a_stage_is_refused_with_what_to_do(text: str, line: int | None) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        check(text)
    assert (caught.value.file, caught.value.line) == ("Dockerfile", line)
    assert "FROM scratch" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "FROM scratch\n",
        "ARG A=1\nFROM $A\n",
        "# syntax=docker/dockerfile:1\nFROM scratch\n",
        "# syntax=example.com/own:1\nSTAGE x\n",
        "// syntax=docker/dockerfile:1\nbuild: {}\n",
        '{"syntax": "example.com/own:1"}\n',
        "{{ from }}\n",
        "FROM scratch\nCOPY <<E /e\nno end\n",
    ],
)
def test_all_else_is_left_to_the_builder(text: str) -> None:
    check(text)


def test_what_a_preprocessor_makes_is_not_known_before() -> None:
    check('#include "base.in"\n', path="Containerfile.in")
