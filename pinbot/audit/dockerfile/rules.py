"""All Dockerfile rules, D1 to D17, and a Dockerfile held to them."""

from collections.abc import Collection

from pinbot.audit.audit import examine
from pinbot.audit.check import Check
from pinbot.audit.dockerfile import apk, cargo, copies, folders, images, runtime, secrets
from pinbot.audit.dockerfile.subject import DockerfileSubject
from pinbot.model.finding import Audit, Profile

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
    subject: DockerfileSubject,
    *,
    name: str | None = None,
    profile: Profile | None = None,
    ignore: Collection[str] = (),
) -> Audit:
    """Hold a Dockerfile to the rules.

    Args:
        subject: the Dockerfile, taken apart.
        name: how the user calls what is looked at; without it, the path of the file.
        profile: what kind of image is meant; without it, what the Dockerfile looks like.
        ignore: ids of rules that are switched off.
    """
    path = subject.dockerfile.source.file.path
    return examine(
        CHECKS,
        subject,
        name=name or path,
        profile=profile or subject.profile,
        ignore=ignore,
        file=path,
        spared=subject.spares,
    )
