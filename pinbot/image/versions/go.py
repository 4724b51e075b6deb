"""How Go orders the versions of modules (golang.org/x/mod/semver) and of itself (go/version)."""

import re

from pinbot.image.versions import semver
from pinbot.image.versions.numbers import Key, number

_TOOLCHAIN = re.compile(
    r"""go(?P<major>[1-9][0-9]*) (?: \.(?P<minor>0|[1-9][0-9]*)
        (?: \.(?P<patch>0|[1-9][0-9]*) | (?P<kind>alpha|beta|rc)(?P<pre>0|[1-9][0-9]*) )? )? (?:-.*)?
    """,
    re.VERBOSE,
)
_FIRST_WITH_LANGUAGE_VERSION = number("21")


def key(version: str) -> Key | None:
    """What sorts as the version does; None for what Go cannot order, e.g. `(devel)`.

    `+incompatible` and other build metadata do not count; a pseudo-version is a pre-release as any other.
    """
    if version.startswith("v"):
        module = semver.parse(version[1:])
        return None if module is None else (0, *module.precedence)
    toolchain = _TOOLCHAIN.fullmatch(version)
    return None if toolchain is None else (1, *_toolchain(toolchain))


def _toolchain(parts: re.Match[str]) -> Key:
    """`go1.20` is a release; from 1.21 on such a name stands for the language, before all releases."""
    minor = number(parts["minor"] or "")
    released = parts["patch"] is not None or (minor < _FIRST_WITH_LANGUAGE_VERSION and not parts["kind"])
    return (
        number(parts["major"]),
        minor,
        released,
        number(parts["patch"] or ""),
        parts["kind"] or "",
        number(parts["pre"] or ""),
    )
