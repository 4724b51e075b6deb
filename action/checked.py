"""The document of `check`, said as `report` says that of an update."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from action import report
from action.markdown import count, optional_cell, table, where
from pinbot.render.annotations import command
from pinbot.render.gfm import cell

Document = Mapping[str, Any]

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}

outputs = report.outputs
"""As of any document: nothing moves."""


def annotations(document: Document, *, dry_run: bool) -> Iterator[str]:
    """Workflow commands that show errors and findings at their lines in the files."""
    del dry_run  # it changes nothing in any case
    yield from report.errors(document)
    for found in document["findings"]:
        place = {"file": found["file"], "line": found["line"], "col": found["column"]}
        text = f"{found['message']}. To mend it: {found['remedy']}"
        yield command(_LEVELS[found["severity"]], text, title=f"pinbot: {found['rule']}", **place)


def summary(document: Document, *, dry_run: bool) -> str:
    """The job summary."""
    del dry_run
    findings, skipped = document["findings"], document["skipped"]
    severities = Counter(found["severity"] for found in findings)
    told = "".join(
        f", {count(severities[level], level)}" for level in _LEVELS if level != "error" and severities[level]
    )
    broken = f"{count(severities['error'], 'reference')} broken" if severities["error"] else "none broken"
    rows = [
        (where(found), found["rule"], cell(found["message"]), optional_cell(found["fix"]))
        for found in findings
    ]
    left = [(where(skip), cell(skip["image"]), cell(skip["reason"])) for skip in skipped]
    counts = (
        f"**{count(len(findings), 'finding')}**: {broken}{told}; {document['current']} up to date, "
        f"{len(skipped)} skipped, {count(len(document['errors']), 'error')}."
    )
    parts = (
        "### pinbot check",
        counts,
        *table(("Where", "Finding", "What", "What should stand there"), rows),
        *table(("Left as it is", "Image", "Why"), left),
        *report.error_table(document),
    )
    return "\n\n".join(parts) + "\n"
