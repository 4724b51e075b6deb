"""What people read of an audit."""

import io
from dataclasses import replace

import pytest

from pinbot.model.finding import Audit
from pinbot.model.image import ImageConfig
from pinbot.model.inspection import Inspection
from pinbot.render.audit import text
from pinbot.render.console import console
from tests.render.audit.values import AUDIT, BINARY, CONFIG, GOOD, INSPECTION, LINE, hostile
from tests.render.values import HOSTILE


def shown(found: Inspection | Audit, *, verbose: bool = False) -> str:
    stream = io.StringIO()
    inspection = found if isinstance(found, Inspection) else replace(INSPECTION, audit=found)
    text.show(console(stream, colour=False), inspection, verbose=verbose)
    return stream.getvalue()


def test_the_verdict_comes_first_and_all_there_is_to_know_after_it() -> None:
    assert shown(INSPECTION).splitlines() == [
        "oci:build/app does not pass the audit: 1 error, 1 rule not checked",
        f"  image    sha256:{'4' * 64}",
        "  platform linux/amd64, profile scratch",
        "  size     4.21 MB compressed of 15.00 MB allowed, 3 layers",
        "  starts   /app/app --port 8080",
        "  as       10001:10001, in /app",
        "",
        "PROGRAM   STATIC  PIE  RELRO  NX   STRIPPED  LIBC  ALLOCATOR  RUSTC   LINKER      SHA256",
        f"/app/app  yes     yes  full   yes  yes       musl  jemalloc   1.90.0  none named  {'3' * 64}",
        "",
        "error    I2   '/etc/passwd' (mode 0400, owner 0:0) cannot be read by uid 10001",
        "              mend: let everybody read files and search folders: chmod -R a+rX",
        "",
        "not checked:",
        "  I11  1 file could not be looked into, since it is large",
        "",
        "switched off, but broken: I13",
    ]


def test_verbose_also_tells_what_is_kept_and_what_does_not_apply() -> None:
    lines = shown(AUDIT, verbose=True).splitlines()
    assert lines[-7:] == [
        "",
        "does not apply:",
        "  B7   it is static",
        "",
        "switched off, but broken: I13",
        "",
        "kept: I1",
    ]


def test_a_good_image_is_told_in_few_lines() -> None:
    found = replace(INSPECTION, audit=GOOD, programs=(), budget=None, layers=1, config=ImageConfig())
    assert shown(found).splitlines() == [
        "oci:build/app passes the audit: no findings",
        f"  image    sha256:{'4' * 64}",
        "  platform not told, profile scratch",
        "  size     4.21 MB compressed, 1 layer",
        "  starts   nothing",
        "  as       root, in /",
    ]


def test_each_finding_says_where_it_is() -> None:
    lines = shown(replace(AUDIT, findings=(CONFIG, LINE, BINARY), unchecked=(), ignored=())).splitlines()
    assert lines[0] == "oci:build/app does not pass the audit: 1 error, 1 warning, 1 note"
    assert [line for line in lines if line.startswith(("error", "warning", "note"))] == [
        "error    I1   no User is set, so it is root",
        "warning  D9   svc/Dockerfile:7:3: --chmod=444 takes the x bit of folders",
        "note     B5   /app/app: it is not stripped",
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_an_image_holds_reaches_the_terminal_as_it_is(name: str) -> None:
    told = shown(hostile(name), verbose=True)
    assert all(character.isprintable() or character in "\n\t" for character in told)
    assert len(told.splitlines()) == len(shown(hostile("x"), verbose=True).splitlines())


def test_severities_have_colours_where_there_are_any() -> None:
    stream = io.StringIO()
    text.show(console(stream, colour=True), INSPECTION, verbose=False)
    assert "\x1b[1;31merror" in stream.getvalue()
