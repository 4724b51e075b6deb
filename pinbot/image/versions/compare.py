"""Versions are compared by the rules of their own ecosystem, never as text."""

from collections.abc import Callable, Mapping

from pinbot.image.versions import apk, cargo, dpkg, go, rpm
from pinbot.image.versions.numbers import Key
from pinbot.model.image import Ecosystem, VersionChange

LONGEST = 512
"""Characters of a version; what has more is not looked into."""

_KEYS: Mapping[Ecosystem, Callable[[str], Key | None]] = {
    Ecosystem.APK: apk.key,
    Ecosystem.DPKG: dpkg.key,
    Ecosystem.RPM: rpm.key,
    Ecosystem.GO: go.key,
    Ecosystem.CARGO: cargo.key,
}


def sort_key(ecosystem: Ecosystem, version: str) -> Key | None:
    """What sorts among the keys of one ecosystem as the version does; None for what is no version there."""
    return _KEYS[ecosystem](version) if len(version) <= LONGEST else None


def compare(ecosystem: Ecosystem, old: str, new: str) -> VersionChange:
    """Which way a version went; two ways to write one are the same, e.g. `1.0` and `0:1.0` in dpkg."""
    if old == new:
        return VersionChange.SAME
    before, after = sort_key(ecosystem, old), sort_key(ecosystem, new)
    if before is None or after is None:
        return VersionChange.UNORDERED
    if before == after:
        return VersionChange.SAME
    return VersionChange.UPGRADE if before < after else VersionChange.DOWNGRADE
