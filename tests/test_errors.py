"""The tree of errors is drawn once, in its module, and the drawing is true."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pinbot import errors
from pinbot.cli.update import exit_code
from pinbot.errors import ConfigError, PinbotError, Several, SourceError
from pinbot.model.plan import Plan, Update, UpdateKind, Version
from pinbot.model.reference import ImageReference
from pinbot.model.report import UpdateReport

PAGE = (Path(__file__).parents[1] / "docs" / "exit-codes.md").read_text(encoding="utf-8")


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


def test_the_page_lists_every_code_with_its_exit_code() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", PAGE, re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert {(code, int(exit_code)) for code, exit_code in rows} == {row[1:][::-1] for row in drawn().values()}


def test_of_several_exit_codes_the_gravest_counts() -> None:
    version = Version(tag="1", digest=None)
    image = ImageReference.parse("alpine:1")
    update = Update(image=image, kind=UpdateKind.PIN, old=version, new=version, occurrences=())
    moved, wrong = Plan(updates=(update,)), Plan(updates=(update,), errors=(SourceError("is odd"),))
    assert [
        exit_code(UpdateReport(plan=Plan()), dry_run=True),
        exit_code(UpdateReport(plan=moved), dry_run=False),
        exit_code(UpdateReport(plan=moved), dry_run=True),
        exit_code(UpdateReport(plan=moved, held=("Dockerfile",)), dry_run=True),
        exit_code(UpdateReport(plan=wrong, held=("Dockerfile",)), dry_run=True),
    ] == [0, 0, 10, 11, 1]


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
