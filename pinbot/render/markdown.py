"""Values to the Markdown of a pull request.

Whatever comes from files, registries and builders is untrusted: it stands in code spans and code blocks
only, where GitHub follows no link, mentions nobody and reads no HTML. Each section has its own room, so that
the whole is never too long for GitHub, however much there is to tell.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from pinbot.errors import PinbotError
from pinbot.model.build import BuiltImage, FailedBuild, Verdict
from pinbot.model.plan import Update, UpdateKind, Version, Wait
from pinbot.model.report import UpdateReport
from pinbot.render.audit.markdown import audits
from pinbot.render.comparison.markdown import explanations
from pinbot.render.gfm import MOST_LINE, cell, code, code_block, details, table
from pinbot.render.printable import human_size, moment, size_change

LIMIT = 65_536
"""Characters that GitHub takes in one body."""

_ROOM_UPDATES = 12_000
_ROOM_EXPLANATIONS = 15_000
_ROOM_BUILDS = 6_000
_ROOM_AUDITS = 8_000
_ROOM_LOGS = 8_000
_ROOM_LEFT_OUT = 6_000
_ROOM_MARKER = 6_000

_MOST_FILES = 5
_MOST_LOGS = 5
_MOST_NAMES = 3


Naming = Callable[[str], str]
"""How a reader of the pull request calls a file of the report."""


def pull_request_body(report: UpdateReport, *, naming: Naming = str) -> str:
    """What a reviewer needs: what moves and whether it was built, then the details.

    The report has paths as they were typed; `naming` makes those of the repository of them.
    """
    updates = report.passed_updates
    parts = [
        _verdict_line(report, updates),
        _updates(updates, naming),
        *_still_waiting(updates),
        *explanations(report.passed_explanations, room=_ROOM_EXPLANATIONS),
        *_builds(report.verdicts),
        *audits(report.verdicts, room=_ROOM_AUDITS),
        *_left_out(report, naming),
        _how_to(updates),
        marker(updates),
    ]
    return "\n\n".join(parts) + "\n"


def marker(updates: Iterable[Update]) -> str:
    """The hidden line by which a later run knows what a pull request proposed."""
    proposed: list[dict[str, str | None]] = []
    room = _ROOM_MARKER
    for update in updates:
        digest = update.new.digest
        entry = {"image": str(update.image), "digest": str(digest) if digest else None}
        if update.new_tag:
            entry["tag"] = update.new_tag
        room -= len(json.dumps(entry))
        if room < 0:
            break
        proposed.append(entry)
    text = json.dumps({"updates": proposed}, separators=(",", ":"))
    safe = text.replace(">", "\\u003e")  # nothing in it may end the comment
    return f"<!-- pinbot: {safe} -->"


def _verdict_line(report: UpdateReport, updates: Sequence[Update]) -> str:
    pins = sum(update.kind is UpdateKind.PIN for update in updates)
    newer = sum(bool(update.new_tag) for update in updates)
    moves = len(updates) - pins - newer
    told = []
    if pins:
        told.append(f"pins {pins} base image{'s' if pins > 1 else ''}")
    if newer:
        told.append(f"moves {newer} base image{'s' if newer > 1 else ''} to a newer tag")
    if moves:
        told.append(f"moves {moves} base image{'s' if moves > 1 else ''} to what the tag means now")
    passed = [verdict for verdict in report.verdicts if verdict.good]
    built = [verdict.target.name for verdict in passed]
    if built:
        more = f" and {len(built) - _MOST_NAMES} more" if len(built) > _MOST_NAMES else ""
        where = " in an earlier, separate job" if any(verdict.earlier for verdict in passed) else ""
        proof = f"**The test build passed**{where}: {', '.join(map(code, built[:_MOST_NAMES]))}{more}."
        proof += _audit_line(passed)
    else:
        proof = "**Not test-built.**"
    if report.held:
        count = len(report.held)
        proof += f" {count} more did not pass and {'stay' if count > 1 else 'stays'} as before; see below."
    return f"This {' and '.join(told)}. {proof}"


def _audit_line(passed: Sequence[Verdict]) -> str:
    """Whether the audit brings anything new, in a sentence; nothing where nobody looked."""
    found = [verdict.difference.findings for verdict in passed if verdict.difference is not None]
    if not found:
        return ""
    new, gone = sum(len(one.new) for one in found), sum(len(one.gone) for one in found)
    if not new and not gone:
        return " The audit finds nothing new."
    told = f"{gone} that {'is' if gone == 1 else 'are'} gone"
    return f" The audit finds {new} new, and {told}; see below."


def _updates(updates: Sequence[Update], naming: Naming) -> str:
    dated = any(update.since is not None for update in updates)
    header = ("Image", "Change", "From", "To", *(("Since",) if dated else ()), "Files")
    return table(header, [_update_row(update, naming, dated=dated) for update in updates], room=_ROOM_UPDATES)


def _update_row(update: Update, naming: Naming, *, dated: bool) -> tuple[str, ...]:
    places = [f"{naming(occurrence.file)}:{occurrence.position.line}" for occurrence in update.occurrences]
    files = [cell(place) for place in places[:_MOST_FILES]]
    if len(places) > _MOST_FILES:
        files.append(f"and {len(places) - _MOST_FILES} more")
    return (
        cell(update.image.familiar),
        str(update.kind),
        _version(update.old, update.new),
        _version(update.new, update.old),
        *((_since(update),) if dated else ()),
        "<br>".join(files),
    )


def _since(update: Update) -> str:
    """From when the tag has had the new digest, and who says so: a date, for an age is wrong tomorrow."""
    told = []
    if update.seen is not None:
        told.append(f"{update.seen:%Y-%m-%d}, seen by pinbot")
    if update.pushed is not None:
        told.append(f"{update.pushed.when:%Y-%m-%d}, {update.pushed.source} says")
    return "<br>".join(told)


def _still_waiting(updates: Sequence[Update]) -> Iterator[str]:
    """A word on digests that are too young yet, where the rules want a warning of them."""
    waiting = [update for update in updates if update.ripe is not None]
    if waiting:
        until = max(update.ripe for update in waiting if update.ripe is not None)
        names = ", ".join(code(update.image.familiar) for update in waiting[:_MOST_NAMES])
        more = f" and {len(waiting) - _MOST_NAMES} more" if len(waiting) > _MOST_NAMES else ""
        yield (
            f"**The cooldown is still running** for {names}{more}: better not merged before {moment(until)}."
        )


def _version(version: Version, other: Version) -> str:
    if version.digest is None:
        return "no digest"
    tag = "" if version.tag == other.tag else f"{version.tag}@"
    return cell(tag + version.digest.short)


def _builds(verdicts: Sequence[Verdict]) -> Iterator[str]:
    if not verdicts:
        return
    yield "### Test build"
    header = ("Target", "Result", "Before", "After", "Size", "Time", "Builder")
    yield table(header, [_verdict_row(verdict) for verdict in verdicts], room=_ROOM_BUILDS)
    caveats = dict.fromkeys(cell(caveat) for verdict in verdicts for caveat in verdict.caveats)
    told = "Sizes are compressed: what a client downloads. Both sides were built by the same builder."
    if any(verdict.earlier for verdict in verdicts):
        told += " They ran in an earlier, separate job, and this is what that job said of them."
    yield told
    if caveats:
        yield "\n".join(f"- {caveat}" for caveat in caveats)
    failed = [
        (verdict.target.name, verdict.after) for verdict in verdicts if isinstance(verdict.after, FailedBuild)
    ][:_MOST_LOGS]
    for name, after in failed:
        log = code_block(after.tail, room=_ROOM_LOGS // len(failed))
        yield f"{code(name)} failed at {code(after.step or 'an unknown step')}\n\n{log}"


def _verdict_row(verdict: Verdict) -> tuple[str, ...]:
    name, baseline = cell(verdict.target.name), verdict.before
    before = human_size(baseline.size) if baseline else cell(verdict.before_problem or "not built")
    match verdict.after:
        case BuiltImage() as after:
            change = size_change(baseline.size, after.size) if baseline else ""
            time = f"{after.seconds:.1f} s"
            return name, "passed", before, human_size(after.size), change, time, cell(after.builder)
        case FailedBuild() as after:
            return name, after.reason, before, "", "", f"{after.seconds:.1f} s", cell(after.builder)
        case PinbotError() as error:
            return name, f"not built: {cell(error.message)}", before, "", "", "", ""


def _left_out(report: UpdateReport, naming: Naming) -> Iterator[str]:
    rows = [
        *((cell(naming(path)), "its test build or audit did not pass; see above") for path in report.held),
        *((_place(error, naming), cell(error.message)) for error in report.plan.errors),
        *((cell(wait.update.image.familiar), _waiting(wait)) for wait in report.plan.waits),
        *((cell(f"{naming(skip.file)}:{skip.line}"), cell(skip.reason)) for skip in report.plan.skips),
    ]
    if rows:
        yield details("Left as it is", table(("Where", "Why"), rows, room=_ROOM_LEFT_OUT))


def _waiting(wait: Wait) -> str:
    until = f", until {moment(wait.until)}" if wait.until else ""
    return f"{_version(wait.update.new, wait.update.old)} waits: {cell(wait.reason)}{until}"


def _place(error: PinbotError, naming: Naming) -> str:
    where = naming(error.file) + error.where.removeprefix(error.file) if error.file else ""
    return " ".join(cell(part) for part in (where, error.image) if part)


def _how_to(updates: Sequence[Update]) -> str:
    only = f" --only '{updates[0].image.familiar}'" if len(updates) == 1 else ""
    command = code_block((f"pinbot update --build{only}",), room=MOST_LINE)
    return details(
        "How to reproduce, ignore or change this",
        f"Run the same by hand, in a checkout of the base branch:\n\n{command}\n\n"
        "To leave a reference alone, write `# pinbot: ignore` on the line above it. "
        "The branch is rebuilt when a digest moves again; commits that a person adds to it are left alone.",
    )
