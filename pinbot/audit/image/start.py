"""What a container of an image starts, looked up as runc does it: by `exec.LookPath`, in the image's PATH."""

from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import join, normpath

from pinbot.audit.image import places
from pinbot.image import elf
from pinbot.image.files import Files
from pinbot.model.image import Entry, EntryKind, ImageConfig

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What runtimes set where the image sets no PATH."""

ANY_EXECUTE = 0o111
_SHEBANG = b"#!"
_LONGEST_SHEBANG = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The file that the first word of the command means.

    Attributes:
        word: as written in Entrypoint or Cmd; empty where there is neither.
        path: where it is or should be, from the root; empty where it is in no folder of PATH.
        entry: the executable that was found, or else what is in its place; None for nothing.
    """

    word: str
    path: str = ""
    entry: Entry | None = None

    @property
    def executable(self) -> bool:
        """Whether there is a file that somebody may execute."""
        return self.entry is not None and is_executable(self.entry)


def is_executable(entry: Entry) -> bool:
    """Whether somebody may execute it as a program."""
    return entry.kind is EntryKind.FILE and bool(entry.mode & ANY_EXECUTE)


def program(config: ImageConfig, files: Files) -> Program:
    """Look the first word of the command up."""
    if not config.command:
        return Program(word="")
    word = config.command[0]
    found = Program(word=word)
    for path in candidates(config):
        entry = files.resolve(path)
        if entry is not None and is_executable(entry):
            return Program(word=word, path=path, entry=entry)
        if found.entry is None and (entry is not None or "/" in word):
            found = Program(word=word, path=path, entry=entry)
    return found


def candidates(config: ImageConfig) -> Iterator[str]:
    """Where the first word of the command is looked for, in order; paths that begin with a slash."""
    if not config.command:
        return
    word = config.command[0]
    folder = config.working_dir or "/"
    if "/" in word:
        yield normpath(join("/", folder, word))
        return
    for place in (places.variable(config, "PATH") or DEFAULT_PATH).split(":"):
        yield normpath(join("/", folder, place, word))


def is_script(content: bytes | None) -> bool:
    """Whether the kernel has another program read this file."""
    return content is not None and content.startswith(_SHEBANG)


def interpreter(content: bytes) -> str:
    """The program that runs this one: of a script what stands behind `#!`, of a binary its dynamic loader.

    Empty where it needs none.

    Raises:
        ImageError: it is a binary that cannot be read.
    """
    if is_script(content):
        line = content[len(_SHEBANG) : _LONGEST_SHEBANG].split(b"\n", 1)[0]
        return line.strip(b" \t").partition(b" ")[0].decode("utf-8", "surrogateescape")
    return elf.read(content).interpreter if elf.is_elf(content) else ""
