"""OCI image layouts on disk (image-spec 1.1, image-layout.md): to write one, and to read one strictly."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pinbot.model.manifest import OCI_MANIFEST
from tests.support.oci import Image, digest_of, to_json


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a layout of one image holds; every blob has the size and digest that its descriptor says."""

    digest: str
    manifest: dict[str, Any]
    config: dict[str, Any]
    layers: tuple[bytes, ...]
    """The tar files, not compressed."""


def write_layout(folder: Path, image: Image) -> None:
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for blob in (image.manifest, image.config_bytes, *image.layers):
        (blobs / digest_of(blob).removeprefix("sha256:")).write_bytes(blob)
    digest = digest_of(image.manifest)
    entry = {"mediaType": OCI_MANIFEST, "digest": digest, "size": len(image.manifest)}
    (folder / "index.json").write_bytes(to_json({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def read_strictly(folder: Path) -> Layout:
    """Read the one image; fails where the specification does not hold, or a blob is of no use."""
    assert json.loads((folder / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((folder / "index.json").read_bytes())
    assert index["schemaVersion"] == 2
    (entry,) = index["manifests"]
    used = set()

    def blob(descriptor: dict[str, Any]) -> bytes:
        algorithm, _, name = descriptor["digest"].partition(":")
        data = (folder / "blobs" / algorithm / name).read_bytes()
        assert descriptor["mediaType"].startswith("application/vnd.oci.image.")
        assert (len(data), hashlib.new(algorithm, data).hexdigest()) == (descriptor["size"], name)
        used.add(name)
        return data

    manifest = json.loads(blob(entry))
    config = json.loads(blob(manifest["config"]))
    layers = []
    for descriptor, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"] or (), strict=True):
        assert descriptor["mediaType"].endswith("+gzip")
        layers.append(gzip.decompress(blob(descriptor)))
        assert digest_of(layers[-1]) == diff_id
    assert {file.name for file in (folder / "blobs").glob("*/*")} == used
    return Layout(digest=entry["digest"], manifest=manifest, config=config, layers=tuple(layers))
