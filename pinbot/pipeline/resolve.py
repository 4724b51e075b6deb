"""Images to resolutions, or to tags: each is asked for once, all at the same time, and fails alone."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from pinbot.errors import PinbotError
from pinbot.model.plan import Resolution, TagList
from pinbot.model.reference import ImageReference, natural_order
from pinbot.ports import Progress, Registry

Question = Callable[[ImageReference], Awaitable[Resolution]]
Answer = Resolution | PinbotError

T = TypeVar("T")


async def resolve_all(
    question: Question,
    images: Iterable[ImageReference],
    progress: Progress,
) -> dict[ImageReference, Answer]:
    """Put the question (e.g. `Resolver.resolve`) for every image; an error takes the place of its answer."""
    return await _ask_all("Resolving", question, images, progress)


async def list_all(
    registry: Registry, images: Iterable[ImageReference], progress: Progress
) -> list[TagList | PinbotError]:
    """The tags of each image's repository, in natural order; one list for images of one repository."""

    async def question(image: ImageReference) -> TagList:
        tags = await registry.tags(image)
        return TagList(repository=image.name, tags=tuple(sorted(tags, key=natural_order)))

    repositories = (replace(image, tag=None, digest=None) for image in images)
    return list((await _ask_all("Listing tags", question, repositories, progress)).values())


async def _ask_all(
    title: str,
    question: Callable[[ImageReference], Awaitable[T]],
    images: Iterable[ImageReference],
    progress: Progress,
) -> dict[ImageReference, T | PinbotError]:
    wanted = tuple(dict.fromkeys(images))
    if not wanted:
        return {}
    with progress.step(title, len(wanted)) as done:

        async def ask(image: ImageReference) -> T | PinbotError:
            try:
                return await question(image)
            except PinbotError as error:
                return error
            finally:
                done(image.familiar)

        async with asyncio.TaskGroup() as group:
            tasks = {image: group.create_task(ask(image)) for image in wanted}
    return {image: task.result() for image, task in tasks.items()}
