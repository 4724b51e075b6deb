"""ARG and ENV inside of stages."""

import pytest

from pinbot.formats.dockerfile.instructions import parse
from pinbot.formats.dockerfile.stages import GlobalScope, stages
from pinbot.formats.dockerfile.text import SourceText
from pinbot.formats.dockerfile.variables import Unknown, Variables, walk
from pinbot.model.occurrence import SourceFile


def user(text: str, *, image: str | None = None) -> str | Unknown:
    """What the last USER of the last stage means; each stage is built on the one before."""
    dockerfile = parse(SourceText(SourceFile(path="Dockerfile", data=text.encode())))
    scope = GlobalScope(dockerfile)
    variables = Variables(image=image)
    meaning: str | Unknown = ""
    for stage in stages(dockerfile):
        at, variables = walk(stage, variables, scope)
        for instruction in stage.following:
            if instruction.name == "USER":
                meaning = at[instruction].meaning(instruction.rest, instruction.escape)
    return meaning


@pytest.mark.parametrize(
    ("lines", "meaning"),
    [
        ("ARG A=1\nUSER $A", "1"),
        ("ENV A=1 B=2\nUSER ${A}:$B", "1:2"),
        ("ENV A 1\nUSER $A", "1"),
        ('ENV A="x y"\nUSER $A', "x y"),
        ("ARG A=1 B=2\nUSER $B", "2"),
        ("ARG A=1\nARG B=${A}0\nUSER $B", "10"),
        ("ENV A=1\nENV A=2 B=$A\nUSER $A$B", "21"),
        ("ENV A=1\nARG A=2\nUSER $A", "1"),
        ("ARG A=1\nENV A=2\nUSER $A", "2"),
        ("ARG A=1\nUSER $A\nARG A=2", "1"),
        ("USER ${A:-7}", "7"),
        ("USER '$A'", "$A"),
        ("USER \\$A", "$A"),
        ("ARG A=1\nUSER ${A:+x}", "x"),
        ("ENV A=grüezi\nUSER $A", "grüezi"),
        ("ENV A=é\nENV B=$A\nUSER $B", "é"),
        ("USER a$A", "a"),
        ("ARG GLOBAL\nUSER $GLOBAL", "9"),
        ("ARG GLOBAL=8\nUSER $GLOBAL", "8"),
        ("USER $GLOBAL", ""),
    ],
)
def test_what_is_set_is_put_in(lines: str, meaning: str) -> None:
    assert user(f"ARG GLOBAL=9\nFROM scratch\n{lines}\n") == meaning


def test_a_stage_has_what_the_one_below_set() -> None:
    assert user("FROM scratch AS a\nENV A=1\nARG B=2\nFROM a\nARG B\nUSER $A$B\n") == "12"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("ARG A\nUSER $A", "A is not known: the ARG has no default"),
        ("ARG TARGETARCH\nUSER $TARGETARCH", "TARGETARCH is not known: it differs from platform to platform"),
        ("ARG A\nENV B=x$A\nUSER $B", "B is not known: A is not known: the ARG has no default"),
        ("ARG EMPTY\nUSER $EMPTY", "EMPTY is not known: the ARG has no default"),
        ("ARG VARIES\nUSER $VARIES", "VARIES is not known: it differs from platform to platform"),
        ("USER ${A:?needed}", "${A:?needed} cannot be expanded: A: needed"),
    ],
)
def test_what_is_not_known_says_why(lines: str, reason: str) -> None:
    head = "ARG EMPTY\nARG VARIES=$TARGETOS\n"
    assert user(f"{head}FROM scratch\n{lines}\n") == Unknown(reason)


def test_an_image_below_may_set_anything_and_scratch_sets_nothing() -> None:
    assert user("FROM alpine\nUSER $A\n", image="alpine") == Unknown(
        "A is set nowhere here, and perhaps by alpine"
    )
    assert user("FROM scratch\nUSER $A\n") == ""
    assert user("FROM alpine\nENV A=1\nUSER $A\n", image="alpine") == "1"
