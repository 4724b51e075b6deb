"""The commands of a RUN: what a shell would start, word for word and place for place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.formats.dockerfile.commands import Command, commands
from pinbot.formats.dockerfile.instructions import Instruction, parse
from pinbot.formats.dockerfile.text import SourceText
from pinbot.model.occurrence import SourceFile


def run(text: str) -> Instruction:
    file = SourceFile(path="Dockerfile", data=f"FROM alpine\nRUN {text}\n".encode())
    return parse(SourceText(file)).instructions[1]


def found(text: str) -> list[Command]:
    return list(commands(run(text)))


def words(text: str) -> list[list[str]]:
    """Each command: its assignments, then its words."""
    return [[word.text for word in (*each.assignments, *each.words)] for each in found(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b c", [["a", "b", "c"]]),
        ("a && b || c; d & e | f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("a&&b||c;d&e|f|&g", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["g"]]),
        ("(a; b) && { c; d; }", [["a"], ["b"], ["c"], ["d"]]),
        ("! a", [["a"]]),
        ("if a; then b; elif c; then d; else e; fi", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("while a; do b; done", [["a"], ["b"]]),
        ("for x in a b; do c $x; done", [["for", "x", "in", "a", "b"], ["c", "$x"]]),
        ("case $x in a|b) c;; (d) e;; esac", [["case", "$x", "in", "a"], ["b"], ["c"], ["d"], ["e"]]),
        ("f() { a; }; f", [["f"], ["a"], ["f"]]),
        ("A=1 B='2 3' a", [["A=1", "B=2 3", "a"]]),
        ("A=1", [["A=1"]]),
        ("a A=1", [["a", "A=1"]]),
        ("a=(b c) d", [["a=(b c)", "d"], ["b", "c"]]),
    ],
)
def test_commands_are_told_apart(text: str, expected: list[list[str]]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 'b c' \"d e\" f\\ g", ["a", "b c", "d e", "f g"]),
        ("a b'c'\"d\"e", ["a", "bcde"]),
        ("a '' \"\" b", ["a", "", "", "b"]),
        ("a $B ${C} ${D:-e f} '$G'", ["a", "$B", "${C}", "${D:-e f}", "$G"]),
        (r'a "b\"c" "\$d" "e\f"', ["a", 'b"c', "$d", r"e\f"]),
        ("a # b", ["a"]),
        ("a b#c", ["a", "b#c"]),
        ("a >b 2>&1 <c >>d &>e >|f", ["a"]),
        ("a >b c", ["a", "c"]),
        ("a 2 >b", ["a", "2"]),
        ("a <<X b\nc\nX", ["a", "b"]),
        ("a 'b", ["a", "b"]),
        ('a "b', ["a", "b"]),
        ("a \\", ["a"]),
        ("\\\n  a \\\n# a comment\n  b", ["a", "b"]),
    ],
)
def test_words_lose_their_quotes_and_redirections_are_no_words(text: str, expected: list[str]) -> None:
    assert words(text) == [expected]


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("a $(b c)", ["b", "c"]),
        ("a `b c` d", ["b", "c"]),
        ('a "x $(b c) y"', ["b", "c"]),
        ("X=$(b c)", ["b", "c"]),
        ("a <(b c)", ["b", "c"]),
        ("a $(x | $(b c))", ["b", "c"]),
        ("sh -c 'b c'", ["b", "c"]),
        ("/bin/bash -euxo pipefail -c 'x; b c'", ["b", "c"]),
        ("busybox sh -c 'b c'", ["b", "c"]),
        ("sh -c \"sh -c 'b c'\"", ["b", "c"]),
        ('["sh", "-c", "b c"]', ["b", "c"]),
        ('["/usr/bin/env", "b", "c"]', ["b", "c"]),
        ("env -u X A=1 b c", ["A=1", "b", "c"]),
        ("sudo -E -u me b c", ["b", "c"]),
        ("time nice -n 5 b c", ["b", "c"]),
        ("exec timeout -k 5 60 b c", ["b", "c"]),
        ("<<E\nb c\nE", ["b", "c"]),
        ("<<E sh -e\nb \\\n  c\nE", ["b", "c"]),
        ("x && bash <<E\nb c\nE", ["b", "c"]),
        ("<<E\n#!/bin/sh -e\nb c\nE", ["b", "c"]),
        ("<<E\ncat <<X >y\nz z\nX\nb c\nE", ["b", "c"]),
        ("<<E\ncat <<-X\n\tz z\n\tX\nb c\nE", ["b", "c"]),
        ("<<A <<B\nx\nA\nb c\nB", ["b", "c"]),
    ],
)
def test_what_is_handed_on_is_started_too(text: str, inner: list[str]) -> None:
    assert inner in words(text)


@pytest.mark.parametrize(
    "text",
    [
        "echo b c",
        "echo 'b c'",
        "echo '$(b c)'",
        "sh script b c",
        "<<E cat >x\nb c\nE",
        "<<E sh script\nb c\nE",
        "<<E\n#!/usr/bin/env python3\nb c\nE",
        "<<E\ncat <<X\nb c\nX\nE",
        "a # $(b c)",
        '["a", "$(b c)"]',
    ],
)
def test_text_that_is_not_run_is_no_command(text: str) -> None:
    assert ["b", "c"] not in words(text)


def test_a_command_knows_its_name_and_where_it_stands() -> None:
    (command,) = found("A=1 \\\n  /usr/bin/apk add 'grüezi'")
    source = run("").source
    assert (command.name, command.arguments) == ("apk", ("add", "gr\xc3\xbcezi"))
    source = run("A=1 \\\n  /usr/bin/apk add 'grüezi'").source
    places = [source.position(word.span.start) for word in (*command.assignments, *command.words)]
    assert [(place.line, place.column) for place in places] == [(2, 5), (3, 3), (3, 16), (3, 21)]
    assert str(command.words[2]) == "grüezi"


@given(st.text(alphabet="ab \t$(){}[]`'\"\\;&|<>#=\n-", max_size=60))
def test_any_text_can_be_taken_apart_and_each_word_stands_in_it(text: str) -> None:
    instruction = run(f"sh <<'END'\n{text}\nEND") if "\nEND" not in text else run("x")
    data = instruction.source.text
    for command in commands(instruction):
        for word in (*command.assignments, *command.words):
            assert [data[word.offset(index)] for index in range(len(word.text))] == list(word.text)


@pytest.mark.parametrize(
    "text", ["(" * 50_000, "$(" * 50_000, "`" * 50_001, "sh -c '" * 10_000, "a;" * 50_000]
)
def test_hostile_nesting_ends(text: str) -> None:
    assert len(found(f"x {text}")) >= 1
