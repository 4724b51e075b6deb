"""Short ways to audit a Dockerfile in tests."""

from collections.abc import Callable, Mapping

from pinbot.audit import catalog
from pinbot.audit.audit import examine
from pinbot.audit.dockerfile_subject import DockerfileSubject
from pinbot.model.finding import Audit
from pinbot.model.occurrence import SourceFile
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference

DIGEST = "sha256:" + "0123456789abcdef" * 4


def subject(
    text: str | bytes,
    *,
    target: str | None = None,
    resolutions: Mapping[ImageReference, Resolution] | None = None,
    is_folder: Callable[[str], bool] | None = None,
) -> DockerfileSubject:
    data = text if isinstance(text, bytes) else text.encode()
    file = SourceFile(path="Dockerfile", data=data)
    return DockerfileSubject.read(file, target=target, resolutions=resolutions, is_folder=is_folder)


def audit(of: str | bytes | DockerfileSubject) -> Audit:
    """Hold a Dockerfile to all rules for it."""
    read = of if isinstance(of, DockerfileSubject) else subject(of)
    return examine(
        catalog.DOCKERFILE, read, name="app", profile=read.profile, file="Dockerfile", spared=read.spares
    )


def places(rule: str, of: str | bytes | DockerfileSubject) -> list[str]:
    """Where a rule is broken, and how badly: `line:column severity`."""
    found = [one for one in audit(of).findings if one.rule == rule]
    return sorted(f"{one.line}:{one.column} {one.severity}" for one in found)


def message(rule: str, of: str | bytes | DockerfileSubject) -> str:
    """What the only finding of a rule says."""
    (finding,) = [one for one in audit(of).findings if one.rule == rule]
    return finding.message


def unchecked(rule: str, of: str | bytes | DockerfileSubject) -> list[str]:
    """Why a rule could not be checked."""
    return [one.reason for one in audit(of).unchecked if one.rule == rule]
