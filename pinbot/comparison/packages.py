"""Two package lists to what was added, removed, upgraded and downgraded. Pure."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from pinbot.image.versions.compare import compare, sort_key
from pinbot.image.versions.numbers import Key
from pinbot.model.comparison import Move, PackageChange
from pinbot.model.image import Ecosystem, Package, VersionChange

_MOVES = {
    VersionChange.UPGRADE: Move.UPGRADED,
    VersionChange.DOWNGRADE: Move.DOWNGRADED,
    VersionChange.SAME: Move.CHANGED,
    VersionChange.UNORDERED: Move.CHANGED,
}

_Variants = dict[tuple[str, str], Package]
"""The packages of one name, by version and architecture."""


def changes(old: Iterable[Package], new: Iterable[Package]) -> tuple[PackageChange, ...]:
    """What differs, by ecosystem and name; the order of the lists, and repetitions in them, do not count.

    One name can be there in several versions (crates, Go modules) or for several architectures. What is the
    same on both sides is set aside; of the rest, the highest versions are held against each other.
    """
    before, after = _by_name(old), _by_name(new)
    found: list[PackageChange] = []
    for key in sorted({*before, *after}):
        found.extend(_of_name(before.get(key, {}), after.get(key, {})))
    return tuple(found)


def _by_name(packages: Iterable[Package]) -> dict[tuple[Ecosystem, str], _Variants]:
    names: dict[tuple[Ecosystem, str], _Variants] = {}
    for package in packages:
        variants = names.setdefault((package.ecosystem, package.name), {})
        variants.setdefault((package.version, package.architecture), package)
    return names


def _of_name(old: _Variants, new: _Variants) -> Iterator[PackageChange]:
    gone = _by_architecture(package for variant, package in old.items() if variant not in new)
    come = _by_architecture(package for variant, package in new.items() if variant not in old)
    only_old: list[Package] = []
    only_new: list[Package] = []
    for architecture in sorted({*gone, *come}):
        for before, after in zip_longest(gone.get(architecture, ()), come.get(architecture, ())):
            if before and after:
                yield _change(before, after)
            elif before:
                only_old.append(before)
            else:
                only_new.append(after)
    for before, after in zip_longest(only_old, only_new):
        yield _change(before, after)


def _by_architecture(packages: Iterable[Package]) -> dict[str, list[Package]]:
    """The packages of each architecture, highest version first."""
    found: dict[str, list[Package]] = {}
    for package in sorted(packages, key=_rank, reverse=True):
        found.setdefault(package.architecture, []).append(package)
    return found


def _rank(package: Package) -> tuple[bool, Key, str]:
    key = sort_key(package.ecosystem, package.version)
    return key is not None, key or (), package.version


def _change(before: Package | None, after: Package | None) -> PackageChange:
    told = after or before
    assert told is not None  # noqa: S101 - at least one of the two is there
    moved = before is not None and after is not None and before.architecture != after.architecture
    return PackageChange(
        ecosystem=told.ecosystem,
        name=told.name,
        move=_move(before, after),
        old=_version(before, with_architecture=moved),
        new=_version(after, with_architecture=moved),
        place=told.place,
    )


def _move(before: Package | None, after: Package | None) -> Move:
    if before is None:
        return Move.ADDED
    if after is None:
        return Move.REMOVED
    return _MOVES[compare(before.ecosystem, before.version, after.version)]


def _version(package: Package | None, *, with_architecture: bool) -> str | None:
    if package is None:
        return None
    if with_architecture and package.architecture:
        return f"{package.version} ({package.architecture})"
    return package.version
