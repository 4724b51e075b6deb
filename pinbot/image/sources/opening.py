"""From what a user named to what can be looked into."""

from collections.abc import Awaitable, Callable

from pinbot.errors import ImageError
from pinbot.image.limits import DEFAULT, Limits
from pinbot.image.sources import location
from pinbot.image.sources.archive import Archive
from pinbot.image.sources.folder import Folder
from pinbot.image.sources.layout import Layout
from pinbot.image.sources.location import LocalImage, Transport
from pinbot.image.sources.remote import Remote
from pinbot.image.sources.saved import Saved
from pinbot.image.sources.stores import Store
from pinbot.model.reference import ImageReference
from pinbot.ports.images import ImageSource
from pinbot.ports.registries import Registry

Connect = Callable[[], Awaitable[Registry]]
"""Gives the client of all registries; called only for what lies in one."""


async def open_image(text: str, connect: Connect, limits: Limits = DEFAULT) -> ImageSource:
    """Find the image that a user names: see `location.parse`. Nothing has to be closed.

    Raises:
        UsageError, InvalidReference: it is no name of an image.
        ImageError: an archive cannot be read.
    """
    place = location.parse(text)
    if isinstance(place, ImageReference):
        return Remote(await connect(), place, name=text)
    store = await _store(place, limits)
    source = Saved if place.transport is Transport.DOCKER_ARCHIVE else Layout
    return source(store, name=text, reference=place.reference)


async def _store(place: LocalImage, limits: Limits) -> Store:
    is_folder = place.path.is_dir()
    if place.transport is Transport.LAYOUT:
        if not is_folder:
            raise ImageError(
                f"{place.path} is no folder", hint=f"for an archive write oci-archive:{place.path}"
            )
        return Folder(place.path)
    if is_folder:
        raise ImageError(f"{place.path} is a folder and no archive", hint=f"write oci:{place.path}")
    return await Archive.open(place.path, limits)
