"""A comparison as the JSON of `docs/json.md`."""

from collections.abc import Iterable
from typing import Any

from pinbot.model.comparison import (
    Caution,
    Comparison,
    LayerDiff,
    Origin,
    PackageDiff,
    Pair,
    PlatformDiff,
    Subject,
    Unread,
)
from pinbot.model.vulnerability import Exposed, VulnerabilityDiff

Document = dict[str, Any]


def comparison(told: Comparison) -> Document:
    """The parts of the document of `diff`, which are those of an explanation too."""
    return {
        "old": _subject(told.old),
        "new": _subject(told.new),
        "equal": told.equal,
        "in_use": [str(platform) for platform in told.in_use],
        "same": [str(platform) for platform in told.same],
        "gained": [str(platform) for platform in told.gained],
        "lost": [str(platform) for platform in told.lost],
        "elsewhere": [str(platform) for platform in told.elsewhere],
        "attestations_changed": told.attestations,
        "warnings": _cautions(told.cautions),
        "unread": _unread(told.unread),
        "platforms": [_platform(diff) for diff in told.changed],
        "cost": {
            "requests": told.cost.requests,
            "received": told.cost.received,
            "whole": told.cost.whole,
        },
    }


def _subject(side: Subject) -> Document:
    return {"name": side.name, "digest": str(side.digest), "media_type": side.media_type}


def _platform(diff: PlatformDiff) -> Document:
    return {
        "platform": str(diff.platform) if diff.platform else None,
        "old": str(diff.digests.old),
        "new": str(diff.digests.new),
        "size": _pair(diff.layers.size),
        "layers": _layers(diff.layers),
        "origin": _origin(diff.origin),
        "packages": _packages(diff.packages) if diff.packages else None,
        "vulnerabilities": _vulnerabilities(diff.vulnerabilities) if diff.vulnerabilities else None,
        "config": [
            {
                "setting": str(change.setting),
                "name": change.name or None,
                "old": _value(change.old),
                "new": _value(change.new),
                "secret": change.secret,
            }
            for change in diff.settings
        ],
        "warnings": _cautions(diff.cautions),
        "unread": _unread(diff.unread),
    }


def _layers(layers: LayerDiff) -> Document:
    return {
        name: [{"digest": str(layer.digest), "size": layer.size} for layer in some]
        for name, some in (("shared", layers.shared), ("gone", layers.gone), ("new", layers.new))
    }


def _origin(origin: Origin) -> Document:
    return {
        "source_code": str(origin.kind),
        "source": _pair(origin.source),
        "revision": _pair(origin.revision),
        "version": _pair(origin.version),
        "created": _pair(origin.created),
        "link": origin.link,
    }


def _packages(packages: PackageDiff) -> Document:
    return {
        "evidence": str(packages.evidence),
        "counts": _pair(packages.counts),
        "distribution": _pair(packages.distribution),
        "changes": [
            {
                "ecosystem": str(change.ecosystem),
                "name": change.name,
                "change": str(change.move),
                "old": change.old,
                "new": change.new,
                "place": change.place,
            }
            for change in packages.changes
        ],
    }


def _vulnerabilities(found: VulnerabilityDiff) -> Document:
    return {
        "fixed": [_exposed(one) for one in found.fixed],
        "new": [_exposed(one) for one in found.new],
        "remaining": found.remaining,
        "unasked": list(found.unasked),
    }


def _exposed(one: Exposed) -> Document:
    of = one.vulnerability
    return {
        "id": of.id,
        "name": of.name,
        "aliases": list(of.aliases),
        "rating": str(of.rating),
        "summary": of.summary,
        "packages": [{"name": package.name, "version": package.version} for package in one.packages],
        "fixes": [{"name": name, "version": version} for name, version in of.fixes],
    }


def _pair(pair: Pair[Any]) -> Document:
    return {"old": pair.old, "new": pair.new}


def _value(value: str | tuple[str, ...] | None) -> str | list[str] | None:
    return list(value) if isinstance(value, tuple) else value


def _cautions(told: Iterable[Caution]) -> list[Document]:
    return [{"id": str(caution.alarm), "message": caution.message} for caution in told]


def _unread(left: Iterable[Unread]) -> list[Document]:
    return [{"part": str(unread.part), "reason": unread.reason} for unread in left]
