"""What an update does to known vulnerabilities: fixed, new, remaining. Pure."""

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from pinbot.model.vulnerability import Exposed, Exposures, Vulnerability, VulnerabilityDiff

if TYPE_CHECKING:
    from pinbot.model.image import Package


def differing(old: Exposures, new: Exposures) -> frozenset[str]:
    """The ids that only one of the two has: these are worth a description."""
    return old.ids ^ new.ids


def changes(old: Exposures, new: Exposures, described: Iterable[Vulnerability]) -> VulnerabilityDiff:
    """Hold the two against each other.

    One vulnerability can have records in several databases: what goes under one name and stays, or comes,
    under another has not gone. Records that were withdrawn do not count.
    """
    known = {one.id: one for one in described}
    went = _Side(old, known, but_not=new.ids)
    came = _Side(new, known, but_not=old.ids)
    stays = old.ids & new.ids
    fixed = tuple(_sorted(went.exposed(without=came.names | stays)))
    appeared = tuple(_sorted(came.exposed(without=went.names | stays)))
    return VulnerabilityDiff(
        fixed=fixed,
        new=appeared,
        remaining=len(stays) + len(went.groups) - len(fixed),
        unasked=tuple(dict.fromkeys((*old.unasked, *new.unasked))),
    )


class _Side:
    """What only one of the two images has, records of the same vulnerability together."""

    def __init__(
        self, exposures: Exposures, known: dict[str, Vulnerability], *, but_not: Collection[str]
    ) -> None:
        self.groups: list[list[Vulnerability]] = []
        self._packages: dict[str, tuple[Package, ...]] = {}
        for exposure in exposures.found:
            one = known.get(exposure.id) or Vulnerability(id=exposure.id)
            if exposure.id not in but_not and not one.withdrawn:
                self._packages[one.id] = exposure.packages
                self._add(one)
        self.names = frozenset(name for group in self.groups for one in group for name in _names(one))

    def _add(self, one: Vulnerability) -> None:
        joined = [one]
        for group in [group for group in self.groups if any(_names(one) & _names(other) for other in group)]:
            self.groups.remove(group)
            joined = group + joined
        self.groups.append(joined)

    def exposed(self, *, without: Collection[str]) -> Iterator[Exposed]:
        """Those of which no name is among some others."""
        for group in self.groups:
            if not any(name in without for one in group for name in _names(one)):
                packages = dict.fromkeys(package for one in group for package in self._packages[one.id])
                yield Exposed(vulnerability=_together(group), packages=tuple(packages))


def _names(one: Vulnerability) -> frozenset[str]:
    return frozenset((one.id, *one.aliases))


def _together(group: list[Vulnerability]) -> Vulnerability:
    """One for all: the first of the worst, with what the others know."""
    first, *others = sorted(group, key=lambda one: (one.rating.rank, one.id))
    if not others:
        return first
    return Vulnerability(
        id=first.id,
        aliases=tuple(sorted(frozenset().union(*map(_names, group)) - {first.id})),
        upstream=tuple(dict.fromkeys(name for one in group for name in one.upstream)),
        summary=next((one.summary for one in (first, *others) if one.summary), ""),
        rating=first.rating,
        fixes=tuple(dict.fromkeys(fix for one in (first, *others) for fix in one.fixes)),
    )


def _sorted(exposed: Iterable[Exposed]) -> list[Exposed]:
    return sorted(exposed, key=lambda one: (one.vulnerability.rating.rank, one.vulnerability.name))
