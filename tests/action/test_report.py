import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.report import annotations, outputs, summary
from pinbot.render.annotations import command

OLD = "sha256:" + "a" * 64
NEW = "sha256:" + "b" * 64


def update(**changes: Any) -> dict[str, Any]:
    return {
        "image": "docker.io/library/alpine:3.22",
        "kind": "digest",
        "old": {"tag": "3.22", "digest": OLD},
        "new": {"tag": "3.22", "digest": NEW},
        "locations": [{"file": "Dockerfile", "line": 3, "column": 6}],
    } | changes


def error(**changes: Any) -> dict[str, Any]:
    return {
        "code": "not-found",
        "message": "there is no such image",
        "hint": "check the tag",
        "file": "Dockerfile",
        "line": 7,
        "column": 6,
        "image": "docker.io/library/nosuch:1",
    } | changes


def document(**parts: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"updates": [], "skipped": [], "current": 0, "written": [], "errors": []}
    return {"schema": "pinbot/v1", "command": "update"} | empty | parts


FAILED = {
    "dockerfile": "Dockerfile",
    "context": ".",
    "stage": None,
    "platform": None,
    "ok": False,
    "before": {"result": "built", "size": 8_000_000, "seconds": 2.0, "builder": "buildah 1.28.2"},
    "before_problem": None,
    "after": {
        "result": "failed",
        "step": "RUN make",
        "tail": ["make: *** No rule", "```", "::error::forged"],
        "seconds": 1.5,
        "builder": "buildah 1.28.2",
    },
}
BUILT = {
    "dockerfile": "app/Dockerfile",
    "context": "app",
    "stage": "ci",
    "platform": "linux/arm",
    "ok": True,
    "before": {"result": "built", "size": 8_000_000, "seconds": 2.0, "builder": "buildah 1.28.2"},
    "before_problem": None,
    "after": {"result": "built", "size": 9_000_000, "seconds": 1.5, "builder": "buildah 1.28.2"},
}


def test_the_outputs_are_json() -> None:
    pulls = [{"number": 7, "url": "https://github.com/acme/shop/pull/7", "action": "opened", "note": ""}]
    text = outputs(document(updates=[update()], written=["Dockerfile"], pull_requests=pulls), 0, "eNo=")
    *lines, last = text.splitlines()
    assert last == "verdicts=eNo="
    values = {name: json.loads(value) for name, value in (line.split("=", 1) for line in lines)}
    assert values == {
        "updates": [update()],
        "pull-requests": pulls,
        "changed-files": ["Dockerfile"],
        "exit-code": 0,
    }


def test_without_a_document_the_outputs_are_empty() -> None:
    assert outputs({}, 2) == "updates=[]\npull-requests=[]\nchanged-files=[]\nexit-code=2\nverdicts=\n"


@given(st.text())
def test_no_name_of_a_file_adds_an_output(name: str) -> None:
    text = outputs(document(written=[name]), 0)
    assert text.isascii()
    assert [line.split("=", 1)[0] for line in text.splitlines()] == [
        "updates",
        "pull-requests",
        "changed-files",
        "exit-code",
        "verdicts",
    ]


@given(st.text(), st.text())
def test_a_workflow_command_is_one_line_and_has_the_properties_it_was_given(text: str, file: str) -> None:
    line = command("error", text, file=file, line=3)
    assert not set(line) & {"\r", "\n"}
    properties, _, _ = line.removeprefix("::error ").partition("::")
    assert len(properties.split(",")) == 2
    assert all(part.count("=") >= 1 for part in properties.split(","))


def test_a_workflow_command_without_properties_has_no_blank() -> None:
    assert command("notice", "100 %\nsure", title=None) == "::notice::100 %25%0Asure"


def test_an_error_is_shown_at_its_place() -> None:
    (line,) = annotations(document(errors=[error()]), dry_run=False)
    properties, text = line.removeprefix("::error ").split("::")
    assert properties == "title=pinbot%3A not-found,file=Dockerfile,line=7,col=6"
    assert text == "docker.io/library/nosuch:1%0Athere is no such image%0Acheck the tag"


