"""D15: secrets in ARG and ENV, which are found and never shown."""

import pytest

from tests.audit.dockerfiles import audit, message, places

TOKEN = "ghp_" + "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5"
KEY = "AKIA" + "ZQ7W3E2R6T4Y5U2I"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"ENV X={TOKEN}", "ENV X holds a token of GitHub"),
        (f'ENV A=1 X="{TOKEN}"', "ENV X holds a token of GitHub"),
        (f"ENV X {TOKEN}", "ENV X holds a token of GitHub"),
        (f"ARG X={KEY}", "ARG X holds an access key of AWS"),
        (f"ARG A X='{KEY}' B", "ARG X holds an access key of AWS"),
    ],
)
def test_the_shape_of_a_secret_is_enough(line: str, found: str) -> None:
    text = f"FROM alpine\n{line}\n"
    assert message("D15", text) == found
    assert [place.split()[1] for place in places("D15", text)] == ["error"]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("ENV DB_PASSWORD=hunter22", "2:5"),
        ('ENV A=1 API_KEY="abcdef"', "2:9"),
        ("ENV TOKEN=$TOKEN", "2:5"),
        ("ENV SECRET abc", "2:5"),
        ("ARG GITHUB_TOKEN", "2:5"),
        ("ARG GITHUB_TOKEN=", "2:5"),
        ("ARG A B_PASSWORD=x1y2", "2:7"),
        ("ENV DATABASE_URL=postgres://me:hunter22@db/x", "2:5"),
    ],
)
def test_a_name_is_a_warning(line: str, place: str) -> None:
    assert places("D15", f"FROM alpine\n{line}\n") == [f"{place} warning"]


@pytest.mark.parametrize(
    "line",
    [
        "ENV PATH=/bin",
        "ENV PASSWORD=",
        "ENV PASSWORD_FILE=/run/secrets/x",
        "ENV TOKEN_PATH=/x",
        "ENV USE_TOKEN=true",
        "ENV MAX_TOKENS=300",
        "ENV SECRET=/run/secrets/x",
        "ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
        "ENV PUBLIC_KEY=abcdef",
        "ENV DATABASE_URL=postgres://db/x",
        "ENV DATABASE_URL=postgres://me:${PASSWORD}@db/x",
        "ENV RESET_PASSWORD=resetPassword.sh",
        "ARG KEYBOARD=de",
        "RUN --mount=type=secret,id=t,env=TOKEN curl",
        f"LABEL token={KEY}",
    ],
)
def test_what_is_no_secret_is_left_alone(line: str) -> None:
    assert places("D15", f"FROM alpine\n{line}\n") == []


def test_an_argument_of_a_stage_that_is_not_shipped_and_a_global_one_are_notes() -> None:
    text = "ARG A_TOKEN\nFROM alpine AS build\nARG B_TOKEN\nFROM scratch\nARG C_TOKEN\n"
    assert places("D15", text) == ["1:5 note", "3:5 note", "5:5 warning"]


@pytest.mark.parametrize("value", [TOKEN, "hunter22", "postgres://me:hunter22@db/x"])
def test_no_word_of_an_audit_holds_the_secret(value: str) -> None:
    result = audit(f"FROM alpine\nENV MY_SECRET={value}\nARG OTHER_TOKEN='{value}'\n")
    assert [finding.rule for finding in result.findings].count("D15") == 2
    assert value not in str(result)
    assert "hunter22" not in str(result)
