"""Images for the rules: one that keeps them all, and ways to spoil it."""

import zoneinfo
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import certifi

from pinbot.audit import catalog
from pinbot.audit.audit import examine
from pinbot.audit.image.keeping import Keeper
from pinbot.audit.image.subject import ImageSubject
from pinbot.image.files import Files
from pinbot.image.layers.layer import Layer
from pinbot.image.layers.merge import Tree
from pinbot.model.finding import Audit, Profile, Severity
from pinbot.model.image import ImageConfig
from pinbot.model.manifest import OCI_MANIFEST, Descriptor, Manifest
from pinbot.model.reference import Digest, Platform
from tests.support.oci import Entry, layer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCRATCH, ANY = Profile.SCRATCH, Profile.ANY
ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

Told = tuple[Severity, str | None, str]
"""A finding as tests compare it: severity, path, message."""


def elf(machine: int = 62, bits: int = 64, *, little: bool = True) -> bytes:
    """The head of a program, and nothing else."""
    order = "little" if little else "big"
    head = b"\x7fELF" + bytes([bits // 32, 1 if little else 2, 1]) + bytes(9)
    return (head + (2).to_bytes(2, order) + machine.to_bytes(2, order)).ljust(64, b"\0")


@cache
def zone(name: str) -> bytes:
    return next(path for folder in zoneinfo.TZPATH if (path := Path(folder, name)).is_file()).read_bytes()


def folder(name: str, mode: int = 0o555, **owner: int) -> Entry:
    return Entry(name=name, mode=mode, **owner)


def file(name: str, data: bytes | str = b"x", mode: int = 0o444, **more: Any) -> Entry:
    return Entry(name=name, data=data if isinstance(data, bytes) else data.encode(), mode=mode, **more)


def link(name: str, to: str) -> Entry:
    return Entry(name=name, link=to, mode=0o777)


PROGRAM = file("app/app", elf(), 0o555)
PASSWD = file("etc/passwd", "app:x:10001:10001:app:/app:/sbin/nologin\n")
GROUP = file("etc/group", "app:x:10001:\n")
BUNDLE = file("etc/ssl/certs/ca-certificates.crt", certifi.contents())
ZURICH = "usr/share/zoneinfo/Europe/Zurich"

GOOD = (
    *map(folder, ("app", "etc", "etc/ssl", "etc/ssl/certs", "usr", "usr/share", "usr/share/zoneinfo")),
    folder("usr/share/zoneinfo/Europe"),
    PROGRAM,
    PASSWD,
    GROUP,
    BUNDLE,
    file("etc/nsswitch.conf", "hosts: files dns\n"),
    file("etc/mime.types", "text/html html\n"),
    file(ZURICH, zone("Europe/Zurich")),
    file("usr/share/zoneinfo/UTC", zone("UTC")),
    file("usr/share/zoneinfo/tzdata.zi", "# version 2025b\n"),
    link("usr/share/zoneinfo/Zulu", "UTC"),
)
CONFIG = ImageConfig(
    platform=Platform("linux", "amd64"),
    user="10001:10001",
    entrypoint=("/app/app",),
    working_dir="/app",
    env=(("TZ", "Europe/Zurich"),),
)


def but(*changed: Entry, without: Iterable[str] = ()) -> tuple[Entry, ...]:
    """The good image's entries with some changed, added, or left out with what is below them."""
    gone = {entry.name for entry in changed} | set(without)
    below = tuple(f"{name}/" for name in without)
    kept = [entry for entry in GOOD if entry.name not in gone and not entry.name.startswith(below)]
    return (
        *(entry for entry in kept if entry.data is None),
        *changed,
        *(e for e in kept if e.data is not None),
    )


def files(*layers: Iterable[Entry]) -> Files:
    """What layers make, read as any image is read."""
    tree, keeper = Tree(), Keeper()
    for number, entries in enumerate(layers):
        reader = Layer(number=number, keep=keeper)
        for change in reader.feed(layer(entries)):
            tree.apply(change, number)
        reader.close()
    return tree.files()


def image(
    *changed: Entry,
    without: Iterable[str] = (),
    layers: Iterable[Iterable[Entry]] = (),
    profile: Profile = SCRATCH,
    sizes: Iterable[int] = (1000,),
    max_size: int | None = None,
    **config: Any,
) -> ImageSubject:
    """The good image with some entries changed, with layers on top of it, and with another config."""
    blob = Digest("sha256", "0" * 64)
    return ImageSubject(
        manifest=Manifest(
            media_type=OCI_MANIFEST,
            config=Descriptor(media_type="", digest=blob, size=2),
            layers=tuple(Descriptor(media_type="", digest=blob, size=size) for size in sizes),
        ),
        config=replace(CONFIG, **config),
        files=files(but(*changed, without=without), *layers),
        profile=profile,
        max_size=max_size,
        at=NOW,
    )


def look(rule: str, at: ImageSubject) -> Audit:
    checks = [check for check in catalog.IMAGE if check.rule.id == rule]
    return examine(checks, at, name="app", profile=at.profile)


def told(rule: str, at: ImageSubject) -> list[Told]:
    """What one rule finds, and that it says nothing else."""
    audit = look(rule, at)
    assert audit.unchecked == ()
    assert all(finding.severity.rank >= catalog.RULES[rule].severity.rank for finding in audit.findings)
    return [(finding.severity, finding.path, finding.message) for finding in audit.findings]
