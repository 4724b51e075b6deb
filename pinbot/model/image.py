"""What an image holds: its config, its files, its packages (OCI image-spec 1.1, config.md and layer.md)."""

from dataclasses import dataclass
from enum import StrEnum

from pinbot.model.reference import Digest, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """How a container of the image is started, and what the image says of itself.

    Attributes:
        platform: what it runs on; None where the config names none.
        user: as written: a name or an id, with or without a group behind a colon; empty for root.
        entrypoint, cmd: words; empty where there is none.
        env: in order, each name and value.
        working_dir: as written; empty for `/`.
        exposed_ports, volumes: sorted.
        stop_signal: None where none is written.
        labels: sorted by name.
        created: when the builder claims to have made it, as written (RFC 3339); None where it does not say.
        diff_ids: digests of the layers when they are not compressed, lowest first.
    """

    platform: Platform | None = None
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    working_dir: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    created: str | None = None
    diff_ids: tuple[Digest, ...] = ()

    @property
    def command(self) -> tuple[str, ...]:
        """What a container starts when it is told nothing else."""
        return self.entrypoint + self.cmd


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What looking into an image has cost.

    Attributes:
        parts: manifests, configs and layers that were asked for; each is one request to a registry, which
            may take more: for a token, or to go on where an answer broke off.
        size: their bytes, as far as they were read.
    """

    parts: int = 0
    size: int = 0


class EntryKind(StrEnum):
    """What a name in a layer stands for."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    DEVICE = "device"
    FIFO = "fifo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name in the file system of an image.

    Attributes:
        path: from the root, without a slash before or behind it; `""` is the root itself. What is not
            UTF-8 is kept as lone surrogates, as Python does it (PEP 383).
        kind: a hard link is the file that it leads to.
        mode: permissions with setuid, setgid and sticky bit: the lowest twelve bits.
        uid, gid: the owner.
        size: bytes of a file's content; otherwise 0.
        link: where a symbolic link leads, as written.
        capabilities: whether it carries file capabilities (`security.capability`).
        digest: sha256 of a file's content, where it was read to the end.
        layer: number of the layer that brought it, from 0, the lowest.
    """

    path: str
    kind: EntryKind
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    link: str = ""
    capabilities: bool = False
    digest: Digest | None = None
    layer: int = 0


class Ecosystem(StrEnum):
    """Whose package it is, and so whose rules order its versions."""

    APK = "apk"
    DPKG = "dpkg"
    RPM = "rpm"
    GO = "go"
    CARGO = "cargo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that an image holds.

    Attributes:
        version: as its ecosystem writes it, with epoch and release.
        architecture: empty where the ecosystem knows none.
        source: name of the source package that it was built from; empty where it is not told. Of a crate that
            is not from crates.io: where else it is from, e.g. `git`.
        source_version: version of that one; empty where it is the package's own or is not told.
        place: path of the database, or of the binary, that tells of it.
        root: whether it is the program itself that the binary was built from, rather than something in it.
    """

    ecosystem: Ecosystem
    name: str
    version: str
    architecture: str = ""
    source: str = ""
    source_version: str = ""
    place: str = ""
    root: bool = False


class VersionChange(StrEnum):
    """Which way the version of a package went, by the rules of its ecosystem."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    SAME = "same"
    UNORDERED = "changed"
    """One of the two is no version of its ecosystem, so neither is known to be the newer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """What system an image is made of, as its `os-release` tells (os-release(5)).

    Attributes:
        id: e.g. `alpine`, in lower case.
        version: e.g. `3.20.3` or `12`; empty for one that rolls.
        name: for people, e.g. `Alpine Linux v3.20`.
        like: ids of the distributions that it comes from, closest first.
    """

    id: str
    version: str = ""
    name: str = ""
    like: tuple[str, ...] = ()
