"""What is told of the audit of something that was built, to people and in a pull request."""

import io
import re
from dataclasses import replace

import pytest

from pinbot.errors import ImageError
from pinbot.model.build import Verdict
from pinbot.model.image import Entry, EntryKind
from pinbot.model.inspection import Changes, Difference
from pinbot.render.audit.markdown import audits
from pinbot.render.audit.verdicts import verdict as tell
from pinbot.render.console import console
from tests.render.audit.values import DIFFERENCE, GOOD, INSPECTION, hostile
from tests.render.values import verdict

HOSTILE = [
    "@someone",
    "<img src=x onerror=alert(1)>",
    "](https://evil.example)",
    "a|b\n\n# Heading",
    "`" * 5,
    "\x1b[31mred",
]


def text(one: Verdict) -> str:
    stream = io.StringIO()
    tell(console(stream, colour=False), one)
    return stream.getvalue()


def markdown(*verdicts: Verdict, room: int = 8000) -> str:
    return "\n\n".join(audits(verdicts, room=room))


def test_nothing_is_told_where_nobody_looked() -> None:
    assert text(verdict()) == markdown(verdict()) == ""


def test_an_image_that_cannot_be_looked_into() -> None:
    one = verdict(inspection=ImageError("layer 3 is damaged"))
    assert text(one) == "\nDockerfile not audited: layer 3 is damaged\n"
    assert "| `Dockerfile` | `not audited: layer 3 is damaged` |" in markdown(one)


def test_an_image_without_a_baseline() -> None:
    told = text(verdict(inspection=INSPECTION))
    assert told.startswith("\nDockerfile does not pass the audit: 1 finding\n")
    assert "error    I2   /etc/passwd" in told.replace("'", "")
    assert text(verdict(inspection=replace(INSPECTION, audit=GOOD))).endswith(
        "passes the audit: no findings\n"
    )


def test_what_an_update_did_to_an_image() -> None:
    assert (
        text(verdict(inspection=INSPECTION, difference=DIFFERENCE))
        == """
Dockerfile does not pass the audit: 1 new, 1 gone, 1 as before, 1 not to be compared

error    I2   '/etc/passwd' (mode 0400, owner 0:0) cannot be read by uid 10001
              mend: let everybody read files and search folders: chmod -R a+rX
  gone     I1  no User is set, so it is root
  warning  D9  --chmod=444 takes the x bit of folders
  note     B5  /app/app: it is not stripped
  rustc: 1.89.0 -> 1.90.0
  allocator: none -> musl
  added: /usr/share/zoneinfo/Zulu
  removed: /etc/motd
  file 0555 0:0 is now file 4755 0:0 with capabilities: /app/app

  not checked:
  I11  1 file could not be looked into, since it is large
"""
    )


def test_the_same_in_a_pull_request() -> None:
    told = markdown(verdict(inspection=INSPECTION, difference=DIFFERENCE))
    assert told.startswith(
        "### Audit\n\n| Target | Audit | Size | Allowed | Not checked |\n| --- | --- | --- | --- | --- |\n"
        "| `Dockerfile` | does not pass the audit: 1 new, 1 gone, 1 as before, 1 not to be compared "
        "| 4.2 MB | 15.0 MB | I11 |\n\n`Dockerfile`:\n\n"
    )
    assert (
        "| **new** error | I2 | `'/etc/passwd' (mode 0400, owner 0:0) cannot be read by uid 10001`<br>"
        in told
    )
    assert "| gone error | I1 | `no User is set, so it is root`<br>" in told
    assert "| `rustc` | `1.89.0` | `1.90.0` |" in told
    assert "<details><summary>Dockerfile: 2 findings that were there before</summary>" in told
    assert "| `/app/app` | `yes` | `yes` | `full` |" in told


def test_nothing_new_is_told_in_one_line() -> None:
    same = verdict(inspection=replace(INSPECTION, audit=GOOD), difference=Difference(findings=Changes()))
    assert text(same) == "\nDockerfile passes the audit: no findings, before and after\n"


def test_very_many_files_are_counted() -> None:
    many = tuple(Entry(path=f"zone/{n}", kind=EntryKind.FILE, mode=0o444) for n in range(1000))
    one = verdict(inspection=INSPECTION, difference=replace(DIFFERENCE, added=many))
    assert "  and 990 more files\n" in text(one)
    assert "and 990 more files" in markdown(one)


@pytest.mark.parametrize("name", HOSTILE)
def test_text_from_images_stays_text(name: str) -> None:
    audit = hostile(name)
    findings = Changes(new=audit.findings, gone=audit.findings, same=audit.findings)
    entry = Entry(path=name, kind=EntryKind.FILE, mode=0o644)
    difference = Difference(findings=findings, added=(entry,), altered=((entry, entry),))
    one = verdict(dockerfile=name, inspection=replace(INSPECTION, audit=audit), difference=difference)
    assert "\x1b" not in text(one)
    told = markdown(one)
    for line in told.splitlines():
        outside = "".join(re.sub("`{2,}", "`", line).split("`")[::2])
        assert "@someone" not in outside
        assert "<img" not in outside
        assert "](" not in outside
        assert not line.startswith("# ")


def test_it_keeps_to_its_room() -> None:
    long = replace(INSPECTION, audit=replace(INSPECTION.audit, findings=hostile("x" * 5000).findings * 400))
    findings = Changes(new=long.audit.findings, same=long.audit.findings)
    verdicts = [
        verdict(stage=f"s{n}", inspection=long, difference=replace(DIFFERENCE, findings=findings))
        for n in range(40)
    ]
    assert len(markdown(*verdicts, room=8000)) < 30_000
