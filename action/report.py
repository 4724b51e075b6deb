"""pinbot's JSON document, said in GitHub's ways: outputs, annotations and a job summary.

The document holds text from files, registries and builders, all untrusted: none of it may become a workflow
command, an output of another name, or live Markdown.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from action.markdown import optional_cell, table, where
from pinbot.render.annotations import LEVELS, command
from pinbot.render.gfm import cell, code, code_block
from pinbot.render.printable import counted, human_size, size_change

Document = Mapping[str, Any]

_MOST_PLACES = 5
_MOST_LOGS = 5
_ROOM_LOG = 10_000
_SHORT = len("sha256:") + 12


def outputs(document: Document, exit_code: int, verdicts: str = "") -> str:
    """Lines for the file that `GITHUB_OUTPUT` names. Each value is JSON in ASCII: it is one line.

    `verdicts` alone is none: it is what `packing` made, which is one line as well.
    """
    values = {
        "updates": document.get("updates", []),
        "pull-requests": document.get("pull_requests", []),
        "changed-files": document.get("written", []),
        "exit-code": exit_code,
    }
    lines = [f"{name}={json.dumps(value)}\n" for name, value in values.items()]
    return "".join((*lines, f"verdicts={verdicts}\n"))


def annotations(document: Document, *, dry_run: bool) -> Iterator[str]:
    """Workflow commands that show errors, and what a dry run found, at their lines in the files."""
    yield from errors(document)
    for build in document.get("builds", []):
        if not build["ok"]:
            text = f"The test build of {_target(build)} did not pass: {_result(build['after'])}"
            yield command("error", text, title="pinbot: build-failed", file=build["dockerfile"])
        for finding in ((build.get("audit") or {}).get("changes") or {}).get("new", ()):
            text = f"{finding['message']}. To mend it: {finding['remedy']}"
            title = f"pinbot {finding['rule']}: {_target(build)}"
            file = finding["file"] or build["dockerfile"]
            yield command(
                LEVELS[finding["severity"]],
                text,
                title=title,
                file=file,
                line=finding["line"],
                col=finding["column"],
            )
    for wait in document.get("waiting", []):
        text = f"{wait['image']} could move to {wait['new']['digest']}, and waits: {_why(wait)}"
        for location in wait["locations"]:
            yield command("notice", text, title="pinbot: waiting", **place(location))
    for update in document.get("updates", []) if dry_run else ():
        text = _news(update)
        for location in update["locations"]:
            yield command("warning", text, title=f"pinbot: {update['kind']}", **place(location))


def errors(document: Document) -> Iterator[str]:
    """Workflow commands that show what went wrong, at its line in a file if it has one."""
    for error in document.get("errors", []):
        text = "\n".join(filter(None, (error["image"], error["message"], error["hint"])))
        yield command("error", text, title=f"pinbot: {error['code']}", **place(error))


def _news(update: Document) -> str:
    old, new = update["old"], update["new"]
    if old["tag"] != new["tag"]:
        return f"{update['image']} could be {new['tag']}, which is {new['digest']}"
    return f"{update['image']} is {new['digest']} now" + ("" if old["digest"] else ", and has no digest here")


def summary(document: Document, *, dry_run: bool) -> str:
    """The job summary, in Markdown that can be read in a log as well."""
    changes = _scanned(document) if document["command"] == "scan" else _changes(document, dry_run=dry_run)
    parts = (f"### pinbot {document['command']}", *changes, *error_table(document))
    return "\n\n".join(parts) + "\n"


def error_table(document: Document) -> Iterator[str]:
    """What went wrong; nothing where nothing did."""
    rows = [
        (where(error), optional_cell(error["image"]), cell(error["message"]), optional_cell(error["hint"]))
        for error in document["errors"]
    ]
    yield from table(("Error at", "Image", "What happened", "What to do"), rows)


def _scanned(document: Document) -> Iterator[str]:
    references = document.get("references", [])
    statuses = [reference["status"] for reference in references]
    counts = [f"{statuses.count(status)} {status}" for status in ("pinned", "unpinned", "skipped")]
    yield f"**{counted(len(references), 'image reference')}**: {', '.join(counts)}."
    rows = [
        (where(reference), cell(reference["raw"]), reference["status"], optional_cell(reference["reason"]))
        for reference in references
    ]
    yield from table(("Where", "Image", "Status", "Note"), rows)


def _changes(document: Document, *, dry_run: bool) -> Iterator[str]:
    updates, skipped = document.get("updates", []), document.get("skipped", [])
    waiting = document.get("waiting", [])
    places = sum(len(update["locations"]) for update in updates)
    settled = "pinned already" if document["command"] == "pin" else "up to date"
    yield (
        f"**{counted(len(updates), 'image')} to change in {counted(places, 'place')}**, "
        f"{document.get('current', 0)} {settled}, {len(waiting)} waiting, {len(skipped)} skipped, "
        f"{counted(len(document['errors']), 'error')}."
    )
    for pull in document.get("pull_requests", []):
        note = f" ({code(pull['note'])})" if pull["note"] else ""
        yield f"Pull request {pull['action']}: {pull['url']}{note}"
    if updates and dry_run:
        yield "Nothing was written: this was a dry run."
    if held := document.get("held"):
        yield f"Left as it was, since its test build or audit did not pass: {', '.join(map(code, held))}"
    yield from table(("Image", "Change", "From", "To", "Where"), map(_update, updates))
    waits = [(cell(wait["image"]), _version(wait["new"], wait["old"]), cell(_why(wait))) for wait in waiting]
    yield from table(("Waiting", "To", "Why"), waits)
    explained = [row for told in document.get("explanations", []) for row in _explained(told)]
    yield from table(("What changed in", "Platform", "Size", "Packages"), explained)
    yield from _builds(document.get("builds", []))
    yield from _findings(document.get("builds", []))
    left = [(where(skip), cell(skip["image"]), cell(skip["reason"])) for skip in skipped]
    yield from table(("Left as it is", "Image", "Why"), left)


def _update(update: Document) -> tuple[str, ...]:
    places = [where(location) for location in update["locations"]]
    more = len(places) - _MOST_PLACES
    shown = [*places[:_MOST_PLACES], *([f"and {more} more"] if more > 0 else ())]
    return (
        cell(update["image"]),
        update["kind"],
        _version(update["old"], update["new"]),
        _version(update["new"], update["old"]),
        "<br>".join(shown),
    )


def _why(wait: Document) -> str:
    until = f", until {wait['until']}" if wait["until"] else ""
    return f"{wait['reason']}{until}"


def _explained(told: Document) -> Iterator[tuple[str, ...]]:
    """A row for each platform of an image, or why nothing can be told."""
    image, comparison = cell(told["image"]), told["comparison"]
    if comparison is None:
        yield image, "", "", cell(told["problem"]["message"])
        return
    for platform in comparison["platforms"]:
        size = size_change(platform["size"]["old"], platform["size"]["new"])
        yield image, optional_cell(platform["platform"]), size, _packages(platform["packages"])


def _packages(packages: Document | None) -> str:
    if packages is None:
        return "not known"
    changes = packages["changes"]
    shown = [
        cell(" ".join((change["name"], change["old"] or "none", "to", change["new"] or "none")))
        for change in changes[:_MOST_PLACES]
    ]
    more = len(changes) - _MOST_PLACES
    return "<br>".join([*shown, *([f"and {more} more"] if more > 0 else ())]) or "the same"


def _findings(builds: Iterable[Document]) -> Iterator[str]:
    """What the audits of what was built found that was not there before, and how much is gone."""
    rows: list[tuple[str, ...]] = []
    gone = 0
    for build in builds:
        changes = (build.get("audit") or {}).get("changes") or {}
        gone += len(changes.get("gone", ()))
        rows += [
            (cell(_target(build)), finding["rule"], finding["severity"], cell(finding["message"]))
            for finding in changes.get("new", ())
        ]
    yield from table(("New finding in", "Rule", "Severity", "What"), rows)
    if gone:
        yield f"{counted(gone, 'finding')} of the audit gone."


def _version(version: Document, other: Document) -> str:
    digest = optional_cell((version["digest"] or "")[:_SHORT]) or "no digest"
    return digest if version["tag"] == other["tag"] else f"{optional_cell(version['tag'])} {digest}"


def _builds(builds: Sequence[Document]) -> Iterator[str]:
    yield from table(("Test build", "Result", "Before", "After", "Size"), map(_build, builds))
    if any(build.get("earlier") for build in builds):
        yield "The builds ran in an earlier, separate job, and this is what that job said of them."
    failed = [build for build in builds if build["after"].get("tail")]
    for build in failed[:_MOST_LOGS]:
        log = code_block(build["after"]["tail"], room=_ROOM_LOG)
        yield f"The log of {code(_target(build))} ends so:\n\n{log}"


def _build(build: Document) -> tuple[str, ...]:
    before = (build["before"] or {}).get("size")
    after = build["after"].get("size")
    return (
        cell(_target(build)),
        cell(_result(build["after"])),
        "" if before is None else human_size(before),
        "" if after is None else human_size(after),
        "" if before is None or after is None else size_change(before, after),
    )


def _target(build: Document) -> str:
    chosen = ", ".join(filter(None, (build["stage"], build["platform"])))
    return f"{build['dockerfile']} ({chosen})" if chosen else str(build["dockerfile"])


def _result(after: Document) -> str:
    """How a build ended, in plain text."""
    match after["result"]:
        case "built":
            return f"built in {after['seconds']:.1f} s by {after['builder']}"
        case "not-built":
            return f"not built: {after['message']}"
        case result:
            return f"{result} at {after['step'] or 'an unknown step'}"


def place(entry: Document) -> dict[str, Any]:
    """Where a workflow command shows something: what an entry of a document says."""
    return {"file": entry["file"], "line": entry["line"], "col": entry["column"]}
