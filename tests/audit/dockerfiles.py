"""Short ways to audit a Dockerfile in tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pinbot.audit.dockerfile.rules import inspect
from pinbot.audit.dockerfile.subject import DockerfileSubject
from pinbot.model.finding import Audit
from pinbot.model.occurrence import SourceFile
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference

DIGEST = "sha256:" + "0123456789abcdef" * 4


@dataclass(frozen=True, kw_only=True)
class Case:
    """A Dockerfile, and what is known beside it."""

    text: str | bytes
    target: str | None = None
    resolutions: Mapping[ImageReference, Resolution] | None = None
    is_folder: Callable[[str], bool] | None = None

    @property
    def file(self) -> SourceFile:
        data = self.text if isinstance(self.text, bytes) else self.text.encode()
        return SourceFile(path="Dockerfile", data=data)


Dockerfile = str | bytes | Case


def subject(text: str | bytes, target: str | None = None) -> DockerfileSubject:
    return DockerfileSubject.read(Case(text=text).file, target=target)


def audit(of: Dockerfile) -> Audit:
    """Hold a Dockerfile to all rules for it."""
    case = of if isinstance(of, Case) else Case(text=of)
    return inspect(
        DockerfileSubject.read(
            case.file, target=case.target, resolutions=case.resolutions, is_folder=case.is_folder
        )
    )


def places(rule: str, of: Dockerfile) -> list[str]:
    """Where a rule is broken, and how badly: `line:column severity`."""
    found = [one for one in audit(of).findings if one.rule == rule]
    return sorted(f"{one.line}:{one.column} {one.severity}" for one in found)


def message(rule: str, of: Dockerfile) -> str:
    """What the only finding of a rule says."""
    (finding,) = [one for one in audit(of).findings if one.rule == rule]
    return finding.message


def unchecked(rule: str, of: Dockerfile) -> list[str]:
    """Why a rule could not be checked."""
    return [one.reason for one in audit(of).unchecked if one.rule == rule]
