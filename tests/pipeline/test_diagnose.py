"""What a diagnosis holds, and what counts as something that update would fail at."""

import asyncio
from collections.abc import Callable

from pinbot.config import Config, Driver, RegistrySettings
from pinbot.errors import BuilderError, NotFound, PinbotError, SourceError, Unreachable
from pinbot.model.build import BuildOutcome, BuildRequest
from pinbot.model.diagnosis import Access, Capability, Diagnosis, ForgeFinding
from pinbot.model.manifest import OCI_INDEX
from pinbot.model.occurrence import SourceFile
from pinbot.model.plan import Resolution
from pinbot.model.reference import Digest, ImageReference
from pinbot.pipeline.diagnose import Builders, diagnose
from pinbot.pipeline.scan import scan
from pinbot.ports.building import Builder
from pinbot.render.progress import Quiet

FILE = """\
FROM alpine:3
FROM alpine:3@sha256:{digest} AS again
FROM owner/app:1
FROM ghcr.io/a/b:1
FROM ghcr.io/a/c:1
FROM ghcr.io/only/digest@sha256:{digest}
FROM $NOTHING
"""


class Registries:
    """Docker Hub has everything; nobody else answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolve(self, image: ImageReference) -> Resolution:
        self.asked.append(str(image))
        if image.registry != "docker.io":
            raise Unreachable("ghcr.io refuses connections", hint="is it running?", image=str(image))
        if image.repository == "owner/app":
            raise NotFound("docker.io has no such image", image=str(image))
        return Resolution(image=image, digest=Digest("sha256", "1" * 64), media_type=OCI_INDEX)

    def access(self, image: ImageReference) -> Access:
        if image.repository == "owner/app":
            raise Unreachable("blocked")
        return Access(address=f"https://{image.registry}")


class Made:
    """A builder that is there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = f"{name} 1"

    async def build(self, request: BuildRequest, *, on_line: Callable[[str], None]) -> BuildOutcome:
        raise NotImplementedError

    async def capabilities(self) -> tuple[Capability, ...]:
        return (Capability(name="heredocs", able=True),)


def builders(*missing: Driver) -> Builders:
    async def find(driver: Driver) -> Builder:
        if driver in missing:
            raise BuilderError(f"{driver} is not installed", hint=f"install {driver}")
        return Made(str(driver))

    return {driver: lambda driver=driver: find(driver) for driver in (Driver.DOCKER, Driver.BUILDAH)}  # type: ignore[misc]


def diagnosis(
    text: str = FILE,
    *,
    registry: Registries | None = None,
    config: Config | None = None,
    makers: Builders | None = None,
    driver: Driver = Driver.AUTO,
    needs_builder: bool = False,
) -> Diagnosis:
    source = SourceFile(path="Dockerfile", data=text.format(digest="0" * 64).encode())
    return asyncio.run(
        diagnose(
            scan([source]),
            registry=registry or Registries(),
            prefix=lambda name: (config or Config()).registry(name).name,
            builders=makers or builders(),
            driver=driver,
            needs_builder=needs_builder,
            git="git version 2",
            forge=ForgeFinding(token=None, repository=None),
            progress=Quiet(),
        )
    )


def test_each_image_that_update_would_ask_for_is_asked_for_once() -> None:
    registry = Registries()
    diagnosis(registry=registry)
    assert sorted(registry.asked) == [
        "docker.io/library/alpine:3",
        "docker.io/owner/app:1",
        "ghcr.io/a/b:1",
        "ghcr.io/a/c:1",
    ]


def test_a_registry_is_told_once_and_so_is_each_reason() -> None:
    hub, github = diagnosis().registries
    assert (hub.name, hub.images, hub.failed, len(hub.problems)) == ("docker.io", 2, 1, 1)
    assert (github.name, github.images, github.failed, len(github.problems)) == ("ghcr.io", 2, 2, 1)
    assert not hub.reachable


def test_a_part_of_a_registry_that_is_configured_is_told_apart() -> None:
    config = Config(registries=(RegistrySettings(name="docker.io/owner", blocked=True),))
    hub, owner, _ = diagnosis(config=config).registries
    assert (hub.name, hub.failed, owner.name, owner.failed) == ("docker.io", 0, "docker.io/owner", 1)
    assert owner.access is None


def errors(found: Diagnosis) -> list[str]:
    return [error.message for error in found.all_errors]


def test_a_builder_is_missed_only_where_update_builds() -> None:
    none = builders(Driver.DOCKER, Driver.BUILDAH)
    assert errors(diagnosis("FROM alpine:3\n", makers=none)) == []
    assert errors(diagnosis("FROM alpine:3\n", makers=none, needs_builder=True)) == [
        "docker is not installed",
        "buildah is not installed",
    ]
    one = diagnosis("FROM alpine:3\n", makers=builders(Driver.DOCKER), needs_builder=True)
    assert errors(one) == []
    assert [(builder.driver, builder.version, builder.used) for builder in one.builders] == [
        ("docker", None, False),
        ("buildah", "buildah 1", True),
    ]


def test_the_configured_builder_is_the_one_that_must_be_there() -> None:
    makers = builders(Driver.BUILDAH)
    found = diagnosis("FROM alpine:3\n", makers=makers, driver=Driver.BUILDAH, needs_builder=True)
    assert errors(found) == ["buildah is not installed"]
    assert not any(builder.used for builder in found.builders)


def test_a_file_that_cannot_be_read_is_something_to_fail_at() -> None:
    broken = diagnosis("FROM\n")
    assert broken.registries == ()
    (error,) = broken.all_errors
    assert isinstance(error, SourceError)
    assert isinstance(error, PinbotError)
