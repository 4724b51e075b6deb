"""What is kept of layers and documents between runs, as JSON. Pure."""

import json
from typing import Any

from pinbot import __version__, documents
from pinbot.comparison.notes import Found, Kind, Notes
from pinbot.errors import PinbotError
from pinbot.model.image import Distribution, Ecosystem, Package
from pinbot.model.manifest import Descriptor, Index, Manifest

FORMAT = f"1-{__version__}"
"""Notes of another format, or of a release that may have read a layer in another way, are not looked at."""

_TEXTS = ("name", "version", "architecture", "source", "source_version", "place")


def write_notes(notes: Notes) -> bytes:
    """The notes of a layer."""
    return _dump(
        {
            "found": {
                path: {
                    "kind": found.kind,
                    "problem": found.problem,
                    "packages": [
                        [package.root, package.ecosystem, *(getattr(package, name) for name in _TEXTS)]
                        for package in found.packages
                    ],
                }
                for path, found in notes.found.items()
            },
            "releases": {
                path: {"id": one.id, "version": one.version, "name": one.name, "like": one.like}
                for path, one in notes.releases.items()
            },
            "privileged": sorted(notes.privileged),
            "removed": sorted(notes.removed),
            "cleared": sorted(notes.cleared),
        }
    )


def read_notes(data: bytes) -> Notes | None:
    """What `write_notes` wrote; None for anything else."""
    try:
        document = json.loads(data)
        return Notes(
            found={
                _text(path): Found(
                    kind=Kind(found["kind"]),
                    problem=_text(found["problem"]),
                    packages=tuple(map(_package, found["packages"])),
                )
                for path, found in document["found"].items()
            },
            releases={
                path: Distribution(
                    id=_text(one["id"]),
                    version=_text(one["version"]),
                    name=_text(one["name"]),
                    like=tuple(map(_text, one["like"])),
                )
                for path, one in document["releases"].items()
            },
            privileged=frozenset(map(_text, document["privileged"])),
            removed=frozenset(map(_text, document["removed"])),
            cleared=frozenset(map(_text, document["cleared"])),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def write_document(document: Manifest | Index) -> bytes:
    """A manifest or an index, with what pinbot reads of it."""
    common = {
        "schemaVersion": 2,
        "mediaType": document.media_type,
        "annotations": dict(document.annotations),
    }
    if isinstance(document, Index):
        return _dump({**common, "manifests": [_descriptor(child) for child in document.manifests]})
    config, layers = _descriptor(document.config), [_descriptor(layer) for layer in document.layers]
    return _dump({**common, "config": config, "layers": layers})


def read_document(data: bytes) -> Manifest | Index | None:
    """What `write_document` wrote; None for anything else."""
    try:
        return documents.parse(data, json.loads(data)["mediaType"])
    except (PinbotError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _dump(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def _package(values: Any) -> Package:
    root, ecosystem, *texts = values
    fields = dict(zip(_TEXTS, map(_text, texts), strict=True))
    return Package(ecosystem=Ecosystem(ecosystem), root=root is True, **fields)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _descriptor(descriptor: Descriptor) -> dict[str, Any]:
    told: dict[str, Any] = {
        "mediaType": descriptor.media_type,
        "digest": str(descriptor.digest),
        "size": descriptor.size,
        "annotations": dict(descriptor.annotations),
    }
    if descriptor.artifact_type is not None:
        told["artifactType"] = descriptor.artifact_type
    if (platform := descriptor.platform) is not None:
        told["platform"] = {
            "os": platform.os,
            "architecture": platform.architecture,
            "variant": platform.variant,
        }
    return told
