"""From bytes to instructions: lines, continuations, escapes, line ends."""

import re

import pytest

from pinbot.errors import SyntaxProblem
from pinbot.formats.dockerfile.instructions import Dockerfile, parse
from pinbot.formats.dockerfile.text import SourceText
from pinbot.model.occurrence import SourceFile
from tests.formats.dockerfile.reading import images, read
from tests.support.project import ROOT


def parsed(data: str | bytes) -> Dockerfile:
    raw = data.encode() if isinstance(data, str) else data
    return parse(SourceText(SourceFile(path="svc/Dockerfile", data=raw)))


def names(data: str | bytes) -> list[str]:
    return [each.name for each in parsed(data).instructions]


def test_an_instruction_knows_its_bytes_its_lines_and_its_words() -> None:
    data = "FROM a\n\n  copy --chown=1 \\\n  # why\n  --from=b x y\r\nRUN <<E\nz\nE\n"
    _, copy, run = parsed(data).instructions
    assert (copy.name, copy.first_line, copy.last_line) == ("COPY", 3, 5)
    assert copy.span.of(data.encode()) == b"copy --chown=1 \\\n  # why\n  --from=b x y"
    assert [str(flag) for flag in copy.flags] == ["--chown=1", "--from=b"]
    assert [str(word) for word in copy.arguments] == ["x", "y"]
    assert [word.span.of(data.encode()) for word in copy.flag_values("from")] == [b"b"]
    (heredoc,) = run.heredocs
    assert (heredoc.name, heredoc.content.of(data.encode()), run.last_line) == ("E", b"z\n", 8)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "end"])
def test_line_ends_and_a_byte_order_mark_make_no_difference(end: str, start: str, last: str) -> None:
    text = (
        start
        + end.join(["FROM a:1", "RUN x \\", "  y", "FROM b:2", "COPY --from=c:3 d e"])
        + (end if last else "")
    )
    assert images(text) == ["a:1", "b:2", "c:3"]


def test_mixed_line_ends_are_read_line_by_line() -> None:
    assert images("FROM a\r\nRUN x \\\n y \\\r\n z\nFROM b\r\n") == ["a:latest", "b:latest"]


def test_blank_and_comment_lines_inside_a_continuation_are_left_out() -> None:
    assert [
        each.raw for each in read("FROM \\\n\n# one\n   # two \\\n \t\n  alpine:3 \\\n  AS x\nFROM b\n")
    ] == ["alpine:3", "b"]


def test_white_space_after_the_escape_still_continues_the_line() -> None:
    assert names("FROM a\nRUN x \\ \t\n  FROM b\n") == ["FROM", "RUN"]


def test_an_escaped_escape_continues_nothing() -> None:
    assert names("FROM a\nRUN x \\\\\nFROM b\n") == ["FROM", "RUN", "FROM"]


def test_a_name_may_be_cut_by_a_continuation() -> None:
    text = "FR\\\nOM alp\\\nine:3.20\n"
    (found,) = read(text)
    assert str(found.image) == "docker.io/library/alpine:3.20"
    assert found.span.of(text.encode()) == b"alp\\\nine:3.20"


def test_with_a_backtick_as_escape_backslashes_are_letters() -> None:
    text = "# escape=`\nFROM mcr.example/windows:1 AS w\nCOPY a C:\\\nRUN dir `\n  C:\\\nFROM b `\n  AS x\n"
    assert names(text) == ["FROM", "COPY", "RUN", "FROM"]
    assert images(text) == ["mcr.example/windows:1", "b:latest"]


def test_an_escape_directive_after_a_comment_is_a_comment() -> None:
    assert names("# hello\n# escape=`\nFROM a\nRUN x \\\n y\n") == ["FROM", "RUN"]


def test_bytes_that_are_no_utf_8_survive_and_columns_count_characters() -> None:
    data = "FROM a\nRUN echo é\n".encode("latin-1") + 'FROM "é" AS é\n'.encode()[:5] + b"b\n"
    assert images(data) == ["a:latest", "b:latest"]
    (_, second) = read("FROM a\nCOPY --chown=é --from=b:1 x y\n")
    assert (second.position.line, second.position.column, second.span.start) == (2, 23, 30)


def test_a_line_of_a_megabyte_is_read() -> None:
    long = "x" * 1_000_000
    text = f"FROM a\nRUN {long} \\\n && {long}\nENV A='{long}'\nRUN <<E\n{long}\nE\nCOPY --from=b {long} y\n"
    assert images(text) == ["a:latest", "b:latest"]


def test_a_megabyte_of_mounts_in_one_line_is_read() -> None:
    mounts = " ".join(f"--mount=from=i{n}:1,target=/{n}" for n in range(10_000))
    assert len(read(f"FROM a\nRUN {mounts} true\n")) == 10_001


