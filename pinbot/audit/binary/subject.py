"""What the binary rules look at, and which files of an image those are."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from pinbot.audit.image import start
from pinbot.audit.image.access import quoted
from pinbot.audit.image.subject import ImageSubject
from pinbot.errors import ImageError
from pinbot.image import elf
from pinbot.image.files import Files
from pinbot.image.packages import binaries
from pinbot.model.binary import Binary
from pinbot.model.finding import Profile
from pinbot.model.image import Entry, Package

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BinarySubject:
    """One ELF file of an image.

    Attributes:
        path: where it lies, from the root.
        outcome: its facts, or why there are none.
        told: the packages that it says it was built from, or why they cannot be read.
        files: what else the image holds.
    """

    path: str
    outcome: Binary | ImageError
    told: tuple[Package, ...] | ImageError = ()
    files: Files

    @property
    def binary(self) -> Binary:
        """The facts.

        Raises:
            ImageError: there are none.
        """
        return _or_raise(self.outcome)

    @property
    def packages(self) -> tuple[Package, ...]:
        """The packages that it says it was built from.

        Raises:
            ImageError: what it says cannot be read.
        """
        return _or_raise(self.told)


def subjects(image: ImageSubject) -> tuple[BinarySubject, ...]:
    """The binaries that the rules are for, ordered by path; none where the image holds no such ELF file.

    That is what its command starts, and in an image from scratch every file that could be started: there,
    nothing is a distributor's.
    """
    started = start.program(image.config, image.files)
    wanted = {started.entry.path: started.entry} if started.executable and started.entry else {}
    if image.profile is Profile.SCRATCH:
        wanted |= {entry.path: entry for entry in image.files if start.is_executable(entry) and entry.size}
    return tuple(_of(image.files, (wanted[path] for path in sorted(wanted))))


def _of(files: Files, entries: Iterable[Entry]) -> Iterator[BinarySubject]:
    for entry in entries:
        content = files.content(entry.path)
        if content is None:
            why = files.unkept.get(entry.path, "it is too large")
            problem = ImageError(f"{quoted(entry.path)} cannot be looked into: {why}")
            yield BinarySubject(path=entry.path, outcome=problem, files=files)
        elif elf.is_elf(content):
            yield BinarySubject(
                path=entry.path,
                outcome=_or_problem(elf.read, content),
                told=_or_problem(binaries.read, content, entry.path),
                files=files,
            )


def _or_problem(read: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T | ImageError:
    try:
        return read(*arguments, **named)
    except ImageError as problem:
        return problem


def _or_raise(outcome: T | ImageError) -> T:
    if isinstance(outcome, ImageError):
        raise outcome
    return outcome
