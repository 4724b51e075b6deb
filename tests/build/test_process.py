"""Processes are started for real: what matters is what the system does with them."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.build.process import (
    LONGEST_LINE,
    TAIL_LINES,
    Finished,
    clean,
    environment,
    run,
    scratch_folder,
)
from pinbot.errors import BuilderError
from pinbot.model.build import Limit

ENV = {"PATH": os.environ["PATH"]}


def sh(script: str, **options: object) -> Finished:
    return asyncio.run(run(("sh", "-c", script), env=ENV, **{"limit": 30.0, "grace": 0.5, **options}))


def alive(marker: str) -> list[int]:
    """The processes with this argument, zombies aside."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and marker in (folder / "cmdline").read_bytes().decode().split("\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_both_outputs_are_read_together_so_that_neither_can_fill_up() -> None:
    script = "i=0; while [ $i -lt 20000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; exit 3"
    lines: list[str] = []
    finished = sh(script, on_line=lines.append)
    assert finished.code == 3
    assert not finished.good
    assert len(lines) == 40_000
    assert finished.tail == tuple(lines[-TAIL_LINES:])
    assert finished.tail[-2:] == ("out 19999", "err 19999")


def test_lines_are_cleaned_cut_and_kept_apart() -> None:
    script = r"""
    printf '\033[1;31mred\033[0m \033]0;title\007and \342\200\256plain\r\n\n'
    printf 'ten percent\rhundred percent\n'
    printf '\377\376 not utf-8\n'
    head -c 300000 /dev/zero | tr '\0' x; echo
    printf 'no end of line'
    """
    lines: list[str] = []
    sh(script, on_line=lines.append)
    assert lines == [
        "red and plain",
        "ten percent",
        "hundred percent",
        "\ufffd\ufffd not utf-8",
        "x" * LONGEST_LINE,
        "no end of line",
    ]


@given(st.text())
def test_a_clean_line_holds_nothing_that_moves_a_terminal(text: str) -> None:
    cleaned = clean(text)
    assert not any((ord(c) < 32 and c != "\t") or 127 <= ord(c) < 160 for c in cleaned)
    assert clean(cleaned) == cleaned


def test_a_process_sees_only_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_secret")
    finished = asyncio.run(run(("env",), env={**ENV, "NAME": "value"}, limit=30.0))
    assert set(finished.tail) == {f"PATH={os.environ['PATH']}", "NAME=value"}


def test_an_environment_leaves_out_what_is_not_a_builders_business() -> None:
    ours = {"PATH": "/bin", "GITHUB_TOKEN": "x", "HOME": "/root", "HTTPS_PROXY": "http://proxy"}
    assert environment(ours, home="/work", scratch=Path("/scratch")) == {
        "PATH": "/bin",
        "HTTPS_PROXY": "http://proxy",
        "HOME": "/work",
        "TMPDIR": "/scratch",
        "LC_ALL": "C.UTF-8",
    }


def test_nothing_can_be_read_from_standard_input() -> None:
    assert sh("cat; echo end").tail == ("end",)


def test_a_program_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(BuilderError, match="no-such-program cannot be started: No such file"):
        asyncio.run(run(("no-such-program",), env=ENV, limit=30.0))


def test_a_scratch_folder_is_where_the_variable_says_and_goes(tmp_path: Path) -> None:
    with scratch_folder({"TMPDIR": str(tmp_path)}) as folder:
        assert folder.parent == tmp_path
        (folder / "file").touch()
    assert list(tmp_path.iterdir()) == []
    with (
        pytest.raises(BuilderError, match="no temporary folder") as caught,
        scratch_folder({"TMPDIR": "/no"}),
    ):
        pass
    assert "TMPDIR" in caught.value.hint


def test_a_time_out_ends_the_whole_group_even_what_will_not_go() -> None:
    script = """
    trap '' TERM
    sh -c 'trap "" TERM; sleep 41001; sleep 41001' &
    echo started
    sleep 41002; sleep 41002
    """
    finished = sh(script, limit=0.5)
    assert finished.limit is Limit.TIME
    assert not finished.good
    assert finished.tail == ("started",)
    assert finished.code == -signal.SIGKILL
    assert alive("41001") + alive("41002") == []


def test_a_process_that_goes_when_asked_is_not_killed() -> None:
    finished = sh("trap 'echo going; exit 7' TERM; echo started; while :; do sleep 0.05; done", limit=0.5)
    assert finished.limit is Limit.TIME
    assert (finished.code, finished.tail[-1]) == (7, "going")


def test_a_process_that_ends_takes_its_background_along() -> None:
    finished = sh("sleep 41003 & echo done")
    assert finished.good
    assert finished.tail == ("done",)
    assert alive("41003") == []


def test_a_daemon_that_left_the_group_cannot_hold_us_up(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    finished = sh(f"setsid sh -c 'touch {gone}; sleep 41004' & while [ ! -e {gone} ]; do :; done; echo done")
    try:
        assert finished.good
        assert finished.tail == ("done",)
    finally:
        for pid in alive("41004"):
            os.kill(pid, signal.SIGKILL)


def test_cancelling_ends_the_group_and_goes_on_upwards() -> None:
    async def scenario() -> None:
        started = asyncio.Event()
        task = asyncio.create_task(
            run(
                ("sh", "-c", "sleep 41005 & echo started; wait"),
                env=ENV,
                limit=30.0,
                on_line=lambda _: started.set(),
            )
        )
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    assert alive("41005") == []


def test_a_listener_that_fails_ends_the_process() -> None:
    def fail(line: str) -> None:
        raise BrokenPipeError(line)

    with pytest.raises(BrokenPipeError, match="started"):
        sh("echo started; sleep 41006", on_line=fail)
    assert alive("41006") == []


def test_what_is_watched_ends_the_process() -> None:
    async def full() -> Limit:
        await asyncio.sleep(0.05)
        return Limit.DISK

    finished = sh("echo started; sleep 41007", watch=full)
    assert (finished.limit, finished.good, finished.tail) == (Limit.DISK, False, ("started",))
    assert alive("41007") == []
    assert sh("exit 0", watch=full).limit is None
