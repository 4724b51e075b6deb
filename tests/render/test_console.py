"""What people see: on a terminal (a real one, by a pty) and in a pipe."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from pinbot.errors import ConfigError, PinbotError, Several
from pinbot.render import console
from tests.render.values import HOSTILE, Screen

COLOURS = ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
ROWS = [
    ("Dockerfile:1:6", ("pinned", "green"), "alpine:3.22"),
    ("services/api/Dockerfile:12:6", "skipped", ""),
]

Maker = Callable[..., tuple[console.Console, io.StringIO]]


@pytest.fixture(autouse=True)
def no_wishes_about_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in COLOURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def piped(*, colour: bool | None = None) -> tuple[console.Console, io.StringIO]:
    stream = io.StringIO()
    return console.console(stream, colour=colour), stream


def terminal(width: int = 80, *, colour: bool | None = None) -> tuple[console.Console, io.StringIO]:
    stream = Screen()
    out = console.console(stream, colour=colour)
    out.width = width
    return out, stream


def test_a_pipe_gets_one_line_a_row_in_columns_without_blanks_at_the_end() -> None:
    out, stream = piped()
    console.table(out, ("WHERE", "STATUS", "IMAGE"), ROWS)
    assert stream.getvalue() == (
        "WHERE                         STATUS   IMAGE\n"
        "Dockerfile:1:6                pinned   alpine:3.22\n"
        "services/api/Dockerfile:12:6  skipped\n"
    )


def test_a_long_cell_in_a_pipe_is_whole_and_moves_no_other_row() -> None:
    out, stream = piped()
    long = "x" * 100_000
    console.table(out, ("A", "B"), [(long, "1"), ("short", "2")])
    assert stream.getvalue().splitlines() == [
        "A" + " " * 61 + "B",
        f"{long}  1",
        "short" + " " * 57 + "2",
    ]


def test_wide_letters_count_as_two_columns() -> None:
    out, stream = piped()
    console.table(out, ("A", "B"), [("日本", "1"), ("abcd", "2")])
    assert stream.getvalue().splitlines() == ["A     B", "日本  1", "abcd  2"]


def test_a_table_without_rows_is_nothing() -> None:
    for out, stream in (piped(), terminal(80)):
        console.table(out, ("A", "B"), [])
        assert stream.getvalue() == ""


@pytest.mark.parametrize("width", [20, 80])
def test_a_terminal_gets_whole_lines_to_wrap_so_that_paths_can_be_copied(width: int) -> None:
    out, stream = terminal(width, colour=False)
    console.table(out, ("WHERE", "STATUS", "IMAGE"), ROWS)
    plain, piped_stream = piped()
    console.table(plain, ("WHERE", "STATUS", "IMAGE"), ROWS)
    assert stream.getvalue() == piped_stream.getvalue()


def test_colours_are_for_terminals() -> None:
    for out, stream in (piped(), terminal(80)):
        console.table(out, ("A",), [(("x", "red"),)])
        assert bool(ESCAPES.search(stream.getvalue())) == stream.isatty()


@pytest.mark.parametrize(
    ("colour", "variables", "coloured"),
    [
        (None, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": "1"}, True),
        (False, {}, False),
        (False, {"FORCE_COLOR": "1"}, False),
        (True, {}, True),
    ],
)
@pytest.mark.parametrize("make", [piped, terminal])
def test_an_option_counts_more_than_a_variable(
    make: Maker,
    colour: bool | None,  # noqa: FBT001 - a parameter of the test
    variables: dict[str, str],
    coloured: bool,  # noqa: FBT001 - a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    out, stream = make(colour=colour)
    console.table(out, ("A",), [(("x", "red"),)])
    assert ("\x1b[31m" in stream.getvalue()) == coloured


def test_without_colours_a_table_on_a_terminal_holds_no_escape_at_all() -> None:
    out, stream = terminal(80, colour=False)
    console.table(out, ("A",), [(("x", "bold red"),)])
    assert "\x1b" not in stream.getvalue()


def test_forced_colours_in_a_pipe_keep_one_line_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    out, stream = piped()
    console.table(out, ("A", "B"), [("x" * 500, ("y", "green"))])
    assert len(stream.getvalue().splitlines()) == 2
    assert ESCAPES.sub("", stream.getvalue()).endswith(f"{'x' * 500}  y\n")


@pytest.mark.parametrize("make", [piped, terminal])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_reaches_the_terminal_raw(make: Maker, text: str) -> None:
    out, stream = make()
    error = PinbotError(
        f"m {text}", hint=f"h {text}", file=f"f {text}", image=f"i {text}", excerpt=f"e {text}"
    )
    console.table(out, ("A", "B"), [(text, (text, "red"))])
    console.errors(out, [error])
    shown = ESCAPES.sub("", stream.getvalue()) if stream.isatty() else stream.getvalue()
    assert all(letter.isprintable() for letter in shown.replace("\n", "")), repr(shown)


def test_an_error_tells_where_what_and_what_to_do() -> None:
    out, stream = piped()
    console.errors(
        out,
        [
            PinbotError(
                "no such image",
                file="a/Dockerfile",
                line=2,
                column=6,
                image="alpine:9",
                excerpt="FROM x\n     ^",
                hint="look",
            ),
            PinbotError("alpine:9 is gone", image="alpine:9"),
            Several([ConfigError("one", file="p", line=1), ConfigError("two", file="p", line=2)]),
        ],
    )
    assert stream.getvalue() == (
        "error: a/Dockerfile:2:6: alpine:9: no such image\n  | FROM x\n  |      ^\n  hint: look\n"
        "error: alpine:9 is gone\nerror: p:1: one\nerror: p:2: two\n"
    )


def test_markup_and_emoji_are_shown_as_they_are_written() -> None:
    out, stream = piped()
    console.errors(out, [PinbotError("[red]x[/red] :smile:")])
    assert stream.getvalue() == "error: [red]x[/red] :smile:\n"


def test_what_the_locale_cannot_write_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "out"
    stream: IO[str]
    with path.open("w", encoding="ascii") as stream:
        console.errors(console.console(stream, colour=None), [PinbotError("Größe 日本")])
    assert path.read_text(encoding="ascii") == "error: Gr\\xf6\\xdfe \\u65e5\\u672c\n"


def test_a_real_terminal_gets_colours_and_whole_lines() -> None:
    script = (
        "import sys;"
        "from pinbot.render import console;"
        "console.table(console.console(sys.stdout, colour=None), ('A', 'B'), [('x' * 50, ('y', 'red'))])"
    )
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=theirs, stdout=theirs, env=environment
    ) as child:
        assert child.wait(60) == 0
    os.close(theirs)
    text = os.read(ours, 65536).decode()
    os.close(ours)
    assert "\x1b[31my\x1b[0m" in text
    assert ESCAPES.sub("", text) == f"A{' ' * 51}B\r\n{'x' * 50}  y\r\n"
