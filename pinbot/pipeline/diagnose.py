"""Whether pinbot can do its work here: the registries that the files name, builders, git and the forge."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from pinbot.config import Driver
from pinbot.errors import BuilderError, PinbotError, RegistryError
from pinbot.model.diagnosis import Access, BuilderFinding, Diagnosis, ForgeFinding, RegistryFinding
from pinbot.model.occurrence import Status
from pinbot.model.reference import ImageReference
from pinbot.pipeline.resolve import resolve_all
from pinbot.pipeline.scan import Scan
from pinbot.ports.building import Builder
from pinbot.ports.machine import Progress
from pinbot.ports.registries import Witness

Builders = Mapping[Driver, Callable[[], Awaitable[Builder]]]
"""For each driver, in the order in which they are tried, a way to make its builder."""


async def diagnose(
    scanned: Scan,
    *,
    registry: Witness,
    prefix: Callable[[str], str],
    builders: Builders,
    driver: Driver,
    needs_builder: bool,
    git: str | None,
    forge: ForgeFinding,
    progress: Progress,
) -> Diagnosis:
    """Ask for everything that `update` would need, and change nothing.

    Args:
        scanned: what stands in the files.
        registry: asks registries, and knows how they answered.
        prefix: for the name of an image, the part of it that is configured on its own.
        builders: all drivers.
        driver: which of them may be used.
        needs_builder: whether `update` builds here without being asked to.
        git: the version of git, if there is one.
        forge: what `--pull-request` would work with.
        progress: is told how far it is.
    """
    images = dict.fromkeys(
        occurrence.image.tagged
        for occurrence in scanned.occurrences
        if occurrence.image is not None
        and occurrence.status is not Status.SKIPPED
        and occurrence.image.effective_tag is not None
    )
    return Diagnosis(
        registries=await _registries(images, registry, prefix, progress),
        builders=await _builders(builders, driver),
        git=git,
        forge=forge,
        needs_builder=needs_builder,
        errors=scanned.errors,
    )


async def _registries(
    images: Iterable[ImageReference], registry: Witness, prefix: Callable[[str], str], progress: Progress
) -> tuple[RegistryFinding, ...]:
    answers = await resolve_all(registry.resolve, images, progress)
    groups: dict[str, list[ImageReference]] = {}
    for image in answers:
        groups.setdefault(prefix(image.name), []).append(image)
    findings = []
    for name, members in sorted(groups.items()):
        failures = [answer for image in members if isinstance(answer := answers[image], PinbotError)]
        reasons: dict[str, PinbotError] = {}
        for failure in failures:  # one reason, e.g. a certificate, can stop all images: it is told once
            reasons.setdefault(failure.message, failure)
        findings.append(
            RegistryFinding(
                name=name,
                access=_access(registry, members[0]),
                images=len(members),
                failed=len(failures),
                problems=tuple(reasons.values()),
            )
        )
    return tuple(findings)


def _access(registry: Witness, image: ImageReference) -> Access | None:
    try:
        return registry.access(image)
    except RegistryError:
        return None  # the attempt to resolve an image has failed for the same reason, and tells it


async def _builders(builders: Builders, chosen: Driver) -> tuple[BuilderFinding, ...]:
    findings: list[BuilderFinding] = []
    for driver, find in builders.items():
        wanted = chosen in {Driver.AUTO, driver}
        try:
            builder = await find()
        except BuilderError as problem:
            findings.append(BuilderFinding(driver=driver, problem=problem, wanted=wanted))
        else:
            used = wanted and not any(finding.used for finding in findings)
            findings.append(
                BuilderFinding(
                    driver=driver,
                    version=builder.version,
                    wanted=wanted,
                    used=used,
                    capabilities=await builder.capabilities(),
                )
            )
    return tuple(findings)
