"""How one image in one file is treated: what rules and command line come to."""

from dataclasses import dataclass
from enum import StrEnum

from pinbot.model.reference import Platform


class CooldownMode(StrEnum):
    """What becomes of a digest that was not seen for long enough."""

    HOLD = "hold"
    WARN = "warn"
    OFF = "off"


class Reach(StrEnum):
    """The first part of a tag's version that may be another one; in `keep` none is."""

    KEEP = "keep"
    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


class Digests(StrEnum):
    """What becomes of a digest whose tag means another one now."""

    MOVE = "move"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What holds for one image in one file.

    Attributes:
        ignore: why it is left alone; None where it is not.
        tags: how far its tag may move.
        versions: what the version in a new tag has to fit, like `<4` (PEP 440); empty for any.
        digests: whether its digest follows its tag.
        cooldown: seconds for which a new digest must have been seen before the reference moves to it.
        cooldown_mode: what becomes of one that was not.
        trust_registry_dates: whether a date that a registry gives may shorten that.
        settle: seconds for which an index that has lost platforms is taken to be still filling.
        interval: seconds that must lie between two changes of the image.
        platforms: those that are in use; empty where that is not said.
        group: name of the pull request that it goes into; None leaves it to the grouping of all.
        labels, reviewers: for that pull request, beside those of all.
    """

    ignore: str | None = None
    tags: Reach = Reach.KEEP
    versions: str = ""
    digests: Digests = Digests.MOVE
    cooldown: float = 0.0
    cooldown_mode: CooldownMode = CooldownMode.HOLD
    trust_registry_dates: bool = False
    settle: float = 3600.0
    interval: float = 0.0
    platforms: tuple[Platform, ...] = ()
    group: str | None = None
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()

    @property
    def remembers(self) -> bool:
        """Whether it asks for what was seen in earlier runs."""
        return (self.cooldown > 0 and self.cooldown_mode is not CooldownMode.OFF) or self.interval > 0
