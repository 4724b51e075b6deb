"""What a comparison needs to know of a layer, and what the layers of an image come to together. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pinbot.model.image import Distribution, Package


class Kind(StrEnum):
    """What tells of packages."""

    DATABASE = "database"
    """Of a package manager, with all packages of its ecosystem that the image has."""

    PART = "part"
    """One of several files that make a database together, as in distroless images."""

    BINARY = "binary"
    """A program that names the modules it was made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that tells of packages; `problem` says why it cannot be read, and then there are none."""

    kind: Kind
    packages: tuple[Package, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What one layer has of all that a comparison looks for; paths are from the root, without a slash before.

    Attributes:
        found: what tells of packages, by path.
        releases: what `os-release` tells, by path.
        privileged: files that run with other rights than those of who starts them.
        removed: names that the layer takes away from those below it, with all below them; also those at which
            it puts something else than the folder that a database lies in.
        cleared: folders that it empties of what the layers below have in them.
    """

    found: Mapping[str, Found]
    releases: Mapping[str, Distribution]
    privileged: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    cleared: frozenset[str] = frozenset()


class View:
    """What is to be seen of layers that are looked at from the top down.

    Attributes:
        found, releases, privileged: as in `Notes`, without what a layer above hides.
        removed: whether a layer takes away, or might take away, a database of those below it.
    """

    def __init__(self) -> None:
        self.found: dict[str, Found] = {}
        self.releases: dict[str, Distribution] = {}
        self.privileged: set[str] = set()
        self._removed: set[str] = set()
        self._cleared: set[str] = set()

    def add(self, notes: Notes) -> None:
        """Look at the next lower layer."""
        for path, found in notes.found.items():
            if not self.hides(path):
                self.found.setdefault(path, found)
        for path, release in notes.releases.items():
            if not self.hides(path):
                self.releases.setdefault(path, release)
        self.privileged.update(path for path in notes.privileged if not self.hides(path))
        self._removed |= notes.removed
        self._cleared |= notes.cleared

    def hides(self, path: str) -> bool:
        """Whether a layer that was looked at takes away what those below it have at this path."""
        if path in self._removed:
            return True
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            if folder in self._removed or folder in self._cleared:
                return True
        return False

    @property
    def settled(self) -> bool:
        """Whether the layers further down can change nothing about the packages of the system.

        An empty database is that of a package manager which was not used, and so not the one to look for.
        """
        return any(
            found.kind is Kind.DATABASE and (found.packages or found.problem) for found in self.found.values()
        )

    def of(self, *kinds: Kind) -> dict[str, Found]:
        """What was found of these kinds, by path."""
        return {path: found for path, found in sorted(self.found.items()) if found.kind in kinds}


def packages(found: Iterable[Found]) -> tuple[Package, ...]:
    """All packages that are told of."""
    return tuple(package for one in found for package in one.packages)
