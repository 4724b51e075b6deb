"""Reading the documents of images: bytes to manifests, indexes and configs. Pure.

Sources: OCI image-spec 1.1 (manifest.md, image-index.md, descriptor.md, config.md).
"""

import json
import re
from typing import Any

from pinbot.errors import InvalidReference, Unsupported, Untrustworthy
from pinbot.model.image import ImageConfig
from pinbot.model.manifest import INDEX_TYPES, MANIFEST_TYPES, Descriptor, Index, Manifest
from pinbot.model.reference import Digest, Platform

_SCHEMA_1 = re.compile(r"application/vnd\.docker\.distribution\.manifest\.v1\+(?:json|prettyjws)")
_SCHEMA_VERSION = 2
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_LONGEST_MESSAGE = 200


def media_type(content_type: str) -> str:
    """The type alone, in lower case, without parameters such as `charset`."""
    return content_type.partition(";")[0].strip().lower()


def is_known(kind: str) -> bool:
    """Whether a media type is one of the four that pinbot asks for."""
    return kind in INDEX_TYPES or kind in MANIFEST_TYPES


def refuse_schema_1(kind: str) -> None:
    """Raise Unsupported for Docker's first manifests, whose digest is not that of their bytes."""
    if _SCHEMA_1.fullmatch(kind):
        raise Unsupported(
            "the image is stored as a Docker schema 1 manifest, which builders no longer pull",
            hint="push the image anew with a current tool, or use another tag",
        )


def parse(body: bytes, content_type: str) -> Manifest | Index:
    """Read a manifest or an index whose bytes are already known to be the right ones.

    Raises:
        Unsupported: a schema 1 manifest, or a document of a type that is no image.
        Untrustworthy: not what its type says; two readers could disagree about it (CVE-2021-41190).
    """
    kind = media_type(content_type)
    refuse_schema_1(kind)
    document = _object(body)
    if document.get("schemaVersion") == 1:
        refuse_schema_1("application/vnd.docker.distribution.manifest.v1+json")
    stated = document.get("mediaType")
    if stated is None:
        stated = kind
    elif is_known(kind) and stated != kind:
        raise _contradiction(f"it was sent as {kind} and calls itself {_quoted(stated)}")
    if not isinstance(stated, str) or not is_known(stated):
        raise Unsupported(
            f"what is there is no container image but {_quoted(stated)}",
            hint="name a container image",
        )
    if document.get("schemaVersion") != _SCHEMA_VERSION:
        raise _contradiction("its schemaVersion is not 2")
    if "manifests" in document and ("layers" in document or "config" in document):
        raise _contradiction("it has the parts of an index and of a manifest at once")
    annotations = _annotations(document)
    if stated in INDEX_TYPES:
        return Index(
            media_type=stated, manifests=_descriptors(document, "manifests"), annotations=annotations
        )
    return Manifest(
        media_type=stated,
        config=_descriptor(document.get("config"), "config"),
        layers=_descriptors(document, "layers"),
        annotations=annotations,
    )


def platform_of_config(body: bytes) -> Platform | None:
    """The platform that an image's config names (config.md); None where it is no image's config."""
    return _platform(_object(body))


def image_config(body: bytes) -> ImageConfig:
    """Read an image's config (config.md).

    Raises:
        Untrustworthy: not what a runtime could read, or what two of them could read in different ways.
    """
    document = _object(body, "config")
    container = _part(document, "config")
    rootfs = _part(document, "rootfs")
    return ImageConfig(
        platform=_platform(document),
        user=_config_text(container, "User") or "",
        entrypoint=_config_words(container, "Entrypoint"),
        cmd=_config_words(container, "Cmd"),
        env=tuple(
            (name, value) for name, _, value in (e.partition("=") for e in _config_words(container, "Env"))
        ),
        working_dir=_config_text(container, "WorkingDir") or "",
        exposed_ports=tuple(sorted(_part(container, "ExposedPorts"))),
        volumes=tuple(sorted(_part(container, "Volumes"))),
        stop_signal=_config_text(container, "StopSignal") or None,
        labels=_config_labels(container),
        created=_config_text(document, "created") or None,
        diff_ids=tuple(_diff_id(text) for text in _config_words(rootfs, "diff_ids")),
    )


