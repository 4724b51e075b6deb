"""Image rules about what an intruder could use: programs that nobody needs, permissions that are too wide."""

import re
from collections.abc import Iterator

from pinbot.audit.check import Check, Problem, Remark
from pinbot.audit.image import places
from pinbot.audit.image.access import gather, quoted, rights
from pinbot.audit.image.subject import ImageSubject
from pinbot.model.finding import Profile, Rule, Severity
from pinbot.model.image import Entry, EntryKind

_SCRATCH_ONLY = frozenset({Profile.SCRATCH})
_SETUID, _SETGID, _STICKY = 0o4000, 0o2000, 0o1000
_GROUP_WRITE, _OTHERS_WRITE = 0o020, 0o002
_LIBRARY = re.compile(r".+\.so(?:\.[0-9]+)*")


def _foreign(image: ImageSubject) -> Iterator[Remark]:
    shells = list(places.shells(image.files))
    by_target: dict[str, list[str]] = {}
    for path in shells:
        target = image.files.resolve(path)
        by_target.setdefault(target.path if target else path, []).append(path)
    for path, names in sorted(by_target.items()):
        others = [quoted(name) for name in names if name != path]
        also = f", also by the name of {', '.join(others)}" if others else ""
        yield Problem(message=f"{quoted(path)} is a shell{also}", path=path)
    for path in places.package_databases(image.files):
        yield Problem(message=f"{quoted(path)} is the database of a package manager", path=path)
    libraries = [
        entry.path
        for entry in image.files
        if entry.kind is EntryKind.FILE and _LIBRARY.fullmatch(entry.path.rpartition("/")[2])
    ]
    for path, members in gather(libraries).items():
        what = "is a shared library" if len(members) == 1 else f"holds {len(members)} shared libraries"
        yield Problem(
            message=f"{quoted(path)} {what}",
            path=path,
            severity=Severity.WARNING,
            remedy="link statically, and leave them out",
        )


def _wide(image: ImageSubject) -> Iterator[Remark]:
    scratch = image.profile is Profile.SCRATCH
    mild = Severity.WARNING if scratch else Severity.NOTE
    volumes = tuple(volume.strip("/") for volume in image.config.volumes)
    files = [entry for entry in image.files if entry.kind is EntryKind.FILE]
    own = [
        entry
        for entry in image.files
        if entry.kind is not EntryKind.SYMLINK and not _is_volume(entry.path, volumes)
    ]
    yield from _told(
        [entry for entry in files if entry.mode & (_SETUID | _SETGID)],
        "takes the rights of its owner or group when it is executed",
        Severity.ERROR if scratch else Severity.NOTE,
        "chmod ug-s, or leave it out",
    )
    yield from _told(
        [entry for entry in files if entry.capabilities],
        "carries file capabilities, which give it rights of root",
        mild,
        "take them off: setcap -r; a port below 1024 needs none where the runtime allows it",
    )
    yield from _told(
        [entry for entry in own if entry.mode & _OTHERS_WRITE and not _is_sticky(entry)],
        "can be written by everybody",
        Severity.WARNING,
        "chmod a-w",
    )
    if not scratch:
        return
    yield from _told(
        [
            entry
            for entry in own
            if entry.mode & _GROUP_WRITE and not entry.mode & _OTHERS_WRITE and not _is_sticky(entry)
        ],
        "can be written by its group",
        Severity.WARNING,
        "chmod g-w",
    )
    yield from _told(
        [entry for entry in own if entry.uid],
        "is not owned by root, so a process of its owner can change it whatever its mode",
        Severity.WARNING,
        "COPY without --chown, or chown 0:0; what must be written belongs into a volume",
    )


def _is_sticky(entry: Entry) -> bool:
    """Whether everybody may put something there but nobody can touch what is another's, as in /tmp."""
    return entry.kind is EntryKind.DIRECTORY and bool(entry.mode & _STICKY)


def _is_volume(path: str, volumes: tuple[str, ...]) -> bool:
    return any(path == volume or path.startswith(f"{volume}/") for volume in volumes)


def _told(entries: list[Entry], what: str, severity: Severity, remedy: str) -> Iterator[Problem]:
    by_path = {entry.path: entry for entry in entries}
    for path, members in gather(by_path).items():
        first = by_path[members[0]]
        more = f"; so it is with {len(members) - 1} more below {quoted(path)}" if len(members) > 1 else ""
        yield Problem(
            message=f"{quoted(first.path)} ({rights(first)}) {what}{more}",
            path=path,
            severity=severity,
            remedy=remedy,
        )


CHECKS: tuple[Check[ImageSubject], ...] = (
    Check(
        rule=Rule(
            id="I5",
            title="a shell, a package manager's database or a shared library is in a scratch image",
            severity=Severity.ERROR,
            why="A static program needs none of them. A shell is the first thing that an intruder looks for, "
            "and the rest is dead weight that scanners will report for ever.",
            remedy="copy the single files that are needed, not folders or the root of a stage",
            source="https://docs.docker.com/build/building/base-images/#create-a-minimal-base-image-using-scratch",
            wrong="FROM scratch\nCOPY --from=files / /",
            right="FROM scratch\nCOPY --from=files /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/",
            profiles=frozenset({Profile.SCRATCH}),
        ),
        look=_foreign,
    ),
    Check(
        rule=Rule(
            id="I6",
            title="a file gives more rights than anybody needs",
            severity=Severity.ERROR,
            why="What the process can write, an intruder in it can replace, the program included; what is "
            "setuid or carries capabilities gives back the rights that USER took away.",
            remedy="chmod -R a-w,ug-s, and let root own it",
            source="https://csrc.nist.gov/pubs/sp/800/190/final",
            wrong="COPY --from=build --chown=10001:10001 /app /app",
            right="COPY --from=build --chmod=555 /app/app /app/app",
        ),
        look=_wide,
    ),
)
