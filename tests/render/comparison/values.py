"""Comparisons to render, each with the least that a test must say."""

from pinbot.errors import PinbotError
from pinbot.model.comparison import (
    Alarm,
    Caution,
    Comparison,
    Cost,
    Evidence,
    Explanation,
    Layer,
    LayerDiff,
    Move,
    Origin,
    PackageChange,
    PackageDiff,
    Pair,
    Part,
    PlatformDiff,
    Setting,
    SettingChange,
    Source,
    Subject,
    Unread,
)
from pinbot.model.image import Ecosystem, Package
from pinbot.model.manifest import OCI_INDEX
from pinbot.model.reference import Digest, ImageReference, Platform
from pinbot.model.vulnerability import Exposed, Rating, Vulnerability, VulnerabilityDiff

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")
OLD, NEW, SHARED = (Digest("sha256", digit * 64) for digit in "123")


def package(
    name: str = "busybox", move: Move = Move.UPGRADED, old: str | None = "1-r0", new: str | None = "1-r1"
) -> PackageChange:
    return PackageChange(
        ecosystem=Ecosystem.APK, name=name, move=move, old=old, new=new, place="lib/apk/db/installed"
    )


def origin(kind: Source = Source.UNKNOWN, *, text: str | None = None, link: str | None = None) -> Origin:
    pair: Pair[str | None] = Pair(old=text, new=text and f"{text}2")
    return Origin(kind=kind, source=pair, revision=pair, version=pair, created=pair, link=link)


def platform_diff(
    *changes: PackageChange,
    platform: Platform | None = AMD64,
    of: Origin | None = None,
    evidence: Evidence = Evidence.READ,
    distribution: str | None = None,
    known: bool = True,
    vulnerabilities: VulnerabilityDiff | None = None,
    settings: tuple[SettingChange, ...] = (),
    cautions: tuple[Caution, ...] = (),
    unread: tuple[Unread, ...] = (),
    size: tuple[int, int] = (3_000_000, 3_100_000),
) -> PlatformDiff:
    return PlatformDiff(
        platform=platform,
        digests=Pair(old=OLD, new=NEW),
        layers=LayerDiff(
            shared=(Layer(digest=SHARED, size=1_000_000),),
            gone=(Layer(digest=OLD, size=size[0] - 1_000_000),),
            new=(Layer(digest=NEW, size=size[1] - 1_000_000),),
        ),
        origin=of or origin(),
        packages=PackageDiff(
            evidence=evidence,
            changes=changes,
            counts=Pair(old=15, new=15),
            distribution=Pair(old=distribution, new=distribution),
        )
        if known
        else None,
        vulnerabilities=vulnerabilities,
        settings=settings,
        cautions=cautions,
        unread=unread,
    )


def exposed(name: str, summary: str = "", rating: Rating = Rating.UNKNOWN) -> Exposed:
    return Exposed(
        vulnerability=Vulnerability(
            id=name, aliases=(name,), summary=summary, rating=rating, fixes=((name, name),)
        ),
        packages=tuple(
            Package(ecosystem=Ecosystem.APK, name=f"{name}{number}", version=name) for number in range(4)
        ),
    )


def comparison(
    *changed: PlatformDiff,
    same: tuple[Platform, ...] = (),
    gained: tuple[Platform, ...] = (),
    lost: tuple[Platform, ...] = (),
    elsewhere: tuple[Platform, ...] = (),
    attestations: bool = False,
    cautions: tuple[Caution, ...] = (),
    unread: tuple[Unread, ...] = (),
    name: str = "alpine:3.22",
) -> Comparison:
    in_use = (*(diff.platform for diff in changed if diff.platform), *same)
    return Comparison(
        old=Subject(name=f"{name}@{OLD}", digest=OLD, media_type=OCI_INDEX),
        new=Subject(name=name, digest=NEW, media_type=OCI_INDEX),
        changed=changed,
        same=same,
        in_use=in_use,
        gained=gained,
        lost=lost,
        elsewhere=elsewhere,
        attestations=attestations,
        cautions=cautions,
        unread=unread,
        cost=Cost(requests=6, received=6_100_000, whole=6_100_000),
    )


def explained(outcome: Comparison | PinbotError, image: str = "alpine:3.22") -> Explanation:
    return Explanation(image=ImageReference.parse(image), old=OLD, new=NEW, outcome=outcome)


def everything(text: str, *, count: int = 1, platforms: int = 1) -> Comparison:
    """A comparison in which everything that a stranger can choose is this text."""
    caution = Caution(alarm=Alarm.OLDER_PACKAGES, message=text)
    unread = Unread(part=Part.PACKAGES, reason=text)
    some = tuple(Platform(f"{text}{number}", text) for number in range(platforms))
    diffs = (
        platform_diff(
            *(package(f"{text}{number}", old=text, new=text) for number in range(count)),
            platform=platform,
            of=origin(text=f"{text}{platform.os}"),
            distribution=text,
            vulnerabilities=VulnerabilityDiff(
                fixed=(exposed(text, text),) * count,
                new=(exposed(text, text, Rating.HIGH),) * count,
                unasked=(text,) * count,
            ),
            settings=(
                SettingChange(setting=Setting.ENTRYPOINT, old=(text, text), new=(text,) * count),
                *(SettingChange(setting=Setting.LABEL, name=text, old=text, new=text) for _ in range(count)),
            ),
            cautions=(caution,) * count,
            unread=(unread,) * count,
        )
        for platform in some
    )
    return comparison(
        *diffs,
        same=some,
        gained=some,
        lost=some,
        elsewhere=some,
        cautions=(caution,) * count,
        unread=(unread,) * count,
        name=text,
    )
