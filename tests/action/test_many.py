"""What the Action says of a run over many repositories."""

import json
import re
from typing import Any

from action.many import annotations, outputs, summary
from action.markdown import shortened
from tests.action.test_report import error, update

PULL = {"number": 7, "url": "https://github.com/acme/shop/pull/7", "action": "opened", "note": ""}


def entry(name: str, status: str = "done", **parts: Any) -> dict[str, Any]:
    ran = {"updates": [], "waiting": [], "skipped": [], "current": 0, "written": []}
    common = {"repository": name, "status": status, "reason": None, "notes": [], "calls": 3, "seconds": 0.1}
    head = {"schema": "pinbot/v1", "command": "update", "errors": []}
    return common | head | (ran if status == "done" else {}) | parts


def document(*entries: dict[str, Any], **parts: Any) -> dict[str, Any]:
    head = {"schema": "pinbot/v1", "command": "update", "repositories": list(entries)}
    return head | {"notes": [], "calls": 12, "seconds": 1.0, "errors": []} | parts


SHOP = entry("acme/shop", updates=[update()], current=2, pull_requests=[PULL])
ATTIC = entry("acme/attic", "skipped", reason="it is archived")
LOST = entry("acme/lost", "failed", errors=[error()])


def values(text: str) -> dict[str, Any]:
    pairs = (line.split("=", 1) for line in text.splitlines())
    return {name: json.loads(value or "null") for name, value in pairs}


def test_each_entry_of_the_outputs_names_its_repository() -> None:
    assert values(outputs(document(SHOP, ATTIC, LOST), 1)) == {
        "updates": [{"repository": "acme/shop", **update()}],
        "pull-requests": [{"repository": "acme/shop", **PULL}],
        "changed-files": [],
        "exit-code": 1,
        "verdicts": None,
    }


def test_errors_are_told_with_their_repository_and_at_no_line_of_this_one() -> None:
    placeless = error(file=None, line=None, image=None, hint="", message="no such owner")
    first, second = annotations(document(LOST, errors=[placeless]), dry_run=False)
    assert first == "::error title=pinbot%3A not-found::no such owner"
    properties, text = second.removeprefix("::error ").split("::")
    assert properties == "title=pinbot%3A not-found"
    assert text.split("%0A") == [
        "acme/lost Dockerfile:7",
        "docker.io/library/nosuch:1",
        "there is no such image",
        "check the tag",
    ]


def test_a_test_build_that_failed_is_told() -> None:
    (line,) = annotations(document(entry("acme/shop", held=["Dockerfile"])), dry_run=False)
    assert line == "::error title=pinbot%3A build-failed::acme/shop Dockerfile%0AThe test build did not pass"


def test_the_summary_has_a_row_for_each_repository_with_what_matters_first() -> None:
    quiet = entry("acme/quiet", current=1, pull_requests=[PULL | {"action": "unchanged"}])
    text = summary(document(ATTIC, quiet, SHOP, LOST, notes=["umbrella is left out"]), dry_run=False)
    assert "**4 repositories**: 1 failed, 2 done, 1 skipped; 1 image to change, 12 calls to GitHub." in text
    assert "\n\n`umbrella is left out`\n\n" in text
    rows = re.findall(r"^\| (`acme/.*) \|$", text, re.MULTILINE)
    lost = ("`acme/lost`", "`Dockerfile:7`", "`docker.io/library/nosuch:1`", "`there is no such image`")
    assert rows == [
        "`acme/lost` | failed: 1 error |  |  | 3",
        "`acme/shop` | to change | 1 to change, 2 current | opened: https://github.com/acme/shop/pull/7 | 3",
        "`acme/quiet` | up to date | 1 current | unchanged: https://github.com/acme/shop/pull/7 | 3",
        "`acme/attic` | skipped: `it is archived` |  |  | 3",
        " | ".join((*lost, "`check the tag`")),
    ]


def test_a_dry_run_says_so() -> None:
    assert "Nothing was proposed: this was a dry run." in summary(document(SHOP), dry_run=True)
    assert "dry run" not in summary(document(ATTIC), dry_run=True)


def test_text_from_elsewhere_stays_text() -> None:
    hostile = "a|b\n@all <b>::error::"
    texts = entry("acme/shop", "failed", errors=[error(message=hostile, hint=hostile, file=hostile)])
    text = summary(document(texts, notes=[hostile]), dry_run=False)
    assert "\n@all" not in text
    assert all(not line.startswith("::") for line in text.splitlines())
    assert len(list(annotations(document(texts), dry_run=False))) == 1


def test_one_repository_is_not_many() -> None:
    assert "**1 repository**: 1 done" in summary(document(SHOP), dry_run=False)


def test_a_summary_is_no_longer_than_github_shows() -> None:
    notes = [f"acme{number}é is left out: the installation is suspended" for number in range(50_000)]
    whole = summary(document(SHOP, notes=notes), dry_run=False)
    shown = shortened(whole)
    assert len(whole.encode()) > 1024**2 > len(shown.encode()) > 900_000
    *kept, told = shown.splitlines()
    assert told == "The rest is too long for a summary: it stands in the log."
    assert kept[:-1] == whole.splitlines()[: len(kept) - 1]
    assert shortened(summary(document(SHOP), dry_run=False)) == summary(document(SHOP), dry_run=False)
