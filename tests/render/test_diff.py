"""The diff is what `git apply` takes: every one here is really applied."""

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pinbot.render import diff
from tests.render.values import HOSTILE, change

pytestmark = pytest.mark.needs("git")


def applied(folder: Path, path: str, before: bytes, after: bytes) -> bytes:
    """What the file holds after our diff was applied to it."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(before)
    apply(folder, diff.unified([change(path, before, after)]))
    return file.read_bytes()


def apply(folder: Path, patch: bytes) -> None:
    answer = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"],
        cwd=folder,
        input=patch,
        capture_output=True,
        check=False,
    )
    assert answer.returncode == 0, (answer.stderr, patch)


def numbered(count: int, *changed: int, end: bytes = b"\n") -> bytes:
    return b"".join(b"line %d%s%s" % (n, b" new" if n in changed else b"", end) for n in range(count))


def test_a_diff_in_full() -> None:
    patch = diff.unified([change("svc/Dockerfile", numbered(9), numbered(9, 4)), change("b", b"x", b"y")])
    assert patch == (
        b"--- a/svc/Dockerfile\n+++ b/svc/Dockerfile\n@@ -2,7 +2,7 @@\n line 1\n line 2\n line 3\n"
        b"-line 4\n+line 4 new\n line 5\n line 6\n line 7\n"
        b"--- a/b\n+++ b/b\n@@ -1,1 +1,1 @@\n-x\n\\ No newline at end of file\n+y\n"
        b"\\ No newline at end of file\n"
    )


def test_a_file_that_does_not_change_is_not_in_it() -> None:
    assert diff.unified([change(before=b"a\n", after=b"a\n")]) == b""


@pytest.mark.parametrize("gap", range(1, 10))
def test_hunks_are_cut_where_git_cuts_them(tmp_path: Path, gap: int) -> None:
    before, after = numbered(40), numbered(40, 10, 10 + gap)
    (tmp_path / "a").write_bytes(before)
    (tmp_path / "b").write_bytes(after)
    answer = subprocess.run(
        ["git", "diff", "--no-index", "a", "b"], cwd=tmp_path, capture_output=True, check=False
    )
    theirs = [line for line in answer.stdout.splitlines() if line.startswith(b"@@")]
    ours = [
        line for line in diff.unified([change("a", before, after)]).splitlines() if line.startswith(b"@@")
    ]
    assert [line.split(b" @@")[0] for line in theirs] == [line.split(b" @@")[0] for line in ours]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b""])
def test_line_ends_and_the_end_of_the_file_stay(tmp_path: Path, end: bytes) -> None:
    before, after = b"FROM a" + end, b"FROM a@b" + end
    assert applied(tmp_path, "Dockerfile", before, after) == after


@pytest.mark.parametrize(
    "path",
    [
        "with space",
        "ends with space ",
        "with\ttab",
        "line\nbreak",
        'quoted"back\\slash',
        "Größe 日本",
        os.fsdecode(b"latin-\xe9 x"),
        "bell\x07\x7f",
        "looks like a date 2012-01-01 00:00:00",
        "2012-01-01 00:00:00.0 +0000",
        "a/b/deep",
        "-option",
    ],
)
def test_any_file_name_is_understood(tmp_path: Path, path: str) -> None:
    assert applied(tmp_path, path, b"old\n", b"new\n") == b"new\n"


def test_it_is_applied_in_the_folder_where_it_was_made(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "svc" / "api").mkdir(parents=True)
    (tmp_path / "svc" / "api" / "Dockerfile").write_bytes(b"a\n")
    apply(tmp_path / "svc", diff.unified([change("api/Dockerfile")]))
    assert (tmp_path / "svc" / "api" / "Dockerfile").read_bytes() == b"b\n"


def test_an_absolute_path_is_applied_from_the_root_of_the_file_system(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"a\n")
    apply(Path("/"), diff.unified([change(str(path))]))
    assert path.read_bytes() == b"b\n"


LINE = st.binary(max_size=6).map(lambda line: line.replace(b"\n", b""))


@settings(max_examples=60)
@given(lines=st.lists(st.tuples(LINE, st.booleans()), min_size=1, max_size=40), newline=st.booleans())
def test_what_git_applies_is_what_was_meant(lines: list[tuple[bytes, bool]], *, newline: bool) -> None:
    end = b"\n" if newline else b""
    before = b"\n".join(line for line, _ in lines) + end
    after = b"\n".join(line + b"@sha256:00" if line and changes else line for line, changes in lines) + end
    assume(before != after)
    with TemporaryDirectory() as folder:
        assert applied(Path(folder), "Dockerfile", before, after) == after


@pytest.mark.parametrize("colour", [True, False])
def test_a_terminal_gets_no_control_character_but_our_colours(*, colour: bool) -> None:
    text = " ".join(HOSTILE).replace("\n", " ").encode("utf-8", "surrogateescape")
    patch = diff.unified([change("odd\x1b[31m", text + b"\xff old\r\n", text + b"\xff new\r\n")])
    shown = diff.shown(patch, colour=colour)
    for own in ("\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[36m"):
        assert (own in shown) == colour
        shown = shown.replace(own, "")
    assert all(letter.isprintable() for letter in shown.replace("\n", "").replace("\t", ""))
    assert r"\x1b[2J" in shown
    assert r"\xff old\r" in shown


def test_lines_are_coloured_by_what_they_do() -> None:
    shown = diff.shown(diff.unified([change(before=b"x\na\n", after=b"x\nb\n")]), colour=True)
    assert shown == (
        "\x1b[1m--- a/Dockerfile\x1b[0m\n\x1b[1m+++ b/Dockerfile\x1b[0m\n\x1b[36m@@ -1,2 +1,2 @@\x1b[0m\n"
        " x\n\x1b[31m-a\x1b[0m\n\x1b[32m+b\x1b[0m\n"
    )
