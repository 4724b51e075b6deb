"""What the Action tells of a check."""

from typing import Any

from action.checked import annotations, summary
from tests.action.test_report import error


def finding(rule: str = "outdated", severity: str = "warning", **changes: Any) -> dict[str, Any]:
    return {
        "rule": rule,
        "severity": severity,
        "message": "alpine:3.22 is bbb now, and aaa is pinned",
        "remedy": "run pinbot update",
        "file": "Dockerfile",
        "line": 3,
        "column": 6,
        "image": "docker.io/library/alpine:3.22@sha256:aaa",
        "fix": "alpine:3.22@sha256:bbb",
    } | changes


def document(*findings: dict[str, Any], **parts: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"findings": list(findings), "skipped": [], "current": 2, "errors": []}
    return {"schema": "pinbot/v1", "command": "check"} | empty | parts


def test_each_finding_is_shown_at_its_line_as_grave_as_it_is() -> None:
    found = document(
        finding(), finding("gone", "error", line=9), finding("waiting", "note"), errors=[error()]
    )
    lines = list(annotations(found, dry_run=True))
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning", "::error", "::notice"]
    assert lines[1] == (
        "::warning title=pinbot%3A outdated,file=Dockerfile,line=3,col=6::"
        "alpine:3.22 is bbb now, and aaa is pinned. To mend it: run pinbot update"
    )


def test_the_summary_counts_and_lists() -> None:
    skip = {"image": "$X", "file": "Dockerfile", "line": 5, "reason": "there is no ARG X"}
    found = document(finding(), finding("gone", "error", fix=None), skipped=[skip], errors=[error()])
    text = summary(found, dry_run=False)
    assert "**2 findings**: 1 reference broken, 1 warning; 2 up to date, 1 skipped, 1 error." in text
    assert "| `Dockerfile:3` | outdated | `alpine:3.22 is bbb now, and aaa is pinned` |" in text
    assert "| `Dockerfile:5` | `$X` | `there is no ARG X` |" in text
    assert "`there is no such image`" in text
    assert "**0 findings**: none broken; 2 up to date, 0 skipped, 0 errors." in summary(
        document(), dry_run=False
    )


def test_text_from_elsewhere_stays_text() -> None:
    hostile = "a|b\n@all <b>::error::"
    found = document(finding(message=hostile, file=hostile, fix=hostile))
    text = summary(found, dry_run=False)
    assert "\n@all" not in text
    assert all(not line.startswith("::") for line in text.splitlines())
    assert len(list(annotations(found, dry_run=False))) == 1
