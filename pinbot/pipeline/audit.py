"""Auditing what was built: its Dockerfile and its image are held to the rules as one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pinbot.audit.audit import join
from pinbot.audit.dockerfile import rules as dockerfile
from pinbot.audit.dockerfile.subject import DockerfileSubject
from pinbot.audit.inspect import Terms, inspect
from pinbot.errors import PinbotError, RegistryError
from pinbot.image.sources.folder import Folder
from pinbot.image.sources.layout import Layout
from pinbot.model.build import BuildTarget
from pinbot.model.inspection import Inspection
from pinbot.model.occurrence import Occurrence
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference
from pinbot.ports.images import Runner
from pinbot.ports.registries import Resolver
from pinbot.worktree import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """Holds built targets to the rules.

    Attributes:
        terms: what holds where a target says nothing of its own.
        resolver: is asked whether pinned digests are those of an index; None where nobody is to be asked.
        runner: gives what starts images in a sandbox; None where none is to be started.
    """

    terms: Terms
    resolver: Resolver | None = None
    runner: Callable[[], Awaitable[Runner]] | None = None

    async def audit(self, target: BuildTarget, *, root: Path, image: Path) -> Inspection | PinbotError:
        """Look at a target whose files lie at `root`, and that was built into the OCI layout `image`.

        Gives the error where it cannot be looked into.
        """
        try:
            return await self._audit(target, root, image)
        except PinbotError as error:
            return error

    async def _audit(self, target: BuildTarget, root: Path, image: Path) -> Inspection:
        source = files.read(root / target.dockerfile, shown=target.dockerfile)
        subject = DockerfileSubject.read(source, target=target.stage, is_folder=_folders(root, target))
        if self.resolver is not None:
            subject = replace(subject, resolutions=await _resolved(self.resolver, subject.occurrences))
        terms = replace(
            self.terms,
            profile=target.audit or self.terms.profile or subject.profile,
            max_size=target.max_size or self.terms.max_size,
        )
        runner = None if self.runner is None else await self.runner()
        found = await inspect(Layout(Folder(image), name=target.name), terms, runner=runner)
        written = dockerfile.inspect(
            subject, name=target.name, profile=found.audit.profile, ignore=terms.ignore
        )
        whole = join((written, found.audit), name=target.name, profile=found.audit.profile)
        return replace(found, audit=whole)


async def _resolved(
    resolver: Resolver, occurrences: Iterable[Occurrence]
) -> dict[ImageReference, Resolution]:
    """What registries say of pinned references, and of the same by tag alone, as far as they answer."""
    pinned = {one.image for one in occurrences if one.image and one.image.digest and one.image.tag}
    asked = [
        *((image, replace(image, tag=None)) for image in pinned),
        *((one.tagged, one.tagged) for one in pinned),
    ]
    answers = await asyncio.gather(*(resolver.resolve(by) for _, by in asked), return_exceptions=True)
    found: dict[ImageReference, Resolution] = {}
    for (image, _), answer in zip(asked, answers, strict=True):
        if isinstance(answer, Resolution):
            found[image] = answer
        elif not isinstance(answer, RegistryError):
            raise answer
    return found


def _folders(root: Path, target: BuildTarget) -> Callable[[str], bool]:
    """Tells whether a path of the build context is a folder."""
    context = root / target.context

    def is_folder(path: str) -> bool:
        place = context / PurePosixPath(path.lstrip("/"))
        return place.resolve().is_relative_to(context.resolve()) and files.is_folder(place)

    return is_folder
