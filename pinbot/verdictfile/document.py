"""Verdicts as a document, `pinbot-verdicts/v1`, and back: what is needed to tell of them and to act on them.

What only the one needs who looks into an image is left out: all of its files, its environment, certificates.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from pinbot.errors import BuilderError, ImageError, PinbotError
from pinbot.model.binary import Allocator, Binary, Libc, Relro
from pinbot.model.build import BuildTarget, BuiltImage, ChangedFile, FailedBuild, Limit, Verdict
from pinbot.model.finding import Audit, Finding, Profile, Severity, Unchecked
from pinbot.model.image import Entry, EntryKind, ImageConfig
from pinbot.model.inspection import Changes, Difference, Inspection, Program, Turn
from pinbot.verdictfile.shapes import (
    COUNT,
    DIGEST,
    FLAG,
    PLATFORM,
    SECONDS,
    Misshapen,
    Shape,
    all_of,
    choice,
    keys,
    name,
    optional,
    pair,
    record,
    several,
    tagged,
    text,
)

SCHEMA = "pinbot-verdicts/v1"

LARGEST = 8 * 1024 * 1024
"""Bytes of a document that is read."""

_MOST_NAMES = 100
"""Files of an image that a difference tells of, in each of its lists."""

_LISTS = ("added", "removed", "altered")


def to_bytes(verdicts: Iterable[Verdict]) -> bytes:
    """The document; the same bytes for the same verdicts.

    Raises:
        ValueError: a verdict has what no document can hold, such as a build argument of a megabyte.
    """
    builds = [
        {"files": _FILES.write(files), "verdicts": [_VERDICT.write(verdict) for verdict in ones]}
        for files, ones in groupby(verdicts, key=lambda verdict: verdict.files)
    ]
    return json.dumps({"schema": SCHEMA, "builds": builds}, separators=(",", ":")).encode()


def from_bytes(data: bytes) -> tuple[Verdict, ...]:
    """Read what `to_bytes` wrote, or what somebody wants to pass off as that.

    Raises:
        ValueError: it is not in every place what it has to be; says where, and what was expected.
    """
    if len(data) > LARGEST:
        raise Misshapen(f"it has more than the {LARGEST} bytes that are read")
    try:
        document = json.loads(data, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        raise Misshapen("it is nested too deeply") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise Misshapen(f"it does not call itself {SCHEMA}")
    found = keys(document, ("schema", "builds"), "the document")
    return tuple(verdict for build in _BUILDS.read(found["builds"], "builds") for verdict in build)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no key stands twice: readers disagree about which one counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Misshapen("a key stands twice in one object")
    return found


def _no_constant(constant: str) -> None:
    raise Misshapen(f"{constant} is no number")


def _is_path(text: str) -> bool:
    """Whether a text can be the path of a file below a root."""
    path = PurePosixPath(text)
    return bool(text) and not path.is_absolute() and ".." not in path.parts and "\0" not in text


def _listed(files: tuple[ChangedFile, ...], verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    return tuple(replace(verdict, files=files) for verdict in verdicts)


def _counted(difference: Difference) -> Difference:
    """With the number of names that are about to be left out of its lists."""
    left_out = (max(0, len(getattr(difference, names)) - _MOST_NAMES) for names in _LISTS)
    return replace(difference, more=difference.more + sum(left_out))


_LINE, _WORDS = text(1_000), text(4_000)
_PATH = name(4_096, "a path below the root", matching=_is_path)
_RULE = name(10, "the id of a rule", matching=re.compile("[A-Z][0-9]+").fullmatch)  # it is shown as it is
_SETTING = name(20_000, "a text", matching=lambda _: True)

_FILES = all_of(record(ChangedFile, path=_PATH, before=DIGEST, after=DIGEST), 10_000)
_TARGET = record(
    BuildTarget,
    dockerfile=_PATH,
    context=_PATH,
    stage=optional(_SETTING),
    platform=optional(_SETTING),
    args=all_of(pair(_SETTING), 1_000),
    audit=optional(choice(Profile)),
    max_size=optional(COUNT),
)

_CAVEATS = several(_LINE, 20)
_BUILT = record(
    BuiltImage,
    digest=DIGEST,
    size=COUNT,
    layers=COUNT,
    seconds=SECONDS,
    builder=_LINE,
    caveats=_CAVEATS,
    age=optional(SECONDS),
)
_FAILED = record(
    FailedBuild,
    step=_WORDS,
    tail=several(_LINE, 40, last=True),
    seconds=SECONDS,
    builder=_LINE,
    limit=optional(choice(Limit)),
    caveats=_CAVEATS,
)
_NOT_BUILT = record(BuilderError, message=_WORDS, hint=_WORDS)
_OUTCOME: Shape[BuiltImage | FailedBuild | PinbotError] = tagged(
    {"built": (BuiltImage, _BUILT), "failed": (FailedBuild, _FAILED), "not-built": (PinbotError, _NOT_BUILT)}
)

_FINDING = record(
    Finding,
    rule=_RULE,
    severity=choice(Severity),
    message=_WORDS,
    remedy=_WORDS,
    file=optional(_WORDS),
    line=optional(COUNT),
    column=optional(COUNT),
    path=optional(_WORDS),
)
_FINDINGS = several(_FINDING, 10_000)  # the worst are the first: what holds a change is not cut off
_UNCHECKED = several(record(Unchecked, rule=_RULE, reason=_WORDS), 200)
_RULES = several(_RULE, 200)
_AUDIT = record(
    Audit,
    subject=_WORDS,
    profile=choice(Profile),
    findings=_FINDINGS,
    kept=_RULES,
    unchecked=_UNCHECKED,
    inapplicable=_UNCHECKED,
    ignored=_RULES,
)
_BINARY = record(
    Binary,
    digest=DIGEST,
    size=COUNT,
    architecture=_LINE,
    program=FLAG,
    interpreter=_LINE,
    needed=several(_LINE, 20),
    position_independent=FLAG,
    relro=choice(Relro),
    executable_stack=FLAG,
    writable_code=FLAG,
    symbol_bytes=COUNT,
    libc=optional(choice(Libc)),
    allocator=optional(choice(Allocator)),
    comments=several(_LINE, 20),
    go=FLAG,
)
_CONFIG = record(
    ImageConfig,
    platform=optional(PLATFORM),
    user=_LINE,
    entrypoint=several(_LINE, 50),
    cmd=several(_LINE, 50),
    working_dir=_LINE,
)
_INSPECTION: Shape[Inspection | PinbotError] = tagged(
    {
        "audited": (
            Inspection,
            record(
                Inspection,
                audit=_AUDIT,
                digest=DIGEST,
                config=_CONFIG,
                size=COUNT,
                layers=COUNT,
                budget=optional(COUNT),
                programs=several(record(Program, path=_WORDS, binary=_BINARY), 50),
            ),
        ),
        "not-audited": (PinbotError, record(ImageError, message=_WORDS, hint=_WORDS)),
    }
)

_ENTRY = record(
    Entry, path=_WORDS, kind=choice(EntryKind), mode=COUNT, uid=COUNT, gid=COUNT, capabilities=FLAG
)
_CHANGES = record(Changes, new=_FINDINGS, gone=_FINDINGS, same=_FINDINGS, unsure=_FINDINGS)
_KEPT_DIFFERENCE = record(
    Difference,
    findings=_CHANGES,
    facts=several(record(Turn, name=_LINE, before=_LINE, after=_LINE), 50),
    added=several(_ENTRY, _MOST_NAMES),
    removed=several(_ENTRY, _MOST_NAMES),
    altered=several(pair(_ENTRY), _MOST_NAMES),
    more=COUNT,
)
_DIFFERENCE: Shape[Difference] = Shape(
    lambda difference: _KEPT_DIFFERENCE.write(_counted(difference)), _KEPT_DIFFERENCE.read
)

_VERDICT = record(
    Verdict,
    target=_TARGET,
    before=optional(_BUILT),
    before_problem=optional(_WORDS),
    after=_OUTCOME,
    inspection=optional(_INSPECTION),
    difference=optional(_DIFFERENCE),
)
_BUILDS = several(record(_listed, files=_FILES, verdicts=several(_VERDICT, 10_000)), 10_000)
