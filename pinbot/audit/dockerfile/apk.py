"""Dockerfile rules about Alpine's packages: D11 and D12."""

from collections.abc import Iterator
from typing import NamedTuple

from pinbot.audit.check import Check, DoesNotApply, Remark
from pinbot.audit.dockerfile.subject import DockerfileSubject, Step
from pinbot.formats.dockerfile.commands import Command
from pinbot.formats.dockerfile.text import Word
from pinbot.formats.dockerfile.words import split_csv
from pinbot.model.finding import Rule, Severity

_MANUAL = "https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper"
_CACHES = ("/var/cache/apk", "/etc/apk/cache")
# Options of apk that take a value.
_VALUED = frozenset(
    {"-X", "--repository", "-p", "--root", "-t", "--virtual", "--arch", "--cache-dir", "--cache-max-age"}
    | {"--keys-dir", "--progress-fd", "--repositories-file", "--repository-config", "--timeout", "--wait"}
)
_PINNED = frozenset("=<>~")
_FEW = 3


class _Apk(NamedTuple):
    """A call of apk: what it is to do, its options, and its packages."""

    action: Word
    options: tuple[str, ...]
    packages: tuple[Word, ...]


def _calls(subject: DockerfileSubject) -> Iterator[tuple[Step, _Apk]]:
    for step in subject.steps:
        for command in step.commands:
            call = _read(command)
            if call is not None:
                yield step, call


def _read(command: Command) -> _Apk | None:
    if command.name != "apk":
        return None
    options: list[str] = []
    others: list[Word] = []
    words = iter(command.words[1:])
    for word in words:
        if word.text.startswith("-"):
            options.append(word.text)
            if word.text in _VALUED:
                next(words, None)
        else:
            others.append(word)
    return _Apk(others[0], tuple(options), tuple(others[1:])) if others else None


def _caches(subject: DockerfileSubject) -> Iterator[Remark]:
    adding = [(step, call) for step, call in _calls(subject) if call.action.text == "add"]
    if not adding:
        yield DoesNotApply("no apk add")
    for step, call in adding:
        if "--no-cache" not in call.options and not _mounts_cache(step) and not _removes_cache(step):
            shipped = step.stage in subject.chain
            yield subject.problem(
                call.action,
                "apk add leaves the index of all packages in the image"
                if shipped
                else "apk add works from an index that may be as old as the layer that holds it",
                severity=None if shipped else Severity.NOTE,
            )


def _mounts_cache(step: Step) -> bool:
    """Whether the cache of apk is no part of the layer."""
    for mount in step.instruction.flag_values("mount"):
        for part in split_csv(mount):
            key, _, value = part.text.partition("=")
            if key.lower() in ("target", "dst", "destination") and value.rstrip("/").startswith(_CACHES):
                return True
    return False


def _removes_cache(step: Step) -> bool:
    return any(
        command.name == "rm"
        and any(
            word.startswith(_CACHES) or word in ("/var/cache", "/var/cache/*") for word in command.arguments
        )
        for command in step.commands
    )


def _versions(subject: DockerfileSubject) -> Iterator[Remark]:
    calls = [call for _, call in _calls(subject) if call.action.text in ("add", "upgrade")]
    if not calls:
        yield DoesNotApply("no apk add")
    for call in calls:
        if call.action.text == "upgrade":
            yield subject.problem(
                call.action,
                "apk upgrade takes the newest of everything, whatever the base image is pinned to",
                remedy="pin a newer base image instead: pinbot update does",
            )
            continue
        loose = [word for word in call.packages if _is_loose(word.text)]
        if loose:
            yield subject.problem(loose[0], f"apk add takes the newest version of {_listed(loose)}")


def _is_loose(package: str) -> bool:
    """Whether a package has no version; not what is kept out, comes from a file or only a variable knows."""
    return not (
        _PINNED & set(package) or "$" in package or package.startswith(("!", ".")) or package.endswith(".apk")
    )


def _listed(packages: list[Word]) -> str:
    names = [str(word) for word in packages]
    if len(names) <= _FEW + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_FEW])} and {len(names) - _FEW} more"


CHECKS: tuple[Check[DockerfileSubject], ...] = (
    Check(
        rule=Rule(
            id="D11",
            title="apk add without --no-cache",
            severity=Severity.WARNING,
            why="The index of all packages stays in the layer, some megabytes that nobody reads again. An "
            "index that an earlier layer fetched grows old, and names packages that are gone.",
            remedy="write apk add --no-cache, and leave apk update out",
            source=f"{_MANUAL}#Add_a_Package",
            wrong="FROM alpine:3.22\nRUN apk update && apk add tzdata",
            right="FROM alpine:3.22\nRUN apk add --no-cache tzdata",
        ),
        look=_caches,
    ),
    Check(
        rule=Rule(
            id="D12",
            title="packages are taken in whatever version there is",
            severity=Severity.NOTE,
            why="Two builds of the same Dockerfile on the same base image can hold different packages. But a "
            "release of Alpine keeps only the newest build of a package: an exact version breaks the build "
            "once it is replaced. So a bound like ~3.5 is often better, or to leave it and say so.",
            remedy="bind the version (openssl~3.5), or say that it is meant: # pinbot: ignore D12",
            source=f"{_MANUAL}#Package_pinning",
            wrong="FROM alpine:3.22\nRUN apk add --no-cache openssl",
            right="FROM alpine:3.22\nRUN apk add --no-cache openssl~3.5",
        ),
        look=_versions,
    ),
)