def clean(text: str) -> str:
    """Foreign text for a message: no control characters, and not too long."""
    text = _CONTROL.sub(" ", text).strip()
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"


def _quoted(value: object) -> str:
    return clean(json.dumps(value, ensure_ascii=False))


def _contradiction(why: str, what: str = "manifest") -> Untrustworthy:
    return Untrustworthy(
        f"the {what} cannot be trusted: {why}",
        hint="tell whoever made the image, or runs the registry that serves it",
    )


def _object(body: bytes, what: str = "manifest") -> dict[str, Any]:
    try:
        document = json.loads(body, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        document = None
    except KeyError as error:
        raise _contradiction(f"{_quoted(error.args[0])} stands twice in one place", what) from error
    if not isinstance(document, dict):
        raise _contradiction("it is no JSON object", what)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no key is twice: of two some readers take the last, and some mix both."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise KeyError(key)
        found[key] = value
    return found


def _field(document: dict[str, Any], name: str) -> Any:
    """A field of a config, None where it is missing.

    Runtimes read names without regard to case, so one that is spelt otherwise would count for them.
    """
    for key in document:
        if key != name and key.lower() == name.lower():
            raise _contradiction(f"{_quoted(key)} in it could be taken for {name}", "config")
    return document.get(name)


def _part(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = _field(document, name)
    if value is not None and not isinstance(value, dict):
        raise _contradiction(f"{name} is no object", "config")
    return value or {}


def _config_text(document: dict[str, Any], name: str) -> str | None:
    value = _field(document, name)
    if value is not None and not isinstance(value, str):
        raise _contradiction(f"{name} is no text", "config")
    return value


def _config_words(document: dict[str, Any], name: str) -> tuple[str, ...]:
    value = _field(document, name)
    if isinstance(value, str) and name in {"Entrypoint", "Cmd"}:
        # Docker reads a single word so.
        return (value,)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise _contradiction(f"{name} is no list of words", "config")
    return tuple(value)


def _config_labels(document: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    labels = _part(document, "Labels")
    if not all(isinstance(value, str) for value in labels.values()):
        raise _contradiction("a label is no text", "config")
    return tuple(sorted(labels.items()))


def _diff_id(text: str) -> Digest:
    try:
        return Digest.parse(text)
    except InvalidReference as error:
        raise _contradiction(f"diff_ids: {clean(error.message)}", "config") from error


def _descriptors(document: dict[str, Any], name: str) -> tuple[Descriptor, ...]:
    entries = document.get(name)
    if not isinstance(entries, list):
        raise _contradiction(f"{name} is not a list")
    return tuple(_descriptor(entry, f"{name}[{number}]") for number, entry in enumerate(entries))


def _descriptor(entry: Any, place: str) -> Descriptor:
    if not isinstance(entry, dict):
        raise _contradiction(f"{place} is no descriptor")
    kind, size = entry.get("mediaType"), entry.get("size")
    if not isinstance(kind, str) or not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise _contradiction(f"{place} lacks a media type or a size")
    try:
        digest = Digest.parse(str(entry.get("digest")))
    except InvalidReference as error:
        raise _contradiction(f"{place}: {clean(error.message)}") from error
    artifact_type = entry.get("artifactType")
    return Descriptor(
        media_type=kind,
        digest=digest,
        size=size,
        platform=_platform(entry.get("platform")),
        artifact_type=artifact_type if isinstance(artifact_type, str) else None,
        annotations=_annotations(entry),
    )


def _platform(value: Any) -> Platform | None:
    if not isinstance(value, dict):
        return None
    words = (value.get("os"), value.get("architecture"), value.get("variant") or None)
    try:
        return Platform.parse("/".join(str(word) for word in words if word is not None))
    except InvalidReference:
        return None


def _annotations(document: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    value = document.get("annotations")
    if not isinstance(value, dict):
        return ()
    return tuple((key, text) for key, text in value.items() if isinstance(text, str))
