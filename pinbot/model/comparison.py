"""What changed between two images: values that renderers read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pinbot.errors import PinbotError
from pinbot.model.image import Ecosystem
from pinbot.model.reference import Digest, ImageReference, Platform
from pinbot.model.vulnerability import Inventory, VulnerabilityDiff

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Generic[T]):
    """The same thing of both images."""

    old: T
    new: T

    @property
    def differ(self) -> bool:
        """Whether the two are not equal."""
        return self.old != self.new


class Move(StrEnum):
    """What became of a package; `changed` where its versions cannot be ordered, or are of equal rank."""

    ADDED = "added"
    REMOVED = "removed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageChange:
    """One package that is not what it was.

    Attributes:
        old, new: versions; None where the package is not there. An architecture that changed stands behind.
        place: the database, or the binary, that tells of it now; of one that was removed, that did.
    """

    ecosystem: Ecosystem
    name: str
    move: Move
    old: str | None
    new: str | None
    place: str


class Evidence(StrEnum):
    """How it is known which packages there are."""

    READ = "read"
    """From the databases and binaries in the image itself."""

    SHARED = "shared"
    """Not at all: what tells of them lies in layers that both images share, so nothing changed."""

    CLAIMED = "claimed"
    """From an SBOM that somebody attached to the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageDiff:
    """The packages of both images.

    Attributes:
        changes: by ecosystem and name.
        counts: how many packages were read on each side; those of shared layers are not among them.
        distribution: names of the operating systems, where they were read.
    """

    evidence: Evidence
    changes: tuple[PackageChange, ...] = ()
    counts: Pair[int] = Pair(old=0, new=0)
    distribution: Pair[str | None] = Pair(old=None, new=None)


class Setting(StrEnum):
    """A part of an image's config."""

    ENTRYPOINT = "entrypoint"
    CMD = "cmd"
    USER = "user"
    WORKDIR = "workdir"
    ENV = "env"
    PORT = "port"
    VOLUME = "volume"
    STOP_SIGNAL = "stop-signal"
    LABEL = "label"
    PLATFORM = "platform"


Value = str | tuple[str, ...] | None
"""Of a setting: a text, or words; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """A part of the config that is not what it was.

    Attributes:
        name: of the variable or label; otherwise empty.
        secret: whether the values look like a secret, and are cut.
    """

    setting: Setting
    old: Value
    new: Value
    name: str = ""
    secret: bool = False


class Source(StrEnum):
    """Whether the new image was made from other source code, as far as the images say."""

    SAME = "same"
    """Both name the same source and revision: this is a rebuild."""

    REVISION = "revision"
    """The same source at another revision."""

    MOVED = "moved"
    """Another source."""

    UNKNOWN = "unknown"
    """At least one of them does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the images say of where they come from: claims of those who built them.

    Attributes:
        created: as written, RFC 3339.
        link: where the difference of the two revisions can be read; built here from checked parts.
    """

    kind: Source
    source: Pair[str | None]
    revision: Pair[str | None]
    version: Pair[str | None]
    created: Pair[str | None]
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer as it is stored; `size` is compressed."""

    digest: Digest
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDiff:
    """The layers of both images, each lowest first."""

    shared: tuple[Layer, ...]
    gone: tuple[Layer, ...]
    new: tuple[Layer, ...]

    @property
    def size(self) -> Pair[int]:
        """Compressed bytes of each image: what a client downloads that has none of it."""
        shared = sum(layer.size for layer in self.shared)
        return Pair(
            old=shared + sum(layer.size for layer in self.gone),
            new=shared + sum(layer.size for layer in self.new),
        )


class Alarm(StrEnum):
    """The ids of what deserves a reviewer's eye; never reused."""

    LOST_PLATFORM = "lost-platform"
    OLDER_DIGEST = "older-digest"
    OLDER_PACKAGES = "older-packages"
    CREATED_BACKWARDS = "created-backwards"
    SOURCE_MOVED = "source-moved"
    ENTRYPOINT_CHANGED = "entrypoint-changed"
    USER_CHANGED = "user-changed"
    SETUID_ADDED = "setuid-added"
    SIZE_DOUBLED = "size-doubled"
    DATABASE_GONE = "database-gone"
    WRONG_PLATFORM = "wrong-platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something that a reviewer should look at; the message is a sentence without a final full stop."""

    alarm: Alarm
    message: str


class Part(StrEnum):
    """What a comparison looks at."""

    PLATFORM = "platform"
    CONFIG = "config"
    PACKAGES = "packages"
    FILES = "files"
    VULNERABILITIES = "vulnerabilities"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What could not be looked at, or was not, and why; nothing is claimed about it."""

    part: Part
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformDiff:
    """Two images for one platform, which are not the same.

    Attributes:
        platform: None where neither image says what it runs on.
        digests: of their manifests.
        packages: None where they are not known; `unread` says why.
        inventories: the packages that were read, to look up their vulnerabilities; those that both images
            have in shared layers may be missing.
        vulnerabilities: None where they were not looked up.
        settings: what changed in the config.
    """

    platform: Platform | None
    digests: Pair[Digest]
    layers: LayerDiff
    origin: Origin
    packages: PackageDiff | None
    inventories: Pair[Inventory] | None = None
    vulnerabilities: VulnerabilityDiff | None = None
    settings: tuple[SettingChange, ...] = ()
    cautions: tuple[Caution, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What was asked of registries.

    Attributes:
        received: bytes of documents, configs and layers.
        whole: bytes that both images have, for the platforms that were compared.
    """

    requests: int
    received: int
    whole: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One of the two images: as the user named it, and what that means now."""

    name: str
    digest: Digest
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two images, platform by platform.

    Attributes:
        changed: the platforms in use that are not the same.
        same: the platforms in use that are.
        in_use: the platforms that were asked about; empty where an image of one platform says none.
        gained, lost: platforms that only the new, or only the old image is for, in use or not.
        elsewhere: platforms that differ too and are not in use; they were not looked into.
        attestations: whether something in the indexes differs that is no image.
        cautions: what concerns the image as a whole; each platform has its own.
        unread: platforms in use that could not be compared.
    """

    old: Subject
    new: Subject
    changed: tuple[PlatformDiff, ...] = ()
    same: tuple[Platform, ...] = ()
    in_use: tuple[Platform, ...] = ()
    gained: tuple[Platform, ...] = ()
    lost: tuple[Platform, ...] = ()
    elsewhere: tuple[Platform, ...] = ()
    attestations: bool = False
    cautions: tuple[Caution, ...] = ()
    unread: tuple[Unread, ...] = ()
    cost: Cost

    @property
    def equal(self) -> bool:
        """Whether nothing changed for any platform in use; not known is not equal."""
        came_or_went = {*self.gained, *self.lost}.intersection(self.in_use)
        return not (self.changed or came_or_went or self.unread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What an update means; a PinbotError where that could not be found out.

    `tag` is that of the new image, if it is another one.
    """

    image: ImageReference
    old: Digest
    new: Digest
    outcome: Comparison | PinbotError
    tag: str = ""

    @property
    def move(self) -> tuple[str, str]:
        """From where to where it goes, for people: digests, the new one with its tag if that is another."""
        return self.old.short, f"{self.tag}@{self.new.short}" if self.tag else self.new.short
