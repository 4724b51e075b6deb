"""Findings as annotations: what GitHub's runner makes of each line."""

import re
from dataclasses import replace

import pytest

from pinbot.render.audit.annotations import lines
from tests.render.audit.values import AUDIT, BINARY, CLOSED, CONFIG, LINE, UNCHECKED, hostile
from tests.render.values import HOSTILE


def test_each_finding_is_an_annotation_at_its_place() -> None:
    audit = replace(AUDIT, findings=(CLOSED, CONFIG, LINE, BINARY))
    assert list(lines(audit)) == [
        f"::error title=pinbot I2%3A oci%3Abuild/app::{CLOSED.message}. To mend it: {CLOSED.remedy}",
        f"::error title=pinbot I1%3A oci%3Abuild/app::{CONFIG.message}. To mend it: {CONFIG.remedy}",
        (
            "::warning title=pinbot D9%3A oci%3Abuild/app,file=svc/Dockerfile,line=7,col=3"
            f"::{LINE.message}. To mend it: {LINE.remedy}"
        ),
        (
            "::notice title=pinbot B5%3A oci%3Abuild/app"
            f"::/app/app: {BINARY.message}. To mend it: {BINARY.remedy}"
        ),
        f"::notice title=pinbot I11%3A oci%3Abuild/app::Not checked: {UNCHECKED.reason}",
        "oci:build/app does not pass the audit: 2 errors, 1 warning, 1 note, 1 rule not checked",
    ]


def understood(line: str) -> tuple[str, dict[str, str], str]:
    """As the runner reads it (actions/runner, ActionCommand.cs)."""
    match = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
    assert match, line

    def plain(text: str) -> str:
        for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            text = text.replace(code, character)
        return text

    properties = dict(pair.split("=", 1) for pair in match[2].split(","))
    return match[1], {key: plain(value) for key, value in properties.items()}, plain(match[3])


@pytest.mark.parametrize("name", [*HOSTILE, "a,b:c%0A%", "::error::x", "x\n::stop-commands::y"])
def test_no_name_in_an_image_becomes_a_command_or_a_property(name: str) -> None:
    told = list(lines(hostile(name)))
    assert len(told) == 4
    for line in told[:-1]:
        assert "\n" not in line
        assert line.isprintable() or "\t" in name
        command, properties, _ = understood(line)
        assert command == "notice"
        assert set(properties) <= {"title", "file", "line"}
    assert not told[-1].startswith("::") or name.startswith("::")
