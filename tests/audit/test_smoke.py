"""What is made of an image that was started: the worst of what it shows, and nothing of what is fine."""

import pytest

from pinbot.audit import catalog
from pinbot.audit.audit import examine
from pinbot.audit.smoke import SmokeSubject
from pinbot.errors import BuilderError
from pinbot.model.finding import Audit, Profile, Severity
from pinbot.model.smoke import SmokeRun

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def audit(outcome: SmokeRun | BuilderError | None) -> Audit:
    return examine(catalog.SMOKE, SmokeSubject(outcome=outcome), name="app", profile=Profile.ANY)


def ran(code: int | None, *tail: str, refused: str = "") -> SmokeRun:
    return SmokeRun(code=code, tail=tail, refused=refused, runner="podman 4.3.1")


@pytest.mark.parametrize("run", [ran(None), ran(None, "listening"), ran(0), ran(0, "permission denied")])
def test_what_runs_or_ends_well_keeps_the_rule(run: SmokeRun) -> None:
    assert audit(run).kept == ("B13",)


@pytest.mark.parametrize(
    ("run", "severity", "message"),
    [
        (
            ran(None, refused="exec /app: no such file or directory"),
            ERROR,
            "the container does not start: exec /app: no such file or directory",
        ),
        (
            ran(127, "/app: error while loading shared libraries: libm.so.6: cannot open", "bye"),
            ERROR,
            "the loader gives up: '/app: error while loading shared libraries: libm.so.6: cannot open'",
        ),
        (
            ran(127, "Error loading shared library libz.so.1: No such file (needed by /app)"),
            ERROR,
            "the loader gives up: 'Error loading shared library libz.so.1: No such file (needed by /app)'",
        ),
        (ran(139, "about to crash"), ERROR, "it was ended by SIGSEGV: 'about to crash'"),
        (ran(132), ERROR, "it was ended by SIGILL"),
        (ran(137), WARNING, "it was killed, as happens to what takes too much memory"),
        (
            ran(1, "/zone: Permission denied (os error 13)", "giving up"),
            ERROR,
            "it ends with status 1, and was denied something: '/zone: Permission denied (os error 13)'",
        ),
        (
            ran(1, "cannot make /app/log: Read-only file system"),
            ERROR,
            "it ends with status 1, and was denied something: 'cannot make /app/log: Read-only file system'",
        ),
        (ran(78, "no DATABASE_URL"), NOTE, "it ends with status 78: 'no DATABASE_URL'"),
        (ran(2), NOTE, "it ends with status 2"),
    ],
)
def test_what_fails_is_told_by_how_it_fails(run: SmokeRun, severity: Severity, message: str) -> None:
    (finding,) = audit(run).findings
    assert (finding.severity, finding.message) == (severity, message)


def test_what_could_not_be_started_for_other_reasons_is_unchecked() -> None:
    (unchecked,) = audit(BuilderError("there is no sandbox")).unchecked
    assert unchecked.reason == "there is no sandbox"


def test_what_nobody_asked_to_start_is_not_judged() -> None:
    (entry,) = audit(None).inapplicable
    assert entry.rule == "B13"
