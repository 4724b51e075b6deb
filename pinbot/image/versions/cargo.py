"""How Cargo orders versions: SemVer, and the build metadata where all else is equal (crate `semver`)."""

from pinbot.image.versions import semver
from pinbot.image.versions.numbers import Key, number

_LARGEST_NUMBER = number(str(2**64 - 1))


def key(version: str) -> Key | None:
    """What sorts as the version does; None for what Cargo does not take for a version."""
    parsed = semver.parse(version)
    if parsed is None or not parsed.complete:
        return None
    if any(number(digits) > _LARGEST_NUMBER for digits in parsed.numbers):
        return None
    return parsed.precedence, tuple(map(_build, parsed.build.split(".")))


def _build(text: str) -> Key:
    """Unlike in a pre-release, numbers may have leading zeros: 0 < 00 < 1 < 01 < 2."""
    digits = not text.strip("0123456789")
    return (0, number(text), len(text)) if digits else (1, text)
