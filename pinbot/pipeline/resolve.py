"""Images to resolutions, or to tags: each is asked for once, all at the same time, and fails alone."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from pinbot.clock import SystemClock
from pinbot.errors import PinbotError, Unreachable
from pinbot.model.plan import Resolution, TagList
from pinbot.model.reference import ImageReference, natural_order
from pinbot.ports.machine import Clock, Progress
from pinbot.ports.registries import Registry

Question = Callable[[ImageReference], Awaitable[Resolution]]
Answer = Resolution | PinbotError

T = TypeVar("T")

_MANY, _FEW = 2000, 1000
"""Questions under way, each of which takes memory: how many, and how few before many follow, which then come
at once and share what they need, e.g. tokens."""

_MORE_ROUNDS = 2
_PATIENCE = 60.0
"""Seconds that may pass with asking again."""


async def resolve_all(
    question: Question,
    images: Iterable[ImageReference],
    progress: Progress,
    clock: Clock | None = None,
) -> dict[ImageReference, Answer]:
    """Put the question (e.g. `Resolver.resolve`) for every image; an error takes the place of its answer.

    What a registry in passing trouble could not tell is asked for up to twice more, within a minute.
    """
    return await ask_all("Resolving", question, images, progress, clock)


async def list_all(
    registry: Registry,
    images: Iterable[ImageReference],
    progress: Progress,
    clock: Clock | None = None,
) -> dict[ImageReference, TagList | PinbotError]:
    """The tags of each repository, in natural order, by the reference to it without tag and digest.

    As often as `resolve_all` asks.
    """

    async def question(image: ImageReference) -> TagList:
        tags = await registry.tags(image)
        return TagList(repository=image.name, tags=tuple(sorted(tags, key=natural_order)))

    repositories = (bare(image) for image in images)
    return await ask_all("Listing tags", question, repositories, progress, clock)


def bare(image: ImageReference) -> ImageReference:
    """The repository of an image: by this `list_all` tells its tags."""
    return replace(image, tag=None, digest=None)


async def ask_all(
    title: str,
    question: Callable[[ImageReference], Awaitable[T]],
    images: Iterable[ImageReference],
    progress: Progress,
    clock: Clock | None = None,
) -> dict[ImageReference, T | PinbotError]:
    """Ask for each, and at the end once more for what met a passing trouble.

    Among many images one can meet as many failures in a row as there are tries; then it is among few.
    """
    clock = clock or SystemClock()
    answers = await _ask_each(title, question, dict.fromkeys(images), progress)
    later, deadline = answers, clock.monotonic() + _PATIENCE
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            for _ in range(_MORE_ROUNDS):
                again = _worth_asking(later)
                pause = max(again.values(), default=0.0)
                if not again or clock.monotonic() + pause > deadline:
                    break
                await clock.sleep(pause)
                later = await _ask_each("Asking again", question, again, progress)
                # What is unreachable still is told with its first reason.
                answers |= {
                    image: answer for image, answer in later.items() if not isinstance(answer, Unreachable)
                }
    return answers


def _worth_asking(answers: Mapping[ImageReference, object]) -> dict[ImageReference, float]:
    """For each image that may yet be had, in how many seconds."""
    return {
        image: answer.again_in
        for image, answer in answers.items()
        if isinstance(answer, Unreachable) and answer.again_in is not None
    }


async def _ask_each(
    title: str,
    question: Callable[[ImageReference], Awaitable[T]],
    images: Collection[ImageReference],
    progress: Progress,
) -> dict[ImageReference, T | PinbotError]:
    if not images:
        return {}
    tasks: dict[ImageReference, asyncio.Task[T | PinbotError]] = {}
    few = asyncio.Event()
    under_way = 0
    with progress.step(title, len(images)) as done:

        async def ask(image: ImageReference) -> T | PinbotError:
            nonlocal under_way
            try:
                return await question(image)
            except PinbotError as error:
                return error
            finally:
                done(image.familiar)
                under_way -= 1
                if under_way <= _FEW:
                    few.set()

        async with asyncio.TaskGroup() as group:
            for image in images:
                if under_way == _MANY:
                    few.clear()
                    await few.wait()
                under_way += 1
                tasks[image] = group.create_task(ask(image))
    return {image: task.result() for image, task in tasks.items()}
