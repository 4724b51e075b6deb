"""All Dockerfile rules, D1 to D17, and a Dockerfile held to them."""

from collections.abc import Callable, Collection, Mapping

from pinbot.audit.audit import examine
from pinbot.audit.check import Check
from pinbot.audit.dockerfile import apk, cargo, copies, folders, images, runtime, secrets
from pinbot.audit.dockerfile.subject import DockerfileSubject
from pinbot.model.finding import Audit, Profile
from pinbot.model.occurrence import SourceFile
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference

CHECKS: tuple[Check[DockerfileSubject], ...] = (
    *images.CHECKS,
    *runtime.CHECKS,
    *copies.CHECKS,
    *folders.CHECKS,
    *apk.CHECKS,
    *cargo.CHECKS,
    *secrets.CHECKS,
)


def inspect(
    file: SourceFile,
    *,
    target: str | None = None,
    profile: Profile | None = None,
    ignore: Collection[str] = (),
    resolutions: Mapping[ImageReference, Resolution] | None = None,
    is_folder: Callable[[str], bool] | None = None,
) -> Audit:
    """Hold a Dockerfile to the rules.

    Args:
        file: the Dockerfile.
        target: the stage whose image is meant; without it, the last one.
        profile: what kind of image is meant; without it, what the Dockerfile looks like.
        ignore: ids of rules that are switched off.
        resolutions: what registries say of the pinned references, and of the same without their digest;
            without them D16 is not checked where it needs them.
        is_folder: tells whether a path of the build context is a folder; without it, D9 judges by names.

    Raises:
        SyntaxProblem: BuildKit would refuse the file; or it is a template, or in another language.
        UsageError: it has no such stage.
    """
    subject = DockerfileSubject.read(file, target=target, resolutions=resolutions, is_folder=is_folder)
    return examine(
        CHECKS,
        subject,
        name=file.path,
        profile=profile or subject.profile,
        ignore=ignore,
        file=file.path,
        spared=subject.spares,
    )
