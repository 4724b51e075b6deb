"""What images say of the source code that they were made from (OCI image-spec 1.1, annotations.md). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pinbot.comparison import secrets
from pinbot.model.comparison import Origin, Pair, Source

PREFIX = "org.opencontainers.image."

_ADDRESS = re.compile(
    r"(?:(?:git\+)?(?:https?|ssh|git)://)?(?:[A-Za-z0-9_.-]+@)?(?P<host>[A-Za-z0-9.-]+)(?:/|:(?![0-9]+/))(?P<path>[^#?\s]+)"
)
_REVISION = re.compile(r"[0-9a-f]{7,64}")
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forge:
    """How a forge names a comparison of two revisions; `deep` where projects lie in groups of groups."""

    compare: str
    deep: bool = False


_FORGES: Mapping[str, _Forge] = {
    "github.com": _Forge(compare="compare/{old}...{new}"),
    "gitlab.com": _Forge(compare="-/compare/{old}...{new}", deep=True),
    "codeberg.org": _Forge(compare="compare/{old}...{new}"),
    "gitea.com": _Forge(compare="compare/{old}...{new}"),
}
"""Forges that an address may be built for; whatever else an image names is only shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What one image says of itself.

    Attributes:
        labels: of its config; those of a base image are still among them, so they say least.
        annotations: of its manifest and of the index, those of the manifest last.
        created: of its config.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    created: str | None

    def get(self, name: str) -> str | None:
        """The value of `org.opencontainers.image.<name>`; None where there is none, or an empty one."""
        key = PREFIX + name
        return self.annotations.get(key) or self.labels.get(key) or None


def compare(old: Claims, new: Claims) -> Origin:
    """Whether the new image is a rebuild of the same source, and where the difference can be read."""
    source = Pair(old=old.get("source"), new=new.get("source"))
    revision = Pair(old=old.get("revision"), new=new.get("revision"))
    kind = _kind(source, revision)
    return Origin(
        kind=kind,
        source=_told(source.old, source.new),
        revision=_told(revision.old, revision.new),
        version=_told(old.get("version"), new.get("version")),
        created=_told(old.created or old.get("created"), new.created or new.get("created")),
        link=_link(source, revision) if kind is Source.REVISION else None,
    )


def labels(told: Origin) -> frozenset[tuple[str, str | None, str | None]]:
    """The labels that an origin tells of already, each with its old and new value."""
    pairs = {
        "source": told.source,
        "revision": told.revision,
        "version": told.version,
        "created": told.created,
    }
    return frozenset((f"{PREFIX}{name}", pair.old, pair.new) for name, pair in pairs.items())


def moment(text: str | None) -> datetime | None:
    """The time that a date of an image stands for; None where it is no date, or has no time zone."""
    try:
        parsed = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo is not None else None


def _kind(source: Pair[str | None], revision: Pair[str | None]) -> Source:
    if source.old and source.new and _place(source.old) != _place(source.new):
        return Source.MOVED
    if (source.old is None) != (source.new is None) or revision.old is None or revision.new is None:
        return Source.UNKNOWN
    if not revision.differ or _same_commit(revision.old, revision.new):
        # `main`, or a commit with changes of its own on top, can be something else another time.
        return Source.SAME if _REVISION.fullmatch(revision.old) else Source.UNKNOWN
    return Source.REVISION


def _same_commit(one: str, other: str) -> bool:
    """Whether one is the other, cut."""
    hexadecimal = all(_REVISION.fullmatch(revision) for revision in (one, other))
    return hexadecimal and (one.startswith(other) or other.startswith(one))


def _place(source: str) -> str:
    """The repository alone, so that the ways to write its address do not count; else the text itself."""
    match = _ADDRESS.fullmatch(source.partition("#")[0])
    if match is None:
        return source
    host = match["host"].lower()
    return "/".join((host, *_segments(host, match["path"])))


def _segments(host: str, path: str) -> tuple[str, ...]:
    """The segments of the repository's path; on a known forge, without what may stand behind it."""
    segments = [segment for segment in path.split("/") if segment]
    forge = _FORGES.get(host)
    if forge is not None:
        end = segments.index("-") if "-" in segments else len(segments)
        segments = segments[:end] if forge.deep else segments[:2]
    if segments:
        segments[-1] = segments[-1].removesuffix(".git")
    return tuple(segments)


def _told(old: str | None, new: str | None) -> Pair[str | None]:
    return Pair(old=secrets.told(old), new=secrets.told(new))


def _link(source: Pair[str | None], revision: Pair[str | None]) -> str | None:
    """Where a known forge shows the difference; made only of parts that hold what they should."""
    match = _ADDRESS.fullmatch((source.new or "").partition("#")[0])
    forge = _FORGES.get(match["host"].lower()) if match else None
    if match is None or forge is None:
        return None
    host = match["host"].lower()
    segments = _segments(host, match["path"])
    old, new = revision.old or "", revision.new or ""
    sound = all(_SEGMENT.fullmatch(segment) and ".." not in segment for segment in segments)
    hexadecimal = all(_REVISION.fullmatch(text) for text in (old, new))
    if len(segments) < 2 or not sound or not hexadecimal:  # noqa: PLR2004 - an owner and a repository
        return None
    return f"https://{host}/{'/'.join(segments)}/{forge.compare.format(old=old, new=new)}"
