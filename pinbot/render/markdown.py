"""Values to the Markdown of a pull request.

Whatever comes from files, registries and builders is untrusted: it stands in code spans and code blocks
only, where GitHub follows no link, mentions nobody and reads no HTML.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from pinbot.errors import PinbotError
from pinbot.model.build import BuiltImage, FailedBuild, Verdict
from pinbot.model.plan import Update, UpdateKind, Version
from pinbot.model.report import UpdateReport
from pinbot.render.printable import human_size, printable, size_change

LIMIT = 65_536
"""Characters that GitHub takes in one body."""

_MOST_ROWS = 100
_MOST_CELL = 160
_MOST_LINE = 300
_MOST_LOGS = 5


def pull_request_body(report: UpdateReport) -> str:
    """What a reviewer needs: what moves and whether it was built, then the details."""
    updates = report.passed_updates
    parts = [
        _verdict_line(report, updates),
        _table(("Image", "Change", "From", "To", "Files"), [_update_row(update) for update in updates]),
        *_builds(report.verdicts),
        *_left_out(report),
        _how_to(updates),
        marker(updates),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def marker(updates: Iterable[Update]) -> str:
    """The hidden line by which a later run knows what a pull request proposed."""
    proposed = [
        {"image": str(update.image), "digest": str(update.new.digest)}
        for update in updates
        if update.new.digest is not None
    ]
    text = json.dumps({"updates": proposed[:_MOST_ROWS]}, separators=(",", ":"))
    return f"<!-- pinbot: {text.replace('-->', '')} -->"


def code(text: str, *, most: int = _MOST_CELL) -> str:
    """A code span that shows exactly this text, also in a table."""
    shown = printable(text)
    if len(shown) > most:
        shown = shown[: most - 1] + "…"
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest or not shown.strip() else ""
    return f"{fence}{space}{shown}{space}{fence}".replace("|", r"\|")


def code_block(lines: Iterable[str]) -> str:
    """A fenced block that its content cannot leave."""
    text = "\n".join(printable(line)[:_MOST_LINE] for line in lines)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _verdict_line(report: UpdateReport, updates: Sequence[Update]) -> str:
    pins = sum(update.kind is UpdateKind.PIN for update in updates)
    moves = len(updates) - pins
    told = []
    if pins:
        told.append(f"pins {pins} base image{'s' if pins > 1 else ''}")
    if moves:
        told.append(f"moves {moves} base image{'s' if moves > 1 else ''} to what the tag means now")
    built = [verdict for verdict in report.verdicts if verdict.good]
    if built:
        shown = ", ".join(code(verdict.target.name) for verdict in built[:3])
        more = f" and {len(built) - 3} more" if len(built) > 3 else ""  # noqa: PLR2004 - as sliced above
        proof = f"**The test build passed**: {shown}{more}."
    else:
        proof = "**Not test-built.**"
    return f"This {' and '.join(told)}. {proof}"


def _update_row(update: Update) -> tuple[str, ...]:
    files = [f"{occurrence.file}:{occurrence.position.line}" for occurrence in update.occurrences]
    shown = "<br>".join(code(file) for file in files[:5])
    more = f"<br>and {len(files) - 5} more" if len(files) > 5 else ""  # noqa: PLR2004 - as sliced above
    return (
        code(update.image.familiar),
        str(update.kind),
        _version(update.old, update.new),
        _version(update.new, update.old),
        shown + more,
    )


def _version(version: Version, other: Version) -> str:
    digest = code(version.digest.short) if version.digest else "no digest"
    return digest if version.tag == other.tag else f"{code(version.tag or '')} {digest}"


def _builds(verdicts: Sequence[Verdict]) -> Iterator[str]:
    if not verdicts:
        return
    yield "### Test build"
    header = ("Target", "Result", "Before", "After", "Size", "Time", "Builder")
    yield _table(header, [_verdict_row(verdict) for verdict in verdicts])
    yield "Sizes are compressed: what a client downloads. Both sides were built by the same builder."
    failed = [verdict for verdict in verdicts if isinstance(verdict.after, FailedBuild)]
    for verdict in failed[:_MOST_LOGS]:
        assert isinstance(verdict.after, FailedBuild)  # noqa: S101 - just filtered
        title = f"{code(verdict.target.name)} failed at {code(verdict.after.step or 'an unknown step')}"
        yield f"{title}\n\n{code_block(verdict.after.tail)}"


def _verdict_row(verdict: Verdict) -> tuple[str, ...]:
    name = code(verdict.target.name)
    before = (
        human_size(verdict.before.size) if verdict.before else code(verdict.before_problem or "not built")
    )
    match verdict.after:
        case BuiltImage() as after:
            change = size_change(verdict.before.size, after.size) if verdict.before else ""
            time = f"{after.seconds:.1f} s"
            return name, "passed", before, human_size(after.size), change, time, code(after.builder)
        case FailedBuild() as after:
            result = "timed out" if after.timed_out else "failed"
            return name, result, before, "", "", f"{after.seconds:.1f} s", code(after.builder)
        case PinbotError() as error:
            return name, f"not built: {code(error.message)}", before, "", "", "", ""


def _left_out(report: UpdateReport) -> Iterator[str]:
    rows = [
        *((code(path), "its test build did not succeed; see above") for path in report.held),
        *((code(_place(error)), code(error.message)) for error in report.plan.errors),
        *((code(f"{skip.file}:{skip.line}"), code(skip.reason)) for skip in report.plan.skips),
    ]
    if rows:
        yield _details("Left as it is", _table(("Where", "Why"), rows))


def _place(error: PinbotError) -> str:
    return ": ".join(part for part in (error.where, error.image or "") if part)


def _how_to(updates: Sequence[Update]) -> str:
    only = updates[0].image.familiar if len(updates) == 1 else None
    command = "pinbot update --build" + (f" --only '{only}'" if only else "")
    return _details(
        "How to reproduce, ignore or change this",
        "Run the same by hand, in a checkout of the base branch:\n\n"
        f"{code_block((command,))}\n\n"
        "To leave a reference alone, write `# pinbot: ignore` on the line above it. "
        "The branch is rebuilt when a digest moves again; commits that a person adds to it are left alone.",
    )


def _details(summary: str, content: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows[:_MOST_ROWS]]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    more = len(rows) - _MOST_ROWS
    return f"{text}\n\nand {more} more" if more > 0 else text
