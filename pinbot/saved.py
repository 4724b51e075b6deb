"""What `docker save` writes: which images an archive holds, and what their manifests would be. Pure.

Docker keeps layers as plain tar files. They are compressed here just as a push would do it, so that sizes
compare with those of other images. Source: moby's image specification 1.2, combined image JSON and tar.
"""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pinbot.model.manifest import OCI_MANIFEST, Descriptor
from pinbot.model.reference import Digest

LISTING = "manifest.json"
"""Name of the file that lists the images."""

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

_COMPRESSED = {b"\x1f\x8b": "+gzip", b"\x28\xb5\x2f\xfd": "+zstd"}
# For zlib: a gzip stream whose header holds neither name nor time.
_WITH_HEADER = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedImage:
    """One image of an archive: names of files in it, lowest layer first, and the tags that it had."""

    config: str
    layers: tuple[str, ...]
    tags: tuple[str, ...] = ()


def listing(body: bytes) -> tuple[SavedImage, ...]:
    """Read `manifest.json`.

    Raises:
        ValueError: it is not what docker writes.
    """
    entries = json.loads(body)
    if not isinstance(entries, list):
        raise ValueError("it is no list")  # noqa: TRY004  the one error of this function
    return tuple(_image(entry) for entry in entries)


def manifest(config: bytes, layers: Sequence[Descriptor]) -> bytes:
    """The manifest with which a push would publish the image."""
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(
            Descriptor(media_type=CONFIG, digest=digest_of(config), size=len(config)),
        ),
        "layers": [_descriptor(layer) for layer in layers],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def digest_of(data: bytes) -> Digest:
    """The sha256 of bytes."""
    return Digest("sha256", hashlib.sha256(data).hexdigest())


class Packer:
    """Takes a layer piece by piece and gives it as a push would send it: compressed, if it was not."""

    def __init__(self) -> None:
        self._suffix: str | None = None
        self._squeeze: zlib._Compress | None = None
        self._hash = hashlib.sha256()
        self._size = 0

    def feed(self, piece: bytes) -> bytes:
        """The next bytes; the first piece has four bytes or more, or it is the whole layer."""
        if self._suffix is None:
            self._suffix = next((name for magic, name in _COMPRESSED.items() if piece.startswith(magic)), "")
            if not self._suffix:
                self._squeeze = zlib.compressobj(wbits=_WITH_HEADER)
        return self._take(self._squeeze.compress(piece) if self._squeeze else piece)

    def finish(self) -> bytes:
        """The last bytes; from then on there is a `descriptor`."""
        first = self.feed(b"") if self._suffix is None else b""
        return first + (self._take(self._squeeze.flush()) if self._squeeze else b"")

    @property
    def descriptor(self) -> Descriptor:
        """What was given."""
        return Descriptor(
            media_type=f"{LAYER}{self._suffix or '+gzip'}",
            digest=Digest("sha256", self._hash.hexdigest()),
            size=self._size,
        )

    def _take(self, piece: bytes) -> bytes:
        self._hash.update(piece)
        self._size += len(piece)
        return piece


def _image(entry: Any) -> SavedImage:
    if not isinstance(entry, dict):
        raise ValueError("an entry is no object")  # noqa: TRY004  the one error of `listing`
    config, layers, tags = entry.get("Config"), entry.get("Layers") or [], entry.get("RepoTags") or []
    if not isinstance(config, str) or not _are_names(layers) or not _are_names(tags):
        raise ValueError("an entry names no config and layers")
    return SavedImage(config=config, layers=tuple(layers), tags=tuple(tags))


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _descriptor(value: Descriptor) -> dict[str, object]:
    return {"mediaType": value.media_type, "digest": str(value.digest), "size": value.size}
