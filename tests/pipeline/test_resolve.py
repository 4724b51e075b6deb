"""Asking for many images: each once, and again for what met a passing trouble."""

import asyncio
from collections import Counter

import pytest

from pinbot.errors import NotFound, PinbotError, Unreachable
from pinbot.model.manifest import OCI_INDEX
from pinbot.model.plan import Resolution
from pinbot.model.reference import Digest, ImageReference
from pinbot.pipeline.resolve import resolve_all
from pinbot.render.progress import Quiet
from tests.support.registry_clock import FakeClock

DIGEST = Digest("sha256", "0" * 64)
NEVER = 1000


def trouble(again_in: float | None, words: str = "trouble") -> Unreachable:
    error = Unreachable(words)
    error.again_in = again_in
    return error


class Registry:
    """Fails as often as it is told for each tag, and then answers."""

    def __init__(self, **failures: tuple[int, PinbotError]) -> None:
        self.failures = failures
        self.asked: Counter[str] = Counter()

    async def resolve(self, image: ImageReference) -> Resolution:
        tag = image.tag or ""
        self.asked[tag] += 1
        times, error = self.failures.get(tag, (0, trouble(None)))
        if self.asked[tag] <= times:
            raise error
        return Resolution(image=image, digest=DIGEST, media_type=OCI_INDEX)


def ask(registry: Registry, *tags: str, clock: FakeClock | None = None) -> list[Resolution | PinbotError]:
    images = [ImageReference.parse(f"r.example/app:{tag}") for tag in tags]
    work = resolve_all(registry.resolve, images, Quiet(), clock or FakeClock())
    return list(asyncio.run(work).values())


def good(answers: list[Resolution | PinbotError]) -> list[bool]:
    return [isinstance(answer, Resolution) for answer in answers]


def test_each_image_is_asked_for_once() -> None:
    registry = Registry()
    assert good(ask(registry, "a", "b", "a")) == [True, True]
    assert registry.asked == {"a": 1, "b": 1}


@pytest.mark.parametrize("times", [1, 2])
def test_what_met_a_passing_trouble_is_asked_for_again_and_nothing_else_is(times: int) -> None:
    registry = Registry(b=(times, trouble(0.0)), c=(NEVER, NotFound("gone")), d=(NEVER, trouble(None)))
    clock = FakeClock()
    answers = ask(registry, "a", "b", "c", "d", clock=clock)
    assert good(answers) == [True, True, False, False]
    assert registry.asked == {"a": 1, "b": 1 + times, "c": 1, "d": 1}


def test_there_are_three_rounds_and_no_more() -> None:
    registry = Registry(a=(NEVER, trouble(0.0)))
    assert good(ask(registry, "a")) == [False]
    assert registry.asked == {"a": 3}


def test_a_host_that_is_left_alone_is_waited_for() -> None:
    registry, clock = Registry(a=(1, trouble(29.5)), b=(1, trouble(0.0))), FakeClock()
    start = clock.now
    assert good(ask(registry, "a", "b", clock=clock)) == [True, True]
    assert clock.now - start == 29.5


def test_no_more_than_a_minute_is_waited() -> None:
    registry, clock = Registry(a=(NEVER, trouble(40.0))), FakeClock()
    start = clock.now
    assert good(ask(registry, "a", clock=clock)) == [False]
    assert (registry.asked, clock.now - start) == ({"a": 2}, 40.0)
    registry, clock = Registry(a=(NEVER, trouble(3600.0))), FakeClock()
    assert good(ask(registry, "a", clock=clock)) == [False]
    assert (registry.asked, clock.slept) == ({"a": 1}, [])


def test_what_stays_unreachable_is_told_with_its_first_reason_and_what_is_answered_with_the_last() -> None:
    class Changing(Registry):
        async def resolve(self, image: ImageReference) -> Resolution:
            self.asked[image.tag or ""] += 1
            if self.asked["a"] == 1 and image.tag == "a":
                raise trouble(0.0, "the reason")
            if image.tag == "a":
                raise trouble(None, "not asked")
            raise trouble(0.0) if self.asked["b"] == 1 else NotFound("gone")

    first, second = ask(Changing(), "a", "b")
    assert isinstance(first, Unreachable)
    assert first.message == "the reason"
    assert isinstance(second, NotFound)


def test_of_very_many_images_no_more_than_two_thousand_are_under_way() -> None:
    running = most = 0

    async def question(image: ImageReference) -> Resolution:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001 * (hash(image.tag) % 7))
        running -= 1
        return Resolution(image=image, digest=DIGEST, media_type=OCI_INDEX)

    images = [ImageReference.parse(f"r.example/app:{number}") for number in range(5500)]
    answers = asyncio.run(resolve_all(question, images, Quiet(), FakeClock()))
    assert list(answers) == images
    assert most == 2000
