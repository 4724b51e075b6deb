"""What OSV calls a package: its ecosystem, name and version (osv-schema, `affected[].package`)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pinbot.model.image import Distribution, Ecosystem, Package

_OF_DISTRIBUTIONS = frozenset({Ecosystem.APK, Ecosystem.DPKG, Ecosystem.RPM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One package version, in OSV's words."""

    ecosystem: str
    name: str
    version: str


def queries(package: Package, distribution: Distribution | None) -> tuple[Query, ...]:
    """What to ask about a package; nothing where OSV cannot know it.

    Advisories of distributions name the source package. Those for rpm name the packages built from it as
    well, so that both are asked for.
    """
    if package.ecosystem is Ecosystem.GO:
        return _go(package)
    if package.ecosystem is Ecosystem.CARGO:
        return (_query("crates.io", package.name, package.version),) if not package.source else ()
    ecosystem = of_distribution(distribution)
    if ecosystem is None:
        return ()
    if package.ecosystem is Ecosystem.RPM:
        same = package.source if not package.source_version else ""
        return tuple(_query(ecosystem, name, package.version) for name in _both(package.name, same))
    if ecosystem in _BY_PACKAGE:
        return tuple(_query(ecosystem, name, package.version) for name in _both(package.name, package.source))
    return (_query(ecosystem, package.source or package.name, package.source_version or package.version),)


def why_not(package: Package, distribution: Distribution | None) -> str | None:
    """Why there is nothing to ask about a package; None where nobody would wonder: the program itself."""
    if package.root:
        return None
    if package.ecosystem in _OF_DISTRIBUTIONS:
        if distribution is None:
            return f"packages of {package.ecosystem}, since it is not known of which distribution they are"
        system = f"{distribution.id} {distribution.version}".strip()
        return f"packages of {package.ecosystem}, since OSV has no advisories for {system}"
    if package.ecosystem is Ecosystem.CARGO:
        return "crates that are not from crates.io"
    return "Go modules without a version"


def of_distribution(distribution: Distribution | None) -> str | None:
    """OSV's name for the advisories of a distribution, with its release; None where it has none."""
    if distribution is None:
        return None
    form = _RELEASES.get(distribution.id)
    return form(distribution.version) if form is not None else None


def _go(package: Package) -> tuple[Query, ...]:
    """Go's versions have a letter or word before them, which OSV leaves out."""
    released = re.fullmatch(r"(?:v|go)([0-9].*)", package.version)
    return (_query("Go", package.name, released[1]),) if released else ()


def _both(*names: str) -> Iterator[str]:
    return iter(dict.fromkeys(filter(None, names)))


def _query(ecosystem: str, name: str, version: str) -> Query:
    return Query(ecosystem=ecosystem, name=name, version=version)


def _release(form: str, pattern: str) -> Callable[[str], str | None]:
    """A release as OSV writes it, from the part of the version that the pattern captures."""

    def written(version: str) -> str | None:
        found = re.fullmatch(pattern, version)
        return form.format(found[1]) if found else None

    return written


def _ubuntu(version: str) -> str | None:
    """Every second April's release is supported for long, and called so."""
    found = re.fullmatch(r"([0-9]{2})\.([0-9]{2})", version)
    if found is None:
        return None
    long = int(found[1]) % 2 == 0 and found[2] == "04"
    return f"Ubuntu:{version}:LTS" if long else f"Ubuntu:{version}"


_MAJOR = r"([0-9]+)(?:\..*)?"

_RELEASES: dict[str, Callable[[str], str | None]] = {
    "alpine": _release("Alpine:v{}", r"([0-9]+\.[0-9]+)(?:\.[0-9]+)?"),
    "debian": _release("Debian:{}", _MAJOR),
    "ubuntu": _ubuntu,
    "almalinux": _release("AlmaLinux:{}", _MAJOR),
    "rocky": _release("Rocky Linux:{}", _MAJOR),
    "mageia": _release("Mageia:{}", _MAJOR),
    "azurelinux": _release("Azure Linux:{}", _MAJOR),
    "wolfi": lambda _: "Wolfi",
    "chainguard": lambda _: "Chainguard",
    "minimos": lambda _: "MinimOS",
}

_BY_PACKAGE = frozenset({"Wolfi", "Chainguard", "MinimOS"})
"""Those whose advisories name the packages that are installed, not only their source."""
