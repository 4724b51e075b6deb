"""Asking one image something, from tests that are not asynchronous."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pinbot.image import look, platforms
from pinbot.image.files import Files
from pinbot.image.sources.opening import open_image
from pinbot.model.manifest import Descriptor, Index, Manifest
from pinbot.ports.images import ImageSource
from pinbot.ports.registries import Registry
from tests.support.registry_client import Asker

T = TypeVar("T")


async def no_registry() -> Registry:
    raise AssertionError("nobody should ask a registry")


def ask(name: str, question: Callable[[ImageSource], Awaitable[T]], asker: Asker | None = None) -> T:
    """Open an image, which lies on this machine unless there is an asker, and put a question to it."""
    if asker is None:

        async def local() -> T:
            return await question(await open_image(name, no_registry))

        return asyncio.run(local())

    async def remote() -> T:
        async with asker.client() as client:

            async def connect() -> Registry:
                return client

            return await question(await open_image(name, connect))

    return asyncio.run(remote())


async def root(source: ImageSource) -> tuple[Descriptor, Manifest | Index]:
    return await source.root()


async def everything(source: ImageSource) -> Files:
    """All files of the image for the usual platform, with their contents and digests."""
    _, manifest = await platforms.pick(source)
    config = await look.config(source, manifest)
    return await look.files(source, manifest, config, keep=lambda _: 100_000, hashed=lambda _: True)
