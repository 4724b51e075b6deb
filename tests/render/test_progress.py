import io

from pinbot.ports.machine import Progress
from pinbot.render.bars import Bars
from pinbot.render.console import console
from pinbot.render.progress import Lines, Quiet
from tests.render.values import Screen


def work(progress: Progress) -> None:
    with progress.step("Resolving", 2) as done:
        done("alpine")
        progress.note("GET \x1b[31m")
        done("[red]rust")
    with progress.step("Building") as done:
        done("STEP 1")


def test_lines_tell_each_step_and_with_details_each_part() -> None:
    for details, expected in (
        (False, "Resolving (2)\nGET \\x1b[31m\nBuilding\n"),
        (True, "Resolving (2)\n  alpine\nGET \\x1b[31m\n  [red]rust\nBuilding\n  STEP 1\n"),
    ):
        stream = io.StringIO()
        work(Lines(console(stream, colour=False), details=details))
        assert stream.getvalue() == expected


def test_quiet_says_nothing_and_lets_work_go_on() -> None:
    work(Quiet())


def test_bars_show_what_is_done_and_go_away() -> None:
    stream = Screen()
    err = console(stream, colour=True)
    err.width = 80
    work(Bars(err))
    shown = stream.getvalue()
    assert "Resolving" in shown
    assert "2/2" in shown
    assert "[red]rust" in shown
    assert "GET \\x1b[31m" in shown
    assert shown.endswith("\x1b[2K")  # the line is erased
