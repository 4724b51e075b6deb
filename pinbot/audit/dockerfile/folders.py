"""The Dockerfile rule about directories that a `--chmod` for files closes: D9.

What BuildKit does (dispatchCopy, and copy.go of github.com/tonistiigi/fsutil): an octal mode goes to every
file and every directory that is copied, and since BuildKit 0.21, which came with Docker 28.1, to the
directories that are made above them. Those that are there already keep theirs; with `--link` none is there. A
directory without the x bit cannot be searched but by root: the image builds, and its program finds no file.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from pinbot.audit.check import Check, DoesNotApply, NotChecked, Remark
from pinbot.audit.dockerfile.copies import chmods
from pinbot.audit.dockerfile.runtime import final_user
from pinbot.audit.dockerfile.subject import DockerfileSubject, Step
from pinbot.formats.dockerfile.modes import Chmod
from pinbot.formats.dockerfile.text import Word
from pinbot.formats.dockerfile.variables import Unknown
from pinbot.model.finding import Rule, Severity

_USUAL_FOLDER = 0o755
_ANY_X, _OWNER_X, _GROUP_X, _OTHERS_X = 0o111, 0o100, 0o010, 0o001

# Directories of usual systems that hold directories, and such that may not.
_TREES = frozenset(
    {"/", "/etc", "/etc/pki", "/etc/ssl", "/home", "/lib", "/opt", "/srv", "/usr", "/usr/lib", "/usr/local"}
    | {"/usr/share", "/usr/share/zoneinfo", "/var"}
)
_FOLDERS = frozenset({"/etc/pki/tls", "/etc/pki/tls/certs", "/etc/ssl/certs", "/usr/share/ca-certificates"})
_OF_ANY_SYSTEM = re.compile(
    r"/(?:bin|boot|dev|etc|home|lib\d*|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)(?:/|\Z)"
)
_NAME_OF_FILE = re.compile(
    r"(?!.*\.d\Z).*[^/.*?\]]\.[A-Za-z0-9_]{1,8}\Z|(?:.*/)?etc/(?:group|hosts|localtime|passwd|services|timezone)\Z"
)


class _Kind(Enum):
    """What a source of a COPY is."""

    FILE = auto()
    FOLDER = auto()
    TREE = auto()
    """A folder with folders in it."""
    UNKNOWN = auto()


@dataclass(slots=True)
class _Image:
    """The directories of an image while it is made.

    Attributes:
        folder: the working directory; None where it is not known.
        there: directories that are there.
        filled: directories below which there may be any.
    """

    folder: str | None = "/"
    there: set[str] = field(default_factory=lambda: {"/"})
    filled: set[str] = field(default_factory=set)

    def make(self, path: str) -> None:
        """A directory is there, and with it those above it."""
        while path not in self.there:
            self.there.add(path)
            path = posixpath.dirname(path)

    def absolute(self, path: str | Unknown) -> str | None:
        """A path from the root; None where that is not known."""
        if isinstance(path, Unknown) or (self.folder is None and not path.startswith("/")):
            return None
        return _normal(posixpath.join(self.folder or "/", path))

    def missing(self, path: str) -> list[str]:
        """What of a directory and those above it is not known to be there, the highest first."""
        found: list[str] = []
        while path not in self.there:
            found.append(path)
            path = posixpath.dirname(path)
        return found[::-1]

    def may_hold(self, path: str) -> bool:
        """Whether something may have made a directory that is not known to be there."""
        return any(f"{path}/".startswith(f"{folder.rstrip('/')}/") for folder in self.filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A COPY or ADD, with its paths from the root.

    Attributes:
        step: the instruction.
        target: where to.
        holder: the directory that what is copied comes to lie in.
        sources: each with its kind.
    """

    step: Step
    target: str
    holder: str
    sources: tuple[tuple[str, _Kind], ...]

    def of(self, *kinds: _Kind) -> str:
        """The names of the sources of these kinds."""
        return ", ".join(name for name, kind in self.sources if kind in kinds)

    @property
    def link(self) -> bool:
        """Whether it is made as a layer of its own, which nothing is in before."""
        return any(flag.text in ("--link", "--link=true") for flag in self.step.instruction.flags)


