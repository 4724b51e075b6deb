"""An audit in SARIF 2.1.0, as GitHub's code scanning and other viewers take it (OASIS, 2023, with errata)."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from pinbot import __version__
from pinbot.model.finding import Audit, Finding, Rule, Unchecked
from pinbot.render.audit.words import told
from pinbot.render.printable import printable

Document = dict[str, Any]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "IMAGE"
"""By this name paths in the image are told from files of the repository."""


def dumps(document: Document) -> str:
    """The document as text, in ASCII."""
    return json.dumps(document, indent=2, ensure_ascii=True)


def sarif(audits: Iterable[Audit], rules: Sequence[Rule]) -> Document:
    """A log with one run for each audit. Foreign text has escapes for control characters, since viewers vary.

    `rules` are all that could have been checked.
    """
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(audit, rules) for audit in audits]}


def _run(audit: Audit, rules: Sequence[Rule]) -> Document:
    index = {rule.id: number for number, rule in enumerate(rules)}
    run: Document = {
        "tool": {
            "driver": {
                "name": "pinbot",
                "version": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [_notification(entry, index) for entry in audit.unchecked],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, audit, index) for finding in audit.findings],
    }
    if any(finding.path is not None and finding.file is None for finding in audit.findings):
        text = f"the root of the image {printable(audit.subject)}"
        run["originalUriBaseIds"] = {_ROOT: {"description": {"text": text}}}
    return run


def _rule(rule: Rule) -> Document:
    examples = f"Wrong:\n\n{_indented(rule.wrong)}\n\nRight:\n\n{_indented(rule.right)}"
    return {
        "id": rule.id,
        "shortDescription": {"text": f"{_capital(rule.title)}."},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": f"{rule.why}\n\nTo mend it: {rule.remedy}.\n\n{examples}",
            "markdown": f"{rule.why}\n\n**To mend it:** {rule.remedy}.\n\n{examples}",
        },
        "helpUri": rule.source,
        "defaultConfiguration": {"level": str(rule.severity)},
        "properties": {"tags": ["security", "container"]},
    }


def _result(finding: Finding, audit: Audit, index: dict[str, int]) -> Document:
    identity = "\0".join(finding.identity).encode("utf-8", "surrogatepass")
    result: Document = {
        "ruleId": finding.rule,
        "level": str(finding.severity),
        "message": {"text": printable(f"{_capital(told(finding))}. To mend it: {finding.remedy}.")},
        "locations": [_location(finding, audit)],
        "partialFingerprints": {"pinbotFinding/v1": hashlib.sha256(identity).hexdigest()},
    }
    if finding.rule in index:
        result["ruleIndex"] = index[finding.rule]
    return result


def _location(finding: Finding, audit: Audit) -> Document:
    """Code scanning shows no result without a file and a line, so an image has line 1."""
    region: Document = {"startLine": finding.line or 1}
    if finding.line is not None and finding.column is not None:
        region["startColumn"] = finding.column
    if finding.file is not None:
        artifact: Document = {"uri": _uri(finding.file)}
    elif finding.path is not None:
        artifact = {"uri": _uri(finding.path) or ".", "uriBaseId": _ROOT}
    else:
        artifact = {"uri": _uri(audit.subject)}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _notification(entry: Unchecked, index: dict[str, int]) -> Document:
    rule: Document = {"id": entry.rule}
    if entry.rule in index:
        rule["index"] = index[entry.rule]
    return {
        "level": "warning",
        "message": {"text": printable(f"Not checked: {entry.reason}.")},
        "associatedRule": rule,
    }


def _uri(path: str) -> str:
    try:
        return quote(os.fsencode(path))
    except UnicodeEncodeError:  # no name on a disk has such characters
        return quote(path.encode("utf-8", "surrogatepass"))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
