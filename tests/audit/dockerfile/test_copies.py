"""D8, D10 and D17: what COPY and ADD bring."""

import pytest

from tests.audit.dockerfiles import audit, message, places, unchecked


def inapplicable(text: str) -> set[str]:
    return {entry.rule for entry in audit(text).inapplicable}


# D8


@pytest.mark.parametrize(
    ("mode", "severity"),
    [
        ("4755", "error"),
        ("2755", "error"),
        ("06555", "error"),
        ("u+s", "error"),
        ("g+s,o-w", "error"),
        ("777", "warning"),
        ("0666", "warning"),
        ("a+w", "warning"),
        ("o=rw", "warning"),
        ("+w", "warning"),
        ("775", "note"),
        ("g+w", "note"),
        ("g=u", "note"),
        ("$MODE", "warning"),
    ],
)
def test_a_mode_that_others_can_write_or_that_gives_rights_is_found(mode: str, severity: str) -> None:
    text = f"FROM scratch\nARG MODE=777\nCOPY --chown=1 --chmod={mode} app /app\n"
    assert places("D8", text) == [f"3:24 {severity}"]


@pytest.mark.parametrize("mode", ["755", "0555", "444", "600", "1777", "a+rX", "u=rwX,go=rX", "+x", "go-w"])
def test_a_mode_that_only_the_owner_can_write_is_right(mode: str) -> None:
    assert places("D8", f"FROM scratch\nCOPY --chmod={mode} app /app\n") == []


def test_it_is_seen_in_add_and_in_stages_below_and_not_in_others() -> None:
    text = (
        "FROM alpine AS other\nCOPY --chmod=777 a /a\nFROM scratch AS base\nADD --chmod=777 a /a\nFROM base\n"
    )
    assert places("D8", text) == ["4:13 warning"]
    assert "D8" in inapplicable("FROM alpine AS other\nCOPY --chmod=777 a /a\nFROM scratch\n")


def test_a_mode_that_only_the_command_line_knows_is_not_checked() -> None:
    text = "FROM scratch\nARG MODE\nCOPY --chmod=$MODE a /a\n"
    assert unchecked("D8", text) == ["MODE is not known: the ARG has no default"]


# D10


@pytest.mark.parametrize(
    ("syntax", "expected"),
    [
        ("", ["3:14 warning"]),
        ("# syntax=docker/dockerfile:1.13", ["3:14 error"]),
        ("# syntax=docker.io/docker/dockerfile:1.4.2", ["3:14 error"]),
        ("# syntax=docker/dockerfile:1.7@sha256:" + "0" * 64, ["3:14 error"]),
        ("# syntax=docker/dockerfile:1.14", []),
        ("# syntax=docker/dockerfile:1.20.3", []),
        ("# syntax=docker/dockerfile:1", []),
        ("# syntax=docker/dockerfile:1.9-labs", []),
        ("# syntax=example.org/own:1.2", []),
    ],
)
def test_a_symbolic_mode_needs_a_frontend_that_knows_it(syntax: str, expected: list[str]) -> None:
    text = f"{syntax or '# none'}\nFROM scratch\nCOPY --chmod=u=rwX,go=rX app/ /app/\n"
    assert places("D10", text) == expected


def test_an_octal_mode_is_taken_by_all() -> None:
    text = "# syntax=docker/dockerfile:1.4\nFROM scratch\nCOPY --chmod=555 app/ /app/\n"
    assert "D10" in inapplicable(text)


def test_the_message_names_the_frontend_without_its_digest() -> None:
    text = f"# syntax=docker/dockerfile:1.7@sha256:{'0' * 64}\nFROM scratch\nCOPY --chmod=+x a /a\n"
    assert message("D10", text) == (
        "the symbolic --chmod=+x is refused by docker/dockerfile:1.7, the frontend that the file asks for"
    )


# D17


@pytest.mark.parametrize(
    ("copy", "column"),
    [
        ("COPY --from=build / /", 19),
        ("COPY --from=0 / /", 15),
        ("COPY --from=build /. /", 19),
        ("COPY --from=build /* /", 19),
        ("COPY --from=build . /", 19),
        ("COPY --chown=1:1 --from=build / /srv/", 31),
        ('COPY --from=build ["/", "/"]', 21),
    ],
)
def test_the_whole_root_of_a_stage_is_found(copy: str, column: int) -> None:
    text = f"FROM alpine AS build\nRUN make\nFROM scratch\n{copy}\n"
    assert places("D17", text) == [f"4:{column} warning"]


@pytest.mark.parametrize(
    "copy", ["COPY --from=build /rootfs/ /", "COPY / /", "COPY . /", "COPY --from=build /a /"]
)
def test_a_folder_and_the_build_context_are_not(copy: str) -> None:
    assert places("D17", f"FROM alpine AS build\nRUN make\nFROM scratch\n{copy}\n") == []


def test_a_stage_on_scratch_holds_only_what_was_put_there() -> None:
    text = "FROM scratch AS files\nCOPY a /a\nFROM scratch\nCOPY --from=files / /\n"
    assert places("D17", text) == []


def test_an_image_that_may_be_made_for_it_is_a_note() -> None:
    assert places("D17", "FROM scratch\nCOPY --from=alpine / /\n") == ["2:20 note"]
    assert places("D17", "FROM tonistiigi/xx AS xx\nFROM scratch\nCOPY --from=xx / /\n") == ["3:16 note"]
