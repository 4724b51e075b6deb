"""What the Action does once its packages are installed. It is configured by environment variables alone."""

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from action import checked, event, inputs, many, markdown, packing, report
from pinbot.render.annotations import command

GOOD = (0, 10)
"""Exit codes with which the step succeeds: done, and a dry run that found something to change."""

USAGE = 2

KNOWN, SAVED = "known.json", "saved.json"
"""Files with the verdicts of another job, and for another job."""


def main(environ: Mapping[str, str]) -> int:
    """Run pinbot once and tell GitHub what came of it; returns the exit code of the step."""
    try:
        asked = inputs.read(environ)
    except inputs.BadInput as error:
        _say(command("error", str(error), title="pinbot: wrong input"))
        _append(environ, "GITHUB_OUTPUT", report.outputs({}, USAGE))
        return USAGE
    started_by = event.read(environ)
    allowed, notes = started_by.restrict(asked)
    for note in notes:
        _say(command("notice", note, title="pinbot"))
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder, _plain_text():
        seen = started_by.environment(environ, allowed.secrets, home=Path(home))
        code, written = _pinbot(_with_files(allowed, Path(folder)), seen)
        verdicts, left_out = _saved(Path(folder))
        document = _parse(written)
        told = _teller(document)
        summary = told.summary(document, dry_run=allowed.dry_run) if document else ""
        _say(summary)
    for note in left_out:
        _say(command("warning", note, title="pinbot: verdicts"))
    for line in told.annotations(document, dry_run=allowed.dry_run):
        _say(line)
    _append(environ, "GITHUB_STEP_SUMMARY", markdown.shortened(summary))
    _append(environ, "GITHUB_OUTPUT", told.outputs(document, code, verdicts))
    return 0 if code in GOOD else code


def _teller(document: dict[str, Any]) -> ModuleType:
    """Who knows how to tell of such a document."""
    if "repositories" in document:
        return many
    return checked if "findings" in document else report


def _with_files(asked: inputs.Inputs, folder: Path) -> list[str]:
    """The command line, with the files in which verdicts come and go."""
    first, *more = asked.arguments
    files: list[str] = []
    if asked.verdicts is not None:
        (folder / KNOWN).write_bytes(asked.verdicts)
        files.append(f"--verdicts={folder / KNOWN}")
    if asked.save_verdicts and not asked.many:  # verdicts are about one repository
        files.append(f"--save-verdicts={folder / SAVED}")
    return [first, *files, *more]


def _saved(folder: Path) -> tuple[str, tuple[str, ...]]:
    """The verdicts that pinbot left, as an output, and what had to be left out; none if it left none."""
    try:
        return packing.pack(json.loads((folder / SAVED).read_bytes()))
    except FileNotFoundError:
        return "", ()


@contextmanager
def _plain_text() -> Iterator[None]:
    """Within it no line of the log is a workflow command, whatever a file or a builder makes it say."""
    end = secrets.token_hex(16)
    _say(f"::stop-commands::{end}")
    try:
        yield
    finally:
        _say(f"::{end}::")


def _pinbot(arguments: list[str], environment: Mapping[str, str]) -> tuple[int, bytes]:
    """Run pinbot to its end; what it says on standard error goes to the log as it comes.

    Its modules come from this checkout, never from the folder it runs in (`-I`).
    """
    with subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
        [sys.executable, "-I", "-m", "pinbot", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as process:

        def pass_on(number: int, _: FrameType | None) -> None:
            process.send_signal(number)

        # A cancelled job signals this process alone; pinbot is to clean up what it has begun.
        signal.signal(signal.SIGINT, pass_on)
        signal.signal(signal.SIGTERM, pass_on)
        written, _ = process.communicate()
        return process.returncode, written


def _parse(written: bytes) -> dict[str, Any]:
    """The document; empty when there is none, as when it did not understand its arguments."""
    try:
        document = json.loads(written)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _append(environ: Mapping[str, str], variable: str, text: str) -> None:
    """Add to the file that GitHub named in a variable."""
    with Path(environ[variable]).open("a", encoding="utf-8") as file:
        file.write(text)


def _say(line: str) -> None:
    """Write a line to the log; names of files may hold bytes that are no text."""
    sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(os.environ))