def _closed_folders(subject: DockerfileSubject) -> Iterator[Remark]:
    modes = {step.instruction: (word, chmod) for step, word, chmod in chmods(subject.shipped)}
    if not modes:
        yield DoesNotApply("no --chmod")
        return
    user = final_user(subject)
    on_scratch = subject.stands_on_scratch(subject.target)
    image = _Image() if on_scratch else _Image(folder=None, filled={"/"})
    for step in subject.shipped:
        match step.name:
            case "WORKDIR":
                image.folder = image.absolute(step.meaning(step.instruction.rest))
                image.make(image.folder or "/")
            case "RUN":
                for path in _made_by(step):
                    image.make(path)
                image.filled.add("/")
            case "COPY" | "ADD":
                copy = _copy(subject, step, image)
                word, chmod = modes.get(step.instruction, (None, None))
                if isinstance(chmod, Unknown):
                    yield NotChecked(chmod.reason)
                elif word is not None and chmod is not None and not _is_searchable(chmod, step, user):
                    yield from _judge(subject, word, chmod, copy, image, user=user)
                if copy is None:
                    image.filled.add("/")
                else:
                    image.make(copy.holder)
                    if copy.of(_Kind.FOLDER, _Kind.TREE, _Kind.UNKNOWN):
                        image.filled.add(copy.target)


def _judge(
    subject: DockerfileSubject,
    word: Word,
    chmod: Chmod,
    copy: _Copy | None,
    image: _Image,
    *,
    user: str | None,
) -> Iterator[Remark]:
    """What becomes of directories that get a mode which the user cannot search them with."""
    if copy is None:
        yield NotChecked(f"where --chmod={word} copies to is not known")
        return
    new = (_Image() if copy.link else image).missing(copy.holder) if chmod.octal is not None else []
    surely_new = bool(new) and (copy.link or not image.may_hold(new[0]))
    surely = True
    if trees := copy.of(_Kind.TREE):
        closed = f"the directories in {trees}"
    elif folders := copy.of(_Kind.FOLDER):
        closed, surely = f"the directory that {folders} is copied to, and those in it", surely_new
    elif surely_new:
        closed = f"{new[-1]}, which Docker 28.1 and later make with the mode of the file"
    elif new and not _OF_ANY_SYSTEM.match(new[0]):
        closed, surely = f"{new[-1]}, if Docker 28.1 or later has to make it", False
    else:
        return
    if surely or user is not None:
        who = "only root can open anything" if user is None else f"user {user} can open nothing"
        yield subject.problem(
            word,
            f"--chmod={word} {'also goes' if surely else 'may also go'} to {closed}: {who} there",
            severity=None if surely and user is not None else Severity.WARNING,
        )


def _is_searchable(chmod: Chmod, step: Step, user: str | None) -> bool:
    """Whether the user of the image could search a directory that gets this mode, as far as it is known."""
    mode = chmod.of(_USUAL_FOLDER, directory=True)
    word = step.flag("chown")
    owner = "0:0" if word is None else step.meaning(word)
    if user is None or isinstance(owner, Unknown):
        return bool(mode & _ANY_X)
    name, _, group = user.partition(":")
    owning_name, _, owning_group = owner.partition(":")
    needed = _OTHERS_X
    if name == owning_name:
        needed |= _OWNER_X
    # A user without a group has the one that /etc/passwd names, or else 0.
    if not group or group == (owning_group or owning_name):
        needed |= _GROUP_X
    return bool(mode & needed)


