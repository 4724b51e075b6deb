"""The tree of errors is drawn once, in its module, and the drawing is true."""

import re
from collections.abc import Iterator

import pytest

from pinbot import errors
from pinbot.errors import ConfigError, PinbotError, Several, SourceError


def drawn() -> dict[str, tuple[str | None, int, str]]:
    """What the module's drawing says: name to parent, exit code and code."""
    found: dict[str, tuple[str | None, int, str]] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        row = re.fullmatch(r" {4}([│├└─ ]*)([A-Z]\w+) +(\d+|exit)  ([a-z-]+|code in JSON)(?:  .*)?", line)
        if row is None:
            continue
        depth = len(row[1]) // 4
        del above[depth:]
        exit_code, code = (1, "error") if row[3] == "exit" else (int(row[3]), row[4])
        found[row[2]] = (above[-1] if above else None, exit_code, code)
        above.append(row[2])
    return found


def tree(kind: type[PinbotError] = PinbotError, parent: str | None = None) -> Iterator[tuple[str, object]]:
    yield kind.__name__, (parent, kind.exit_code, kind.code)
    for child in kind.__subclasses__():
        if child.__module__ == "pinbot.errors":
            yield from tree(child, kind.__name__)


def test_the_drawing_shows_every_error_with_its_codes() -> None:
    assert drawn() == dict(tree())


def test_only_several_shares_its_code_with_its_parent() -> None:
    codes = [kind[2] for name, kind in drawn().items() if name != "Several"]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PinbotError("it broke"), "it broke"),
        (PinbotError("it broke", hint="mend it"), "it broke (mend it)"),
        (PinbotError("it broke", file="a/Dockerfile", line=3, column=7), "a/Dockerfile:3:7: it broke"),
        (PinbotError("it broke", file="Dockerfile", image="alpine"), "Dockerfile: alpine: it broke"),
        (PinbotError("alpine is gone", image="alpine"), "alpine is gone"),
    ],
)
def test_an_error_tells_where_what_and_what_to_do(error: PinbotError, text: str) -> None:
    assert str(error) == text


def test_the_place_can_be_told_by_who_knows_it() -> None:
    error = SourceError("is empty")
    assert error.at(file="Dockerfile", line=2) is error
    assert error.where == "Dockerfile:2"


def test_several_mistakes_keep_their_places_in_one_text() -> None:
    several = Several(
        [
            ConfigError("is odd", file="pinbot.yaml", line=1),
            ConfigError("is even", file="pinbot.yaml", line=2),
        ]
    )
    assert str(several) == "pinbot.yaml:1: is odd; pinbot.yaml:2: is even"
    assert several.exit_code == 2
