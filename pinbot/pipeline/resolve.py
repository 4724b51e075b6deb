"""Images to resolutions: each image is asked for once, all at the same time, and fails alone."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pinbot.errors import PinbotError
from pinbot.model.manifest import Index
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference
from pinbot.ports import ManifestSource, Progress, Resolver

Answer = Resolution | PinbotError


async def with_platforms(
    source: ManifestSource, answers: Mapping[ImageReference, Answer]
) -> dict[ImageReference, Answer]:
    """The same answers, each with the platforms that its index offers; this reads the manifests."""

    async def look(answer: Answer) -> Answer:
        if not isinstance(answer, Resolution):
            return answer
        try:
            manifest = await source.manifest(answer.image.with_digest(answer.digest))
        except PinbotError as error:
            return error
        return replace(answer, platforms=manifest.platforms if isinstance(manifest, Index) else ())

    looked = await asyncio.gather(*(look(answer) for answer in answers.values()))
    return dict(zip(answers, looked, strict=True))


async def resolve_all(
    resolver: Resolver, images: Iterable[ImageReference], progress: Progress
) -> dict[ImageReference, Answer]:
    """Ask for every image; an error stands in the place of the answer that it prevented."""
    wanted = tuple(dict.fromkeys(images))
    if not wanted:
        return {}
    with progress.step("Resolving", len(wanted)) as done:

        async def ask(image: ImageReference) -> Answer:
            try:
                return await resolver.resolve(image)
            except PinbotError as error:
                return error
            finally:
                done(image.familiar)

        async with asyncio.TaskGroup() as group:
            tasks = {image: group.create_task(ask(image)) for image in wanted}
    return {image: task.result() for image, task in tasks.items()}
