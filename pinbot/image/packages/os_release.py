"""`os-release`: which distribution an image is (os-release(5))."""

import re
from collections.abc import Iterable

from pinbot.errors import ImageError
from pinbot.model.image import Distribution, Ecosystem, Package

PATHS = ("etc/os-release", "usr/lib/os-release")
"""Where it lies; the first one that is there counts, and it may be a link to the other."""

LIMIT = 64 << 10

_ASSIGNMENT = re.compile(
    r"""\s*(?P<name>[A-Z][A-Z0-9_]*)=
        (?: "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>[^']*)' | (?P<bare>(?:[^\s"'\\]|\\.)*) ) \s*""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r'\\([$"\'\\`])')
_ID = re.compile(r"[a-z0-9._-]{1,64}")
_VERSION = re.compile(r"[A-Za-z0-9._+~-]{1,64}")


def parse(data: bytes, place: str) -> Distribution:
    """The distribution; without an `ID` it is `linux`. Lines that are no assignment are passed over.

    Raises:
        ImageError: it is too large.
    """
    if len(data) > LIMIT:
        raise ImageError(f"{place} has {len(data):,} bytes, and is read only up to {LIMIT:,}")
    values: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").split("\n"):
        if found := _ASSIGNMENT.fullmatch(line):
            value = found["single"]
            if value is None:
                value = _ESCAPED.sub(r"\1", found["double"] if found["double"] is not None else found["bare"])
            values[found["name"]] = value
    version = values.get("VERSION_ID", "")
    return Distribution(
        id=_id(values.get("ID", "")) or "linux",
        version=version if _VERSION.fullmatch(version) else "",
        name="".join(char for char in values.get("PRETTY_NAME", "") if char.isprintable())[:100],
        like=tuple(filter(None, map(_id, values.get("ID_LIKE", "").split()))),
    )


def implied_by(packages: Iterable[Package]) -> Distribution | None:
    """The distribution, by the package that brings its `os-release`; None where none is known to.

    It stands in for the file where this lies in a layer that nobody read.
    """
    for package in packages:
        known = _OWNERS.get((package.ecosystem, package.name))
        release = known and re.match(known[1], package.version)
        if known and release:
            return Distribution(id=known[0], version=release[1])
    return None


_OWNERS = {
    (Ecosystem.APK, "alpine-release"): ("alpine", r"([0-9]+\.[0-9]+\.[0-9]+)-r"),
    (Ecosystem.APK, "wolfi-baselayout"): ("wolfi", r"([0-9]+)-r"),
    (Ecosystem.DPKG, "base-files"): ("debian", r"([0-9]+)(?:\.[0-9]+)?(?:\+deb[0-9]+u[0-9]+)?$"),
    (Ecosystem.RPM, "almalinux-release"): ("almalinux", r"([0-9]+\.[0-9]+)-"),
    (Ecosystem.RPM, "rocky-release"): ("rocky", r"([0-9]+\.[0-9]+)-"),
}
"""Packages that bring `os-release`, whose distribution it is, and where its release stands in the version."""


def _id(text: str) -> str:
    return text if _ID.fullmatch(text) else ""
