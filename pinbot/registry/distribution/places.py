"""Who is asked for an image: its registry, and the mirrors of it."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from pinbot.config import Mirror, RegistrySettings
from pinbot.errors import RegistryError, Unreachable
from pinbot.registry.distribution.answers import Target
from pinbot.registry.distribution.session import Session

T = TypeVar("T")

Open = Callable[[RegistrySettings, bool], Session]
"""Gives the session with a registry, or with a mirror; raises Unreachable for one that cannot be asked."""


@dataclass(frozen=True, slots=True)
class Place:
    """A registry, and the repository to ask it for."""

    session: Session
    repository: str


class Places:
    """Knows the places of every image.

    Args:
        settings: how to reach an image, by its name (`docker.io/library/alpine`).
        session: opens the session with a registry, the same one each time.
    """

    def __init__(self, settings: Callable[[str], RegistrySettings], session: Open) -> None:
        self._settings = settings
        self._session = session

    def registry(self, target: Target) -> Place:
        """The registry itself, which knows best.

        Raises:
            Unreachable: it is blocked, or its address is none.
        """
        name, settings = self._of(target)
        repository = settings.path_of(name)
        session = self._session(settings, False)  # noqa: FBT003 - see `Open`
        if not repository:
            raise Unreachable(
                f"{settings.location} is a host and no repository, which should stand for {name}",
                hint=f"mend the location in {settings.source or 'the configuration'}",
            )
        return Place(session, repository)

    def telling(self, target: Target) -> list[Place]:
        """Who can tell what a tag means, the best last: mirrors that are declared to, and the registry.

        Raises:
            Unreachable: the registry is blocked, or its address is none.
        """
        return [*self._mirrors(target, lambda mirror: mirror.authoritative), self.registry(target)]

    def holding(self, target: Target) -> list[Place]:
        """Who may have what a digest names: all mirrors, and the registry last.

        Raises:
            Unreachable: the registry is blocked, or its address is none.
        """
        return [*self._mirrors(target, lambda _: True), self.registry(target)]

    def _of(self, target: Target) -> tuple[str, RegistrySettings]:
        name = f"{target.registry}/{target.repository}"
        return name, self._settings(name)

    def _mirrors(self, target: Target, wanted: Callable[[Mirror], bool]) -> Iterator[Place]:
        name, settings = self._of(target)
        if settings.blocked:
            return
        for mirror in filter(wanted, settings.mirrors):
            repository = replace(settings, location=mirror.location).path_of(name)
            with suppress(Unreachable):  # then there are the others, and the registry itself
                session = self._session(self._reached(mirror), True)  # noqa: FBT003 - see `Open`
                if repository:
                    yield Place(session, repository)

    def _reached(self, mirror: Mirror) -> RegistrySettings:
        """How to reach a mirror: as what is configured for its own name, and for nothing else, says."""
        own = self._settings(mirror.location)
        if own.location is not None or (mirror.insecure and not own.insecure):
            # What is meant for another place, or for https, is not for this one.
            own = RegistrySettings(name=own.name, blocked=own.blocked)
        insecure = own.insecure or mirror.insecure
        return replace(own, name=mirror.location, insecure=insecure, mirrors=())


async def first(places: Iterable[Place], ask: Callable[[Place], Awaitable[T]]) -> T:
    """The first answer; that of the last place counts where there is none.

    Raises:
        RegistryError: that of the last place.
    """
    *others, last = places
    for place in others:
        try:
            return await ask(place)
        except RegistryError:
            continue
    return await ask(last)
