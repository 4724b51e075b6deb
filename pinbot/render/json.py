"""Values to the JSON documents of `docs/json.md`, one envelope for every command."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pinbot.errors import PinbotError, Several
from pinbot.model.build import BuildOutcome, BuiltImage, FailedBuild, Limit, Verdict
from pinbot.model.comparison import Comparison, Explanation
from pinbot.model.diagnosis import Diagnosis, RegistryFinding
from pinbot.model.occurrence import Occurrence
from pinbot.model.plan import Resolution, Skip, TagList, Update, Version, Wait
from pinbot.model.report import UpdateReport
from pinbot.render.audit import json as audit
from pinbot.render.comparison.json import comparison

SCHEMA = "pinbot/v1"

Document = dict[str, Any]


def dumps(document: Document) -> str:
    """The document as text; surrogates from undecodable file names are escaped, so it is always valid."""
    return json.dumps(document, indent=2, ensure_ascii=True)


def envelope(command: str | None, errors: Iterable[PinbotError], **parts: object) -> Document:
    """What every document shares; `command` is None where the command line names none that there is."""
    flat: list[PinbotError] = []
    for error in errors:
        flat.extend(error.errors if isinstance(error, Several) else (error,))
    return {"schema": SCHEMA, "command": command, **parts, "errors": [_error(error) for error in flat]}


def scan(occurrences: Iterable[Occurrence], errors: Iterable[PinbotError]) -> Document:
    """The document of `scan`."""
    return envelope("scan", errors, references=[_reference(occurrence) for occurrence in occurrences])


def resolve(resolutions: Iterable[Resolution], errors: Iterable[PinbotError]) -> Document:
    """The document of `resolve`."""
    images = [
        {
            "image": str(resolution.image),
            "digest": str(resolution.digest),
            "media_type": resolution.media_type,
            "platforms": None
            if resolution.platforms is None
            else [str(platform) for platform in resolution.platforms],
        }
        for resolution in resolutions
    ]
    return envelope("resolve", errors, images=images)


def tags(lists: Iterable[TagList], errors: Iterable[PinbotError]) -> Document:
    """The document of `resolve --tags`."""
    repositories = [{"repository": entry.repository, "tags": list(entry.tags)} for entry in lists]
    return envelope("resolve", errors, repositories=repositories)


def update(
    command: str, report: UpdateReport, *, build: bool, pull_request: bool, explain: bool = False
) -> Document:
    """The document of `pin` and `update`; what was not asked for does not appear."""
    parts: Document = {
        "updates": [_update(entry) for entry in report.plan.updates],
        "waiting": [_wait(wait) for wait in report.plan.waits],
        "skipped": [skip(left) for left in report.plan.skips],
        "current": report.plan.current,
        "written": list(report.written),
    }
    if explain:
        parts["explanations"] = [_explanation(explanation) for explanation in report.explanations]
    if build:
        parts["held"] = list(report.held)
        parts["builds"] = [_verdict(verdict) for verdict in report.verdicts]
    if pull_request:
        parts["pull_requests"] = [
            {"number": pull.number, "url": pull.url, "action": str(pull.action), "note": pull.note}
            for pull in report.pull_requests
        ]
        parts["github"] = {"requests": report.requests}
    return envelope(command, report.all_errors, **parts)


def diff(told: Comparison, errors: Iterable[PinbotError] = ()) -> Document:
    """The document of `diff`."""
    return envelope("diff", errors, comparison=comparison(told))


def build(verdicts: Iterable[Verdict]) -> Document:
    """The document of `build`."""
    told = tuple(verdicts)
    found = (part for verdict in told for part in (verdict.after, verdict.inspection))
    errors = [part for part in found if isinstance(part, PinbotError)]
    return envelope("build", errors, builds=[_verdict(verdict) for verdict in told])


def doctor(found: Diagnosis) -> Document:
    """The document of `doctor`."""
    return envelope(
        "doctor",
        found.all_errors,
        registries=[_registry(registry) for registry in found.registries],
        builders=[
            {
                "driver": builder.driver,
                "version": builder.version,
                "used": builder.used,
                "capabilities": {each.name: each.able for each in builder.capabilities},
                "problem": _error(builder.problem) if builder.problem else None,
            }
            for builder in found.builders
        ],
        git=found.git,
        github={
            "token_variable": found.forge.token,
            "app": found.forge.app,
            "repository": found.forge.repository,
            "asked": found.forge.asked,
            "problem": _error(found.forge.problem) if found.forge.problem else None,
            "note": found.forge.note,
        },
    )


def _registry(found: RegistryFinding) -> Document:
    access = found.access
    quota = access.quota if access else None
    return {
        "name": found.name,
        "images": found.images,
        "failed": found.failed,
        "reachable": found.reachable,
        "address": access.address if access else None,
        "http_version": access.version if access else None,
        "scheme": access.scheme if access else None,
        "realm": access.realm if access else None,
        "credentials": access.credentials if access else None,
        "certificate": access.certificate if access else None,
        "source": access.source if access else None,
        "quota": None
        if quota is None
        else {"remaining": quota.remaining, "limit": quota.limit, "seconds": quota.seconds},
        "mend": next((problem.hint for problem in found.problems if problem.hint), None),
    }


def _error(error: PinbotError) -> Document:
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "file": error.file,
        "line": error.line,
        "column": error.column,
        "image": error.image,
    }


def _reference(occurrence: Occurrence) -> Document:
    image = occurrence.image
    document = {
        "file": occurrence.file,
        "line": occurrence.position.line,
        "column": occurrence.position.column,
        "start": occurrence.span.start,
        "end": occurrence.span.end,
        "kind": str(occurrence.kind),
        "raw": occurrence.raw,
        "image": str(image) if image else None,
        "registry": image.registry if image else None,
        "repository": image.repository if image else None,
        "tag": image.tag if image else None,
        "digest": str(image.digest) if image and image.digest else None,
        "stage": occurrence.stage,
        "platform": occurrence.platform,
        "status": str(occurrence.status),
        "reason": occurrence.reason,
    }
    if occurrence.edited_elsewhere and occurrence.place is not None:
        place = occurrence.place
        document["edit"] = {
            "line": place.position.line,
            "column": place.position.column,
            "start": place.span.start,
            "end": place.span.end,
        }
    return document


def _explanation(explanation: Explanation) -> Document:
    outcome = explanation.outcome
    return {
        "image": str(explanation.image),
        "old": str(explanation.old),
        "new": str(explanation.new),
        "problem": _error(outcome) if isinstance(outcome, PinbotError) else None,
        "comparison": comparison(outcome) if isinstance(outcome, Comparison) else None,
    }


def _version(version: Version) -> Document:
    return {"tag": version.tag, "digest": str(version.digest) if version.digest else None}


def _update(entry: Update) -> Document:
    return {
        "image": str(entry.image),
        "kind": str(entry.kind),
        "old": _version(entry.old),
        "new": _version(entry.new),
        "seen": _time(entry.seen),
        "pushed": entry.pushed and {"time": _time(entry.pushed.when), "source": entry.pushed.source},
        "locations": [
            {
                "file": occurrence.file,
                "line": occurrence.position.line,
                "column": occurrence.position.column,
            }
            for occurrence in entry.occurrences
        ],
    }


def _wait(wait: Wait) -> Document:
    return {**_update(wait.update), "reason": wait.reason, "until": _time(wait.until)}


def _time(when: datetime | None) -> str | None:
    """RFC 3339, in UTC and without parts of a second."""
    return None if when is None else when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def skip(left: Skip) -> Document:
    """A reference that was left alone."""
    return {"image": left.image, "file": left.file, "line": left.line, "reason": left.reason}


def _verdict(verdict: Verdict) -> Document:
    target = verdict.target
    return {
        "dockerfile": target.dockerfile,
        "context": target.context,
        "stage": target.stage,
        "platform": target.platform,
        "ok": verdict.good,
        "earlier": verdict.earlier,
        "before": _outcome(verdict.before) if verdict.before else None,
        "before_problem": verdict.before_problem,
        "after": _outcome(verdict.after),
        "audit": _audited(verdict),
    }


def _audited(verdict: Verdict) -> Document | None:
    found = verdict.inspection
    if found is None:
        return None
    problem = found if isinstance(found, PinbotError) else None
    return {
        "report": None if isinstance(found, PinbotError) else audit.inspection(found),
        "changes": None if verdict.difference is None else audit.difference(verdict.difference),
        "problem": None if problem is None else _error(problem),
    }


def _outcome(outcome: BuildOutcome | PinbotError) -> Document:
    match outcome:
        case BuiltImage():
            return {
                "result": "built",
                "digest": str(outcome.digest),
                "size": outcome.size,
                "layers": outcome.layers,
                "seconds": round(outcome.seconds, 3),
                "builder": outcome.builder,
                "caveats": list(outcome.caveats),
                "age": None if outcome.age is None else round(outcome.age, 3),
            }
        case FailedBuild():
            return {
                "result": "timed-out" if outcome.limit is Limit.TIME else "failed",
                "limit": outcome.limit,
                "step": outcome.step,
                "tail": list(outcome.tail),
                "seconds": round(outcome.seconds, 3),
                "builder": outcome.builder,
                "caveats": list(outcome.caveats),
            }
        case PinbotError():
            return {"result": "not-built", **_error(outcome)}
