"""What in a comparison deserves a reviewer's eye; each caution has the id of its alarm. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from pinbot.comparison import secrets
from pinbot.comparison.origin import moment
from pinbot.model.comparison import (
    Alarm,
    Caution,
    LayerDiff,
    Move,
    Origin,
    PackageChange,
    Pair,
    Source,
)
from pinbot.model.image import ImageConfig
from pinbot.model.reference import Platform

DOUBLED = 2
"""An image that is larger by this factor is worth a word."""

_DATED_FROM = 1990
"""Builds that can be repeated give a date before this, which is none."""

_MOST_NAMED = 3


def of_index(lost: Sequence[Platform]) -> Iterator[Caution]:
    """What concerns all platforms."""
    if lost:
        names = _named([str(platform) for platform in lost])
        yield Caution(alarm=Alarm.LOST_PLATFORM, message=f"there is no image any more for {names}")


def of_sightings(seen: Pair[datetime | None]) -> Iterator[Caution]:
    """A tag that goes back to a digest which it had before; `seen` is when pinbot first saw each."""
    if seen.old and seen.new and seen.new < seen.old:
        yield Caution(
            alarm=Alarm.OLDER_DIGEST,
            message=f"the tag goes back to a digest that it had before: it was first seen on "
            f"{seen.new:%Y-%m-%d}, the one that it replaces on {seen.old:%Y-%m-%d}",
        )


def of_origin(origin: Origin) -> Iterator[Caution]:
    """A source that moved, and a date that goes backwards."""
    if origin.kind is Source.MOVED:
        yield Caution(
            alarm=Alarm.SOURCE_MOVED,
            message=f"the image says it is made of {origin.source.new}, and no longer of {origin.source.old}",
        )
    old, new = moment(origin.created.old), moment(origin.created.new)
    if old and new and new < old and new.year >= _DATED_FROM:
        yield Caution(
            alarm=Alarm.CREATED_BACKWARDS,
            message=f"the new image says it was made on {origin.created.new}, before the old one: "
            f"{origin.created.old}",
        )


def of_packages(changes: Iterable[PackageChange]) -> Iterator[Caution]:
    """Packages that go back to an older version."""
    lower = [change for change in changes if change.move is Move.DOWNGRADED]
    if lower:
        names = _named([f"{change.name} {change.old} to {change.new}" for change in lower])
        count = "a package goes" if len(lower) == 1 else f"{len(lower)} packages go"
        yield Caution(alarm=Alarm.OLDER_PACKAGES, message=f"{count} back to an older version: {names}")


def of_config(configs: Pair[ImageConfig], platform: Platform | None) -> Iterator[Caution]:
    """Another program that is started, another user, an image for something else than it is offered for."""
    old, new = configs.old, configs.new
    if old.entrypoint != new.entrypoint or (not new.entrypoint and old.cmd != new.cmd):
        yield Caution(
            alarm=Alarm.ENTRYPOINT_CHANGED,
            message=f"a container starts {_command(new)}, where it started {_command(old)}",
        )
    if old.user != new.user:
        yield Caution(
            alarm=Alarm.USER_CHANGED,
            message=f"a container runs as {_user(new)}, where it ran as {_user(old)}",
        )
    if platform and new.platform and new.platform.normal != platform.normal:
        yield Caution(
            alarm=Alarm.WRONG_PLATFORM,
            message=f"the image that is offered for {platform} says it is for {new.platform}",
        )


def of_files(added: Sequence[str], *, certain: bool) -> Iterator[Caution]:
    """Files that run with other rights than those of who starts them."""
    if added:
        count = "a file" if len(added) == 1 else f"{len(added)} files"
        unsure = "" if certain else ", unless layers of the old image that were not read have it too"
        yield Caution(
            alarm=Alarm.SETUID_ADDED,
            message=f"new layers bring {count} with setuid, setgid or capabilities: {_named(added)}{unsure}",
        )


def of_layers(layers: LayerDiff) -> Iterator[Caution]:
    """An image that grew out of all proportion."""
    size = layers.size
    if size.old and size.new >= DOUBLED * size.old:
        yield Caution(
            alarm=Alarm.SIZE_DOUBLED,
            message=f"the image is {size.new / size.old:.1f} times as large as it was",
        )


def _user(config: ImageConfig) -> str:
    return secrets.told(config.user) or "root"


def _command(config: ImageConfig) -> str:
    return " ".join(secrets.command(config.command)) or "nothing"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
