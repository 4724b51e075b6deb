"""Looking into one image with all rules that are for images and binaries."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from pinbot.audit import catalog, smoke
from pinbot.audit.audit import examine, join
from pinbot.audit.binary import subject as binary_subject
from pinbot.audit.image import facts, keeping, profile, start
from pinbot.audit.image.subject import ImageSubject
from pinbot.errors import ImageError, Mismatch, Untrustworthy
from pinbot.image import look, platforms
from pinbot.image.files import Files
from pinbot.model.binary import Binary
from pinbot.model.finding import Audit, Profile, Unchecked
from pinbot.model.image import ImageConfig
from pinbot.model.inspection import Inspection, Program
from pinbot.model.manifest import Descriptor, Manifest
from pinbot.model.reference import Platform
from pinbot.ports.images import ImageSource, Runner

_NEED_NO_FILES = frozenset({"I12", "I15"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an image is held to.

    Attributes:
        profile: what kind of image is meant; None leaves it to what the image looks like.
        max_size: compressed bytes that it may have; None leaves it to the profile.
        ignore: ids of rules that are switched off.
        at: the time, with its zone, to tell what has expired.
    """

    profile: Profile | None = None
    max_size: int | None = None
    ignore: Collection[str] = ()
    at: datetime | None = None


async def inspect(
    source: ImageSource, terms: Terms, platform: Platform | None = None, *, runner: Runner | None = None
) -> Inspection:
    """Read an image for one platform, start it if there is a runner, and hold it to the rules.

    Raises:
        RegistryError: it cannot be had.
        ImageError: it cannot be looked into.
    """
    descriptor, manifest = await platforms.pick(source, platform)
    try:
        config = await look.config(source, manifest)
    except Mismatch as error:
        return _mismatched(source.name, descriptor, manifest, terms, error.message)
    _refuse_foreign(config, source.name)
    try:
        keeper = keeping.Keeper(path.strip("/") for path in start.candidates(config))
        files = await look.files(source, manifest, config, keep=keeper)
    except (Mismatch, Untrustworthy) as error:
        return _mismatched(source.name, descriptor, manifest, terms, error.message)
    subject = ImageSubject(
        manifest=manifest,
        config=config,
        files=files,
        profile=terms.profile or profile.detect(files),
        max_size=terms.max_size,
        at=terms.at,
    )
    binaries = binary_subject.subjects(subject)
    started = await smoke.start(runner, source, manifest, config)
    audits = [
        examine(catalog.IMAGE, subject, name=source.name, profile=subject.profile, ignore=terms.ignore),
        *(
            examine(catalog.BINARY, binary, name=source.name, profile=subject.profile, ignore=terms.ignore)
            for binary in binaries
        ),
        examine(catalog.SMOKE, started, name=source.name, profile=subject.profile, ignore=terms.ignore),
    ]
    if not binaries:
        audits.append(_without_binaries(source.name, subject.profile))
    return Inspection(
        audit=join(audits, name=source.name, profile=subject.profile),
        digest=descriptor.digest,
        config=config,
        size=manifest.compressed_size,
        layers=len(manifest.layers),
        budget=subject.budget,
        programs=tuple(
            Program(path=binary.path, binary=binary.outcome)
            for binary in binaries
            if isinstance(binary.outcome, Binary)
        ),
        entries=tuple(files),
        certificates=facts.authorities(files),
        tzdata=facts.time_zones(files),
    )


def _without_binaries(name: str, kind: Profile) -> Audit:
    reason = "the image starts no ELF binary"
    return Audit(
        subject=name,
        profile=kind,
        inapplicable=tuple(Unchecked(rule=check.rule.id, reason=reason) for check in catalog.BINARY),
    )


def _refuse_foreign(config: ImageConfig, name: str) -> None:
    if config.platform is not None and config.platform.os != "linux":
        raise ImageError(
            f"the image is for {config.platform}, and pinbot's rules are for Linux",
            hint="name a Linux image, or one of an index with --platform",
            image=name,
        )


def _mismatched(
    name: str, descriptor: Descriptor, manifest: Manifest, terms: Terms, problem: str
) -> Inspection:
    """An image of which nothing more can be said: whatever is in it, it is not what it should be."""
    subject = ImageSubject(
        manifest=manifest,
        config=ImageConfig(),
        files=Files({}),
        profile=terms.profile or Profile.ANY,
        max_size=terms.max_size,
        mismatch=problem,
    )
    kind = subject.profile
    checks = [check for check in catalog.IMAGE if check.rule.id in _NEED_NO_FILES]
    left = [rule for rule in catalog.RULES.values() if rule.id[0] in "IB"]
    others = tuple(
        Unchecked(rule=rule.id, reason="what is in the image cannot be trusted: see I15")
        for rule in left
        if rule.id not in _NEED_NO_FILES and rule.id not in terms.ignore and kind in rule.profiles
    )
    found = examine(checks, subject, name=name, profile=kind, ignore=terms.ignore)
    return Inspection(
        audit=join((found, Audit(subject=name, profile=kind, unchecked=others)), name=name, profile=kind),
        digest=descriptor.digest,
        config=subject.config,
        size=manifest.compressed_size,
        layers=len(manifest.layers),
        budget=subject.budget,
    )
