"""What a run tells people; the values come from nowhere else."""

import io
from pathlib import Path

import pytest

from pinbot.errors import BuilderError, SourceError
from pinbot.model.build import Limit
from pinbot.model.plan import Plan
from pinbot.model.proposal import PullRequest, PullRequestAction
from pinbot.model.report import UpdateReport
from pinbot.render import text
from pinbot.render.console import Console, console
from tests.render.values import (
    HOSTILE,
    Screen,
    built,
    change,
    failed,
    move,
    occurrence,
    pin,
    skip,
    verdict,
)


@pytest.fixture(autouse=True)
def no_wishes_about_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def out() -> Console:
    return console(io.StringIO(), colour=None)


def told(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_a_scan_is_one_line_a_reference(out: Console) -> None:
    text.scan(out, [occurrence(), occurrence("a/Dockerfile", 12, raw="${X}", reason="X has no value")])
    assert told(out) == (
        "WHERE              KIND  STATUS    IMAGE                          STAGE  PLATFORM  NOTE\n"
        "Dockerfile:1:6     from  unpinned  docker.io/library/alpine:3.22\n"
        "a/Dockerfile:12:6  from  skipped   ${X}                                            X has no value\n"
    )


def test_an_update_tells_what_moved_and_how_the_builds_went(out: Console) -> None:
    report = UpdateReport(
        plan=Plan(updates=(pin(*"abcde"), move())),
        verdicts=(
            verdict(before=built(12_000_000)),
            verdict(failed("no rule", "exit 2"), stage="web", problem="failed at RUN make"),
            verdict(failed(limit=Limit.TIME, step=""), before=built()),
            verdict(BuilderError("buildah is too old for heredocs", hint="use docker")),
        ),
    )
    text.update(out, report)
    assert told(out) == (
        "IMAGE        CHANGE  FROM          TO            FILES\n"
        "alpine:3.22  pin     no digest     222222222222  a, b, c and 2 more\n"
        "alpine:3.22  digest  111111111111  222222222222  Dockerfile\n"
        "\n"
        "TEST BUILD        RESULT                            BEFORE              AFTER    CHANGE\n"
        "Dockerfile        built in 4.2 s by buildah 1.28.2  12.0 MB             12.0 MB  no change\n"
        "Dockerfile (web)  failed after 1.5 s                failed at RUN make\n"
        "Dockerfile        timed out                         12.0 MB\n"
        "Dockerfile        not built                         not built\n"
        "\n"
        "Dockerfile (web) failed at: RUN make\n"
        "  | no rule\n"
        "  | exit 2\n"
        "  without the update: failed at RUN make\n"
        "\n"
        "Dockerfile failed at: an unknown step\n"
        "error: buildah is too old for heredocs\n"
        "  hint: use docker\n"
    )


def test_the_summary_counts_everything_and_names_what_was_left(out: Console) -> None:
    report = UpdateReport(
        plan=Plan(updates=(pin("a", "b"),), skips=(skip(),), errors=(SourceError("is odd"),), current=3),
        held=("b",),
        written=("a",),
        pull_requests=(
            PullRequest(
                number=7, url="https://github.test/7", action=PullRequestAction.OPENED, note="mind it"
            ),
        ),
    )
    text.summary(out, report, moves=True, dry_run=False)
    assert told(out) == (
        "1 image to change in 2 places, 3 up to date, 1 skipped, 1 error.\n"
        "skipped: Dockerfile:3: busybox: it says so\n"
        "left as it was, since its test build or audit did not pass: b\n"
        "written: a\n"
        "pull request opened: https://github.test/7 (mind it)\n"
    )


def test_a_dry_run_says_that_nothing_was_written(out: Console) -> None:
    text.summary(out, UpdateReport(plan=Plan(updates=(pin(), move()))), moves=True, dry_run=True)
    assert told(out) == ("1 image to change in 2 places, 0 up to date.\nnothing was written (--dry-run)\n")


def test_a_diff_in_a_pipe_is_byte_for_byte_what_stands_in_the_files(tmp_path: Path) -> None:
    report = UpdateReport(plan=Plan(changes=(change(before=b"\xff\x1b[31m\r\n", after=b"\xfe\r\n"),)))
    path = tmp_path / "out"
    with path.open("w", encoding="ascii") as stream:
        stream.write("before\n")
        text.changes(console(stream, colour=True), report)
    assert path.read_bytes() == (
        b"before\n--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,1 +1,1 @@\n-\xff\x1b[31m\r\n+\xfe\r\n"
    )


@pytest.mark.parametrize("colour", [True, False])
def test_a_diff_on_a_terminal_is_safe(*, colour: bool) -> None:
    report = UpdateReport(plan=Plan(changes=(change(before=b"\x1b[2J\n", after=b"\x07\n"),)))
    screen = console(Screen(), colour=colour)
    text.changes(screen, report)
    assert r"-\x1b[2J" in told(screen)
    assert ("\x1b[31m-" in told(screen)) == colour
    assert "\x07" not in told(screen)


def test_a_change_that_is_held_back_is_not_in_the_diff(out: Console) -> None:
    report = UpdateReport(plan=Plan(changes=(change("good"), change("bad"))), held=("bad",))
    text.changes(out, report)
    assert "good" in told(out)
    assert "bad" not in told(out)


@pytest.mark.parametrize("odd", HOSTILE)
def test_nothing_reaches_the_terminal_raw(out: Console, odd: str) -> None:
    report = UpdateReport(
        plan=Plan(updates=(pin(odd),), skips=(skip(odd, odd),)),
        verdicts=(verdict(failed(odd, step=odd, builder=odd), dockerfile=odd, problem=odd),),
        held=(odd,),
        written=(odd,),
    )
    text.scan(out, [occurrence(odd, raw=odd, reason=odd)])
    text.update(out, report)
    text.summary(out, report, moves=True, dry_run=False)
    assert all(letter.isprintable() for letter in told(out).replace("\n", "")), repr(told(out))