def test_an_error_without_a_place_is_shown_all_the_same() -> None:
    placeless = error(file=None, line=None, column=None, image=None, hint="")
    assert list(annotations(document(errors=[placeless]), dry_run=False)) == [
        "::error title=pinbot%3A not-found::there is no such image"
    ]


def test_a_failed_build_is_an_error_of_its_dockerfile() -> None:
    (line,) = annotations(document(builds=[FAILED, BUILT]), dry_run=False)
    properties, text = line.removeprefix("::error ").split("::")
    assert properties == "title=pinbot%3A build-failed,file=Dockerfile"
    assert text == "The test build of Dockerfile did not pass: failed at RUN make"


def test_only_a_dry_run_warns_of_what_would_change() -> None:
    pin = update(kind="pin", old={"tag": "3.22", "digest": None})
    newer = update(kind="tag", new={"tag": "3.23", "digest": NEW})
    found = document(updates=[update(), pin, newer])
    assert list(annotations(found, dry_run=False)) == []
    place, text = "file=Dockerfile,line=3,col=6", f"docker.io/library/alpine:3.22 is {NEW} now"
    assert list(annotations(found, dry_run=True)) == [
        f"::warning title=pinbot%3A digest,{place}::{text}",
        f"::warning title=pinbot%3A pin,{place}::{text}, and has no digest here",
        f"::warning title=pinbot%3A tag,{place}::docker.io/library/alpine:3.22 could be 3.23, which is {NEW}",
    ]


def test_the_summary_counts_and_lists() -> None:
    skip = {
        "image": "debian@" + OLD,
        "file": "b/Dockerfile",
        "line": 1,
        "reason": "there is no tag",
    }
    pull = {"number": 7, "url": "https://github.com/acme/shop/pull/7", "action": "opened", "note": ""}
    found = document(
        updates=[update()],
        skipped=[skip],
        current=4,
        pull_requests=[pull],
        errors=[error()],
        held=["Dockerfile"],
    )
    assert summary(found | {"builds": [FAILED, BUILT]}, dry_run=False) == (
        """\
### pinbot update

**1 image to change in 1 place**, 4 up to date, 0 waiting, 1 skipped, 1 error.

Pull request opened: https://github.com/acme/shop/pull/7

Left as it was, since its test build or audit did not pass: `Dockerfile`

| Image | Change | From | To | Where |
| --- | --- | --- | --- | --- |
| `docker.io/library/alpine:3.22` | digest | `sha256:aaaaaaaaaaaa` | `sha256:bbbbbbbbbbbb` | `Dockerfile:3` |

| Test build | Result | Before | After | Size |
| --- | --- | --- | --- | --- |
| `Dockerfile` | `failed at RUN make` | 8.0 MB |  |  |
| `app/Dockerfile (ci, linux/arm)` | `built in 1.5 s by buildah 1.28.2` | 8.0 MB | 9.0 MB | +1.0 MB (+12.5%) |

The log of `Dockerfile` ends so:

````text
make: *** No rule
```
::error::forged
````

| Left as it is | Image | Why |
| --- | --- | --- |
| `b/Dockerfile:1` | `debian@"""
        + OLD
        + """` | `there is no tag` |

| Error at | Image | What happened | What to do |
| --- | --- | --- | --- |
| `Dockerfile:7` | `docker.io/library/nosuch:1` | `there is no such image` | `check the tag` |
"""
    )


def test_the_summary_of_a_scan_counts_by_status() -> None:
    statuses = ("pinned", "unpinned", "unpinned", "skipped")
    references = [
        {"file": "Dockerfile", "line": number, "raw": "a|b", "status": status, "reason": None}
        for number, status in enumerate(statuses, 1)
    ]
    text = summary({"command": "scan", "references": references, "errors": []}, dry_run=False)
    assert "**4 image references**: 1 pinned, 2 unpinned, 1 skipped." in text
    assert r"| `Dockerfile:1` | `a\|b` | pinned |  |" in text


