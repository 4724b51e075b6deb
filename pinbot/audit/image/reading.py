"""The image rule about permissions that are too narrow for the user of the container."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from pinbot.audit.check import Check, DoesNotApply, NotChecked, Problem, Remark
from pinbot.audit.image import accounts, places, start
from pinbot.audit.image.access import Want, blocked, count, gather, may, quoted, rights
from pinbot.audit.image.accounts import Identity, Nobody
from pinbot.audit.image.subject import ImageSubject
from pinbot.errors import ImageError
from pinbot.model.finding import Profile, Rule, Severity
from pinbot.model.image import Entry, EntryKind

_FOR_ROOT = frozenset({"etc/shadow", "etc/gshadow", "etc/shadow-", "etc/gshadow-"})


def _closed(image: ImageSubject) -> Iterator[Remark]:
    who = accounts.identify(image.config.user, image.files)
    if isinstance(who, Nobody):
        yield NotChecked(who.reason)
    elif who.is_root:
        yield DoesNotApply("the container runs as root, who may open everything")
    else:
        yield from _View(image=image, who=who).problems()


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """The image as one user finds it."""

    image: ImageSubject
    who: Identity

    def problems(self) -> Iterator[Problem]:
        # What programs are known to open has the last word on how bad it is.
        paths = dict.fromkeys(_shipped(self.image), Severity.WARNING)
        paths |= dict.fromkeys(_needed(self.image), Severity.ERROR)
        execute = self._executed()
        behind: dict[str, list[str]] = {}
        lost: list[str] = []
        closed: list[str] = []
        for path in paths:
            folder = blocked(self.who, self.image.files, path)
            entry = self.image.files.resolve(path)
            if folder is not None:
                behind.setdefault(folder.path, []).append(path)
            elif entry is None:
                lost.append(path)
            elif not may(self.who, entry, execute.get(entry.path, _default_want(entry))):
                if entry.kind is EntryKind.DIRECTORY:
                    behind.setdefault(entry.path, []).append(path)
                else:
                    closed.append(path)
        for path, folders in gather(behind).items():
            hidden = [one for folder in folders for one in behind[folder]]
            yield self._folders(path, folders, hidden, min((paths[one] for one in hidden), key=_rank))
        for tell, group in ((self._lost, lost), (self._closed(execute), closed)):
            for path, members in gather(group).items():
                severity = min((paths[one] for one in members), key=_rank)
                more = f"; {len(members) - 1} more below {quoted(path)} likewise" if len(members) > 1 else ""
                yield Problem(message=tell(members[0]) + more, path=path, severity=severity)

    def _executed(self) -> dict[str, Want]:
        """What is executed, and what that takes: a script is also read by its interpreter."""
        files = self.image.files
        found = start.program(self.image.config, files)
        if found.entry is None or not found.executable:
            return {}
        script = start.is_script(files.content(found.entry.path))
        wants = {found.entry.path: Want.EXECUTE | Want.READ if script else Want.EXECUTE}
        runner = files.resolve(_interpreter(self.image, found.entry))
        if runner is not None and start.is_executable(runner):
            wants[runner.path] = Want.EXECUTE
        return wants

    def _folders(self, path: str, folders: list[str], hidden: list[str], severity: Severity) -> Problem:
        first = folders[0]
        told = f"{_named(first, self.image.files.get(first))} cannot be searched by {self.who}"
        inside = count(len(set(hidden) - set(folders)), "name")
        if len(folders) > 1:
            others = count(len(folders) - 1, "more folder")
            told += f", and {others} below {quoted(path)}, so {inside} in them cannot be opened"
        elif set(hidden) != set(folders):
            told += f", so {inside} in it cannot be opened"
        return Problem(
            message=told,
            path=path,
            severity=severity,
            remedy="give folders the x bit: chmod -R a+X, and COPY them without --chmod",
        )

    def _lost(self, path: str) -> str:
        return f"{quoted(path)} is a link to what is not in the image"

    def _closed(self, execute: dict[str, Want]) -> Callable[[str], str]:
        def tell(path: str) -> str:
            entry = self.image.files.resolve(path)
            executed = entry is not None and execute.get(entry.path, Want.READ) & Want.EXECUTE
            return f"{_named(path, entry)} cannot be {'executed' if executed else 'read'} by {self.who}"

        return tell


def _needed(image: ImageSubject) -> Iterator[str]:
    """What programs are known to open; nothing that is not there."""
    found = start.program(image.config, image.files)
    if found.entry is not None and found.executable:
        yield found.path.strip("/")
        yield from filter(None, [_interpreter(image, found.entry).strip("/")])
    named = (places.variable(image.config, "SSL_CERT_FILE"), image.config.working_dir)
    for path in (*places.READ_BY_LIBRARIES, *(path.strip("/") for path in named)):
        if path and image.files.resolve(path) is not None:
            yield path
    for folder in (
        places.ZONEINFO,
        *(places.variable(image.config, name) for name in ("TZDIR", "SSL_CERT_DIR")),
    ):
        if folder.strip("/"):
            yield from (entry.path for entry in image.files.below(folder) if entry.kind is EntryKind.FILE)


def _interpreter(image: ImageSubject, entry: Entry) -> str:
    """The path of what runs a program, where it is known and in the image."""
    with suppress(ImageError):  # what is wrong with it is told by the rules that are about it
        path = start.interpreter(image.files.content(entry.path) or b"")
        if path and image.files.resolve(path) is not None:
            return path
    return ""


def _shipped(image: ImageSubject) -> Iterator[str]:
    """What somebody put there to be used: in scratch all of it, else what is in the working directory."""
    folder = image.config.working_dir.strip("/")
    if image.profile is not Profile.SCRATCH and not folder:
        return
    for entry in image.files.below("" if image.profile is Profile.SCRATCH else folder):
        leads_out = entry.link.startswith("/") and places.is_of_the_runtime(entry.link.strip("/"))
        known = entry.path in _FOR_ROOT or places.is_of_the_runtime(entry.path)
        if entry.kind is not EntryKind.DEVICE and not known and not leads_out:
            yield entry.path


def _default_want(entry: Entry) -> Want:
    return Want.EXECUTE if entry.kind is EntryKind.DIRECTORY else Want.READ


def _named(path: str, entry: Entry | None) -> str:
    return quoted(path) if entry is None else f"{quoted(path)} ({rights(entry)})"


def _rank(severity: Severity) -> int:
    return severity.rank


CHECKS: tuple[Check[ImageSubject], ...] = (
    Check(
        rule=Rule(
            id="I2",
            title="the user of the container cannot open a file that it needs",
            severity=Severity.ERROR,
            why="The image builds, and tests that run as root pass; then time zones, certificates or the "
            "program itself are missing at run time. A folder without its x bit hides all that is in it: an "
            "octal --chmod of COPY gives one mode to files and folders alike, and Docker gives it to new "
            "parents, too.",
            remedy="let everybody read files and search folders: chmod -R a+rX",
            source="https://man7.org/linux/man-pages/man7/path_resolution.7.html",
            wrong="COPY --from=files --chmod=444 /usr/share/zoneinfo /usr/share/zoneinfo",
            right="# in the stage `files`\nRUN chmod -R a=rX /usr/share/zoneinfo\n"
            "# in the last stage\nCOPY --from=files /usr/share/zoneinfo /usr/share/zoneinfo",
        ),
        look=_closed,
    ),
)
