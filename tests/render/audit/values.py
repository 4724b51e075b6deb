"""Audits to render."""

from dataclasses import replace

from pinbot.model.binary import Allocator, Binary, Libc, Relro
from pinbot.model.finding import Audit, Finding, Profile, Rule, Severity, Unchecked
from pinbot.model.image import Entry, EntryKind, ImageConfig
from pinbot.model.inspection import Changes, Difference, Inspection, Program, Turn
from pinbot.model.reference import Digest, Platform

CLOSED = Finding(
    rule="I2",
    severity=Severity.ERROR,
    message="'/etc/passwd' (mode 0400, owner 0:0) cannot be read by uid 10001",
    remedy="let everybody read files and search folders: chmod -R a+rX",
    path="etc/passwd",
)
LINE = Finding(
    rule="D9",
    severity=Severity.WARNING,
    message="--chmod=444 takes the x bit of folders",
    remedy="write --chmod=555",
    file="svc/Dockerfile",
    line=7,
    column=3,
)
BINARY = Finding(
    rule="B5",
    severity=Severity.NOTE,
    message="it is not stripped",
    remedy="strip = true in Cargo.toml",
    path="app/app",
)
CONFIG = Finding(
    rule="I1", severity=Severity.ERROR, message="no User is set, so it is root", remedy="USER 10001:10001"
)
UNCHECKED = Unchecked(rule="I11", reason="1 file could not be looked into, since it is large")
AUDIT = Audit(
    subject="oci:build/app",
    profile=Profile.SCRATCH,
    findings=(CLOSED,),
    kept=("I1",),
    unchecked=(UNCHECKED,),
    inapplicable=(Unchecked(rule="B7", reason="it is static"),),
    ignored=("I13",),
)
GOOD = Audit(subject="oci:build/app", profile=Profile.SCRATCH, kept=("I1", "I2"))
PROGRAM = Program(
    path="app/app",
    binary=Binary(
        digest=Digest("sha256", "3" * 64),
        size=9_000_000,
        architecture="amd64",
        program=True,
        position_independent=True,
        relro=Relro.FULL,
        executable_stack=False,
        writable_code=False,
        libc=Libc.MUSL,
        allocator=Allocator.JEMALLOC,
        comments=("rustc version 1.90.0 (1159e78c4 2025-09-14)",),
    ),
)
INSPECTION = Inspection(
    audit=AUDIT,
    digest=Digest("sha256", "4" * 64),
    config=ImageConfig(
        platform=Platform("linux", "amd64"),
        user="10001:10001",
        entrypoint=("/app/app",),
        cmd=("--port", "8080"),
        working_dir="/app",
    ),
    size=4_210_000,
    layers=3,
    budget=15_000_000,
    programs=(PROGRAM,),
)
DIFFERENCE = Difference(
    findings=Changes(new=(CLOSED,), gone=(CONFIG,), same=(LINE,), unsure=(BINARY,)),
    facts=(
        Turn(name="rustc", before="1.89.0", after="1.90.0"),
        Turn(name="allocator", before="", after="musl"),
    ),
    added=(Entry(path="usr/share/zoneinfo/Zulu", kind=EntryKind.FILE, mode=0o444),),
    removed=(Entry(path="etc/motd", kind=EntryKind.FILE, mode=0o444),),
    altered=(
        (
            Entry(path="app/app", kind=EntryKind.FILE, mode=0o555),
            Entry(path="app/app", kind=EntryKind.FILE, mode=0o4755, capabilities=True),
        ),
    ),
)
RULES = tuple(
    Rule(
        id=id_,
        title=f"the rule {id_} is broken",
        severity=Severity.ERROR,
        why="It hurts.",
        remedy="mend it",
        source="https://example.org/rules",
        wrong="FROM odd",
        right="FROM even\nUSER 1",
    )
    for id_ in ("B5", "D9", "I1", "I2", "I11")
)


def hostile(text: str) -> Audit:
    """An audit with this text wherever text comes from an image."""
    finding = Finding(rule="I6", severity=Severity.NOTE, message=text, remedy=text, path=text)
    return replace(
        AUDIT,
        subject=text,
        findings=(finding, replace(finding, file=text, path=None, line=1)),
        unchecked=(Unchecked(rule="I2", reason=text),),
    )
