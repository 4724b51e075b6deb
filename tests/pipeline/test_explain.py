import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from pinbot.cache import DiskCache
from pinbot.comparison.learning import Learner
from pinbot.errors import PinbotError
from pinbot.image.sources.remote import Remote
from pinbot.model.build import BuildTarget
from pinbot.model.comparison import Alarm, Comparison, Explanation
from pinbot.model.image import Taken
from pinbot.model.ledger import Ledger, Sighting
from pinbot.model.manifest import Descriptor, Index, Manifest
from pinbot.model.plan import Update, Version
from pinbot.model.reference import Digest, ImageReference
from pinbot.pipeline.explain import Explainer
from pinbot.ports.images import ImageSource
from pinbot.registry.client import RegistryClient
from pinbot.render.progress import Quiet
from tests.render.values import move, pin
from tests.support.images import alpine
from tests.support.oci import Pusher
from tests.support.registry import RegistryServer
from tests.support.registry_client import Asker

pytestmark = pytest.mark.needs("docker-registry", "busybox")


NOTHING = Ledger()


class Updates:
    """Updates of an image in a registry of this test."""

    def __init__(self, server: RegistryServer, cache: Path) -> None:
        self._host = server.host
        self._cache = DiskCache(cache)
        pusher = Pusher(server.base_url)
        self.old, self.new = (
            Digest.parse(pusher.index("alpine", "3.22", alpine(revision))) for revision in (1, 2)
        )
        pusher.close()

    def move(self, old: Digest, *, dockerfile: str = "Dockerfile", platform: str | None = None) -> Update:
        update = move(dockerfile, image=f"{self._host}/alpine:3.22")
        return replace(
            update,
            old=Version(tag="3.22", digest=old),
            new=Version(tag="3.22", digest=self.new),
            occurrences=tuple(replace(place, platform=platform) for place in update.occurrences),
        )

    def explain(
        self, *updates: Update, targets: tuple[BuildTarget, ...] = (), known: Ledger = NOTHING
    ) -> tuple[Explanation, ...]:
        async def work(client: RegistryClient) -> tuple[Explanation, ...]:
            explainer = Explainer(open=partial(Remote, client), learner=Learner(self._cache), targets=targets)
            return await explainer.explain(updates, lambda path: path.removeprefix("./"), known, Quiet())

        return Asker().ask(work)

    def in_use(self, *updates: Update, targets: tuple[BuildTarget, ...] = ()) -> list[list[str]]:
        outcomes = [explanation.outcome for explanation in self.explain(*updates, targets=targets)]
        return [
            [str(platform) for platform in outcome.in_use]
            for outcome in outcomes
            if isinstance(outcome, Comparison)
        ]


@pytest.fixture(scope="module")
def updates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Updates]:
    with RegistryServer() as server:
        yield Updates(server, tmp_path_factory.mktemp("cache"))


def test_an_update_is_explained_by_both_images(updates: Updates) -> None:
    (explanation,) = updates.explain(updates.move(updates.old))
    assert (explanation.old, explanation.new) == (updates.old, updates.new)
    assert isinstance(explanation.outcome, Comparison)
    (diff,) = explanation.outcome.changed
    assert diff.packages is not None
    assert [change.name for change in diff.packages.changes] == ["busybox", "musl", "tzdata"]


def test_an_image_that_had_no_digest_has_nothing_to_be_compared_with(updates: Updates) -> None:
    assert updates.explain(pin()) == ()


def test_one_that_cannot_be_explained_is_told_and_stops_no_other(updates: Updates) -> None:
    gone = Digest("sha256", "0" * 64)
    first, second = updates.explain(updates.move(gone), updates.move(updates.old))
    assert isinstance(first.outcome, PinbotError)
    assert first.outcome.code == "not-found"
    assert isinstance(second.outcome, Comparison)


def test_a_digest_that_the_tag_had_before_is_worth_a_word(updates: Updates) -> None:
    update = updates.move(updates.old)
    sightings = tuple(
        Sighting(image=str(update.image), digest=digest, seen=datetime(2026, 1, day, tzinfo=UTC))
        for day, digest in ((1, updates.new), (2, updates.old))
    )
    (explanation,) = updates.explain(update, known=Ledger(sightings=sightings))
    assert isinstance(explanation.outcome, Comparison)
    (caution,) = explanation.outcome.cautions
    assert caution.alarm is Alarm.OLDER_DIGEST
    assert caution.message.endswith("was first seen on 2026-01-01, the one that it replaces on 2026-01-02")


def test_the_platforms_are_those_that_the_files_are_for(updates: Updates) -> None:
    targets = (
        BuildTarget(dockerfile="Dockerfile", context=".", platform="linux/amd64"),
        BuildTarget(dockerfile="Dockerfile", context=".", platform="linux/arm64"),
        BuildTarget(dockerfile="other/Dockerfile", context=".", platform="linux/s390x"),
    )
    assert updates.in_use(updates.move(updates.old)) == [["linux/amd64"]]
    assert updates.in_use(updates.move(updates.old, platform="linux/arm64")) == [["linux/arm64"]]
    assert updates.in_use(updates.move(updates.old, platform="$TARGETPLATFORM")) == [["linux/amd64"]]
    both = updates.in_use(updates.move(updates.old, dockerfile="./Dockerfile"), targets=targets)
    assert both == [["linux/amd64", "linux/arm64"]]


class Broken:
    """A source with a bug."""

    name = "broken"
    taken = Taken()

    async def root(self) -> tuple[Descriptor, Manifest | Index]:
        raise ZeroDivisionError("a bug")

    async def document(self, descriptor: Descriptor) -> Manifest | Index:
        raise NotImplementedError

    async def blob(self, descriptor: Descriptor) -> bytes:
        raise NotImplementedError

    def stream(self, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        raise NotImplementedError


class Stuck(Broken):
    """A source that never answers."""

    async def root(self) -> tuple[Descriptor, Manifest | Index]:
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Broken(), "the images cannot be compared: ZeroDivisionError: a bug"),
        (Stuck(), "the images were not compared within 0 s"),
    ],
)
def test_whatever_goes_wrong_is_told_and_never_raised(
    source: ImageSource, message: str, tmp_path: Path
) -> None:
    def find(_: ImageReference) -> ImageSource:
        return source

    explainer = Explainer(open=find, learner=Learner(DiskCache(tmp_path)), seconds=0.05)
    (explanation,) = asyncio.run(explainer.explain([move()], str, NOTHING, Quiet()))
    assert isinstance(explanation.outcome, PinbotError)
    assert explanation.outcome.message == message
