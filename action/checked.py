"""The document of `check`, said as `report` says that of an update."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from action import report
from action.markdown import optional_cell, table, where
from pinbot.render.annotations import LEVELS, command
from pinbot.render.gfm import cell
from pinbot.render.printable import counted

Document = Mapping[str, Any]

outputs = report.outputs
"""As of any document: nothing moves."""


def annotations(document: Document, *, dry_run: bool) -> Iterator[str]:
    """Workflow commands that show errors and findings at their lines in the files."""
    del dry_run  # it changes nothing in any case
    yield from report.errors(document)
    for found in document["findings"]:
        text = f"{found['message']}. To mend it: {found['remedy']}"
        yield command(
            LEVELS[found["severity"]], text, title=f"pinbot: {found['rule']}", **report.place(found)
        )


def summary(document: Document, *, dry_run: bool) -> str:
    """The job summary."""
    del dry_run
    findings, skipped = document["findings"], document["skipped"]
    severities = Counter(found["severity"] for found in findings)
    told = "".join(
        f", {counted(severities[level], level)}" for level in LEVELS if level != "error" and severities[level]
    )
    broken = f"{counted(severities['error'], 'reference')} broken" if severities["error"] else "none broken"
    rows = [
        (where(found), found["rule"], cell(found["message"]), optional_cell(found["fix"]))
        for found in findings
    ]
    left = [(where(skip), cell(skip["image"]), cell(skip["reason"])) for skip in skipped]
    counts = (
        f"**{counted(len(findings), 'finding')}**: {broken}{told}; {document['current']} up to date, "
        f"{len(skipped)} skipped, {counted(len(document['errors']), 'error')}."
    )
    parts = (
        "### pinbot check",
        counts,
        *table(("Where", "Finding", "What", "What should stand there"), rows),
        *table(("Left as it is", "Image", "Why"), left),
        *report.error_table(document),
    )
    return "\n\n".join(parts) + "\n"