def test_a_dry_run_says_that_nothing_was_written() -> None:
    assert "Nothing was written" in summary(document(updates=[update()]), dry_run=True)
    assert "Nothing was written" not in summary(document(updates=[update()]), dry_run=False)


def test_what_pin_did_not_ask_about_is_not_called_up_to_date() -> None:
    text = summary(document(command="pin", current=2), dry_run=False)
    assert "2 pinned already" in text
    assert "up to date" not in text


@pytest.mark.parametrize("command", ["scan", "update"])
def test_a_run_that_could_not_begin_has_a_summary_too(command: str) -> None:
    text = summary(
        {"command": command, "errors": [error(code="config", message="unknown key")]}, dry_run=False
    )
    assert "`unknown key`" in text


def test_a_long_table_and_a_long_cell_are_cut() -> None:
    many = [{"file": "Dockerfile", "line": number, "column": 1} for number in range(8)]
    text = summary(document(updates=[update(locations=many)] * 130), dry_run=False)
    assert "<br>and 3 more |" in text
    assert text.count("docker.io/library/alpine") == 100
    assert "\nand 30 more\n" in text


def test_a_change_of_the_tag_shows_both() -> None:
    moved = update(kind="tag", new={"tag": "3.23", "digest": NEW})
    assert "| `3.22` `sha256:aaaaaaaaaaaa` | `3.23` `sha256:bbbbbbbbbbbb` |" in summary(
        document(updates=[moved]), dry_run=False
    )


WAIT = update(reason="first seen 2 hours ago", until="2026-01-03T00:00:00Z")


def test_what_waits_is_told_with_the_reason_and_shown_at_its_line() -> None:
    waiting = document(waiting=[WAIT])
    (line,) = annotations(waiting, dry_run=False)
    assert line == command(
        "notice",
        f"docker.io/library/alpine:3.22 could move to {NEW}, and waits: "
        "first seen 2 hours ago, until 2026-01-03T00:00:00Z",
        title="pinbot: waiting",
        file="Dockerfile",
        line=3,
        col=6,
    )
    told = summary(waiting, dry_run=False)
    assert "1 waiting" in told
    assert "first seen 2 hours ago, until 2026-01-03T00:00:00Z" in told


def test_the_summary_tells_what_changed_in_the_images() -> None:
    change = {"name": "busybox", "old": "1.37.0-r18", "new": "1.37.0-r19"}
    gone = {"name": "musl|evil", "old": "1.2.5", "new": None}
    platform = {"platform": "linux/amd64", "size": {"old": 3_000_000, "new": 3_100_000}}
    known = {**platform, "packages": {"changes": [change, gone, *[change] * 5]}}
    unknown = {**platform, "platform": None, "packages": None}
    explanations = [
        {"image": "alpine:3.22", "problem": None, "comparison": {"platforms": [known, unknown]}},
        {"image": "rust:1", "problem": {"message": "the registry did not answer"}, "comparison": None},
    ]
    told = summary(document(explanations=explanations), dry_run=False)
    assert "busybox 1.37.0-r18 to 1.37.0-r19" in told
    assert "musl|evil" not in told
    assert "and 2 more" in told
    assert "not known" in told
    assert "the registry did not answer" in told


def test_the_summary_tells_which_findings_of_the_audit_are_new() -> None:
    finding = {"rule": "I2", "severity": "error", "message": "'/app' can be written by anybody"}
    build = {**BUILT, "audit": {"report": None, "changes": {"new": [finding], "gone": [finding, finding]}}}
    told = summary(document(builds=[build], held=[]), dry_run=False)
    assert "I2 | error |" in told
    assert "can be written by anybody" in told
    assert "2 findings of the audit gone." in told


def test_the_summary_says_where_another_job_built() -> None:
    word = "The builds ran in an earlier, separate job"
    assert word in summary(document(builds=[{**BUILT, "earlier": True}]), dry_run=False)
    assert word not in summary(document(builds=[{**BUILT, "earlier": False}]), dry_run=False)