def test_ten_thousand_stages_are_read() -> None:
    stages = "".join(f"ARG U{n}=1\nFROM i{n}:$V AS s{n}\nCOPY --from=s{n // 2} a b\n" for n in range(10_000))
    assert len(read(f"ARG V=1\n{stages}")) == 10_000


def test_ten_thousand_args_with_an_image_each_are_placed() -> None:
    args = "".join(f"ARG V{n}={n}\n" for n in range(10_000))
    stages = "".join(f"FROM i:$V{n}\n" for n in range(10_000))
    assert all(each.place is not None for each in read(args + stages))


@pytest.mark.parametrize(
    ("text", "place", "message", "caret"),
    [
        ("FROM a b\n", (1, 1), "FROM requires either one or three arguments", "FROM a b\n^"),
        ("FROM a AS 1x\n", (1, 11), "invalid name for build stage", "FROM a AS 1x\n          ^"),
        ("FROM a # comment\n", (1, 1), "one or three", "FROM a # comment\n^"),
        ("FROM a\n\tFOO x\n", (2, 2), "unknown instruction: FOO", " FOO x\n ^"),
        ("FROM a\nRUN <<EOF\nx\n", (2, 1), "unterminated heredoc", "RUN <<EOF\n^"),
        ("FROM a\nCOPY é --from=b\nCOPY x\n", (3, 1), "COPY requires at least two", "COPY x\n^"),
        (
            "FROM a\nCOPY --chmod=é --no x y\n",
            (2, 16),
            "unknown flag: --no",
            "COPY --chmod=é --no x y\n               ^",
        ),
        ("FROM a\nCOPY --from=b --from=c x y\n", (2, 15), "duplicate flag", ""),
        ("FROM a\nCOPY --from b x y\n", (2, 6), "missing a value on flag: --from", ""),
        ("FROM a\nCOPY --link=x y z\n", (2, 6), "expecting boolean value", ""),
        ('FROM a\nRUN --mount=a\\"b x\n', (2, 5), "failed to parse csv mounts", ""),
        ("FROM a\nENV A\n", (2, 1), "must have two arguments", ""),
        ("FROM a\nENV A=1 B\n", (2, 1), "can't find = in", ""),
        ("FROM a\nCMD [1]\n", (2, 1), "arrays must be comprised of strings only", ""),
        ("FROM a\nCMD --help\n", (2, 5), "unknown flag: --help", ""),
        ("FROM a\nSHELL x\n", (2, 1), "JSON form", ""),
        ("FROM a\nHEALTHCHECK --interval=3 CMD x\n", (2, 13), "invalid duration", ""),
        ("FROM a\nHEALTHCHECK x\n", (2, 1), "Unknown type", ""),
        ("FROM a\nHEALTHCHECK NONE x\n", (2, 1), "NONE takes no arguments", ""),
        ("FROM a\nONBUILD ONBUILD RUN x\n", (2, 1), "Chaining ONBUILD", ""),
        ("FROM a\nONBUILD FROM x\n", (2, 1), "FROM isn't allowed", ""),
        ("FROM a\nCOPY x <<E\nE\n", (2, 1), "cannot accept a heredoc as a destination", ""),
        ("FROM a\nARG =1\n", (2, 1), "ARG names can not be blank", ""),
        ("FROM a\nUSER\n", (2, 1), "USER requires exactly one argument", ""),
        ("RUN x\nFROM a\n", (1, 1), "no build stage in current context", ""),
        ("ARG A=1\n", (1, 1), "no stages to build", ""),
        ("# escape=x\nFROM a\n", (1, 10), "invalid escape token", "# escape=x\n         ^"),
        ("# escape=`\n# escape=`\nFROM a\n", (2, 10), "only one escape parser directive", ""),
        ("ARG A='1\nFROM a\n", (1, 7), "single-quote", ""),
    ],
)
def test_what_buildkit_refuses_is_refused_with_its_place(
    text: str, place: tuple[int, int], message: str, caret: str
) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        read(text)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == place
    assert caught.value.excerpt is not None
    assert not caret or caught.value.excerpt == caret


def test_the_excerpt_of_a_very_long_line_shows_the_place_only() -> None:
    with pytest.raises(SyntaxProblem) as caught:
        read(f"FROM a\nRUN {' ' * 100_000}--no x\n")
    assert caught.value.excerpt is not None
    line, caret = caught.value.excerpt.split("\n")
    assert len(line) <= 120
    assert line[caret.index("^") :].startswith("--no")


@pytest.mark.parametrize("data", [b"", b"\n", b" \t\r\n", b"# only a comment\n", b"\xef\xbb\xbf"])
def test_a_file_without_instructions_has_no_references(data: bytes) -> None:
    assert read(data) == ()


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Python before 3.11.5, Debian 12's among them, matches such groups wrongly (python/cpython#106052)."""
    for module in (ROOT / "pinbot" / "formats").rglob("*.py"):
        found = re.search(r"\)[*+?]\+", module.read_text())
        assert found is None, f"{module.name}: write (?>(?:…)*) in place of (?:…)*+"
