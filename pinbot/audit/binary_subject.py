"""What the binary rules look at, and which files of an image those are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pinbot.audit.subject import ImageSubject
from pinbot.errors import ImageError
from pinbot.image import elf
from pinbot.image.files import Files
from pinbot.model.binary import Binary
from pinbot.model.finding import Profile
from pinbot.model.image import Entry, EntryKind

# Where runtimes look when the config sets no PATH (moby, oci.DefaultPathEnv).
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ANY_EXECUTE = 0o111


@dataclass(frozen=True, slots=True, kw_only=True)
class BinarySubject:
    """One ELF file of an image.

    Attributes:
        path: where it lies, from the root.
        outcome: its facts, or why there are none.
        files: what else the image holds.
    """

    path: str
    outcome: Binary | ImageError
    files: Files

    @property
    def binary(self) -> Binary:
        """The facts.

        Raises:
            ImageError: there are none.
        """
        if isinstance(self.outcome, ImageError):
            raise self.outcome
        return self.outcome


def subjects(image: ImageSubject) -> tuple[BinarySubject, ...]:
    """The binaries that the rules are for, ordered by path; none where the image holds no such ELF file.

    That is what its command starts, and in an image from scratch every file that could be started: there,
    nothing is a distributor's.
    """
    started = _started(image)
    wanted = {} if started is None else {started.path: started}
    if image.profile is Profile.SCRATCH:
        wanted |= {entry.path: entry for entry in image.files if _can_be_started(entry)}
    return tuple(_of(image.files, (wanted[path] for path in sorted(wanted))))


def _of(files: Files, entries: Iterable[Entry]) -> Iterator[BinarySubject]:
    for entry in entries:
        content = files.content(entry.path)
        if content is None:
            problem = ImageError(f"the content of /{entry.path} was not kept")
            yield BinarySubject(path=entry.path, outcome=problem, files=files)
        elif elf.is_elf(content):
            yield BinarySubject(path=entry.path, outcome=_read(content), files=files)


def _read(content: bytes) -> Binary | ImageError:
    try:
        return elf.read(content)
    except ImageError as problem:
        return problem


def _can_be_started(entry: Entry) -> bool:
    return entry.kind is EntryKind.FILE and bool(entry.mode & _ANY_EXECUTE) and entry.size > 0


def _started(image: ImageSubject) -> Entry | None:
    """The file that a container of the image executes first, if it is there."""
    command = image.config.command
    if not command:
        return None
    program = command[0]
    path = dict(image.config.env).get("PATH") or _DEFAULT_PATH
    folders = [image.config.working_dir] if "/" in program else path.split(":")
    places = [program] if program.startswith("/") else [f"{folder}/{program}" for folder in folders]
    found = (image.files.resolve(place) for place in places)
    return next((entry for entry in found if entry is not None and entry.kind is EntryKind.FILE), None)
