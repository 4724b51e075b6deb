"""The document of `audit`, and its parts for other documents."""

from typing import Any

from pinbot.model.finding import Audit, Finding, Unchecked
from pinbot.model.image import Entry
from pinbot.model.inspection import Difference, Inspection, Program

Document = dict[str, Any]


def inspection(found: Inspection) -> Document:
    """The keys of `audit` beside those that every document has."""
    config = found.config
    return {
        "image": {
            "name": found.audit.subject,
            "digest": str(found.digest),
            "platform": str(config.platform) if config.platform else None,
            "size": found.size,
            "max_size": found.budget,
            "layers": found.layers,
            "user": config.user,
            "command": list(config.command),
            "working_dir": config.working_dir,
        },
        **audit(found.audit),
        "binaries": [_program(program) for program in found.programs],
    }


def difference(found: Difference) -> Document:
    """What a change did to an image."""
    return {
        "new": [finding(entry) for entry in found.findings.new],
        "gone": [finding(entry) for entry in found.findings.gone],
        "same": [finding(entry) for entry in found.findings.same],
        "unsure": [finding(entry) for entry in found.findings.unsure],
        "facts": [{"name": turn.name, "before": turn.before, "after": turn.after} for turn in found.facts],
        "added": [f"/{entry.path}" for entry in found.added],
        "removed": [f"/{entry.path}" for entry in found.removed],
        "altered": [
            {"path": f"/{after.path}", "before": _access(before), "after": _access(after)}
            for before, after in found.altered
        ],
        "more": found.more,
    }


def _access(entry: Entry) -> Document:
    return {"kind": str(entry.kind), "mode": f"{entry.mode:04o}", "uid": entry.uid, "gid": entry.gid}


def audit(found: Audit) -> Document:
    """What the rules say."""
    return {
        "profile": str(found.profile),
        "passed": found.passed,
        "findings": [finding(entry) for entry in found.findings],
        "kept": list(found.kept),
        "unchecked": [_unchecked(entry) for entry in found.unchecked],
        "inapplicable": [_unchecked(entry) for entry in found.inapplicable],
        "ignored": list(found.ignored),
    }


def finding(entry: Finding) -> Document:
    """One finding."""
    return {
        "rule": entry.rule,
        "severity": str(entry.severity),
        "message": entry.message,
        "remedy": entry.remedy,
        "file": entry.file,
        "line": entry.line,
        "column": entry.column,
        "path": None if entry.path is None else f"/{entry.path}",
    }


def _unchecked(entry: Unchecked) -> Document:
    return {"rule": entry.rule, "reason": entry.reason}


def _program(program: Program) -> Document:
    binary = program.binary
    return {
        "path": f"/{program.path}",
        "sha256": binary.digest.hex,
        "size": binary.size,
        "architecture": binary.architecture or None,
        "static": binary.static,
        "pie": binary.position_independent,
        "relro": str(binary.relro),
        "nx": not (binary.executable_stack or binary.writable_code),
        "stripped": binary.stripped,
        "libc": None if binary.libc is None else str(binary.libc),
        "allocator": None if binary.allocator is None else str(binary.allocator),
        "rustc": binary.rustc or None,
        "linker": binary.linker or None,
    }
