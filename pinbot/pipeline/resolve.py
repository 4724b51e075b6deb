"""Images to resolutions: each image is asked for once, all at the same time, and fails alone."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from pinbot.errors import PinbotError
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference
from pinbot.ports import Progress

Answer = Resolution | PinbotError


async def resolve_all(
    question: Callable[[ImageReference], Awaitable[Resolution]],
    images: Iterable[ImageReference],
    progress: Progress,
) -> dict[ImageReference, Answer]:
    """Put the question (e.g. `Resolver.resolve`) for every image; an error takes the place of its answer."""
    wanted = tuple(dict.fromkeys(images))
    if not wanted:
        return {}
    with progress.step("Resolving", len(wanted)) as done:

        async def ask(image: ImageReference) -> Answer:
            try:
                return await question(image)
            except PinbotError as error:
                return error
            finally:
                done(image.familiar)

        async with asyncio.TaskGroup() as group:
            tasks = {image: group.create_task(ask(image)) for image in wanted}
    return {image: task.result() for image, task in tasks.items()}