def _copy(subject: DockerfileSubject, step: Step, image: _Image) -> _Copy | None:
    """The paths of a COPY or ADD; None where its target is not known."""
    *words, last = step.instruction.arguments
    place = step.meaning(last)
    target = image.absolute(place)
    if target is None or isinstance(place, Unknown):
        return None
    meanings = [step.meaning(word) for word in words]
    names = [str(word) if isinstance(at, Unknown) else at for word, at in zip(words, meanings, strict=True)]
    sources = tuple((name, _kind(subject, step, name)) for name in names)
    into = place.endswith(("/", "/.")) or place in (".", "..") or len(sources) > 1 or target in image.there
    is_folder = any(kind in (_Kind.FOLDER, _Kind.TREE) for _, kind in sources)
    holder = target if into or is_folder else posixpath.dirname(target)
    return _Copy(step=step, target=target, holder=holder, sources=sources)


def _kind(subject: DockerfileSubject, step: Step, source: str) -> _Kind:
    if source.startswith("<<") or "://" in source:
        return _Kind.FILE
    if any(flag.text in ("--parents", "--parents=true") for flag in step.instruction.flags):
        return _Kind.TREE if "/" in source.strip("/") else _Kind.UNKNOWN
    path = _normal(source)
    if step.flag("from") is not None:
        made = _made_in_source(subject, step)
        if path in _TREES or any(one.startswith(f"{path}/") for one in made):
            return _Kind.TREE
        if path in made or path in _FOLDERS:
            return _Kind.FOLDER
    elif subject.is_folder is not None and "*" not in source:
        return _Kind.FOLDER if subject.is_folder(path.lstrip("/")) else _Kind.FILE
    if source.endswith(("/", "/.", ".d")) or source in (".", ".."):
        return _Kind.FOLDER
    return _Kind.FILE if _NAME_OF_FILE.match(source) else _Kind.UNKNOWN


def _made_in_source(subject: DockerfileSubject, step: Step) -> set[str]:
    """The directories that are known to be made in the stage that a COPY takes from."""
    stage = subject.source_stage(step)
    made: set[str] = set()
    for each in subject.steps_of(stage) if stage is not None else ():
        made.update(_made_by(each))
        if each.name == "WORKDIR" and each.instruction.rest.text.startswith("/"):
            made.add(_normal(each.instruction.rest.text))
    return made


def _made_by(step: Step) -> Iterator[str]:
    """The directories that a RUN makes under their whole names."""
    for command in step.commands:
        if command.name == "mkdir" or (command.name == "install" and "-d" in command.arguments):
            paths = (word for word in command.arguments if word.startswith("/"))
            yield from (_normal(path) for path in paths if "$" not in path and "*" not in path)


def _normal(path: str) -> str:
    return "/" + posixpath.normpath(f"/{path}").lstrip("/")


CHECKS: tuple[Check[DockerfileSubject], ...] = (
    Check(
        rule=Rule(
            id="D9",
            title="a --chmod for files closes the directories around them",
            severity=Severity.ERROR,
            why="An octal mode goes to directories too: to those that are copied, and since Docker 28.1 to "
            "those that are made for the files. Without the x bit nobody but root can reach what lies in "
            "them: the image builds, and its program does not find its certificates or time zones.",
            remedy="set the modes in the stage that the files come from (find … -type d -exec chmod 555, "
            "-type f -exec chmod 444) and copy without --chmod; or make the directory first with WORKDIR",
            source="https://github.com/moby/moby/issues/49851",
            wrong="FROM alpine:3.22 AS files\nRUN apk add --no-cache tzdata\nFROM scratch\n"
            "COPY --from=files --chmod=444 /usr/share/zoneinfo /usr/share/zoneinfo\nUSER 10001:10001",
            right="FROM alpine:3.22 AS files\nRUN apk add --no-cache tzdata\nFROM scratch\n"
            "COPY --from=files /usr/share/zoneinfo /usr/share/zoneinfo\nUSER 10001:10001",
        ),
        look=_closed_folders,
    ),
)
