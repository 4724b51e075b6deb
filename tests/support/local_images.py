"""OCI layouts and archives of images, as builders write them."""

import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from pinbot.model.manifest import OCI_INDEX, OCI_MANIFEST
from tests.support.oci import Image, digest_of, to_json


def blob_name(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def descriptor(image: Image, name: str | None = None) -> dict[str, object]:
    """What an index says of an image; `name` is the one that a layout knows it by."""
    annotations = {"annotations": {"org.opencontainers.image.ref.name": name}} if name else {}
    return {
        "mediaType": OCI_MANIFEST,
        "digest": digest_of(image.manifest),
        "size": len(image.manifest),
        "platform": {"os": image.os, "architecture": image.architecture},
        **annotations,
    }


def index(*entries: Mapping[str, object]) -> bytes:
    return to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})


def layout(images: Mapping[str | None, Image] | Image, *, more: Iterable[bytes] = ()) -> dict[str, bytes]:
    """The files of a layout with some images by their names, and further blobs."""
    named = {None: images} if isinstance(images, Image) else images
    blobs = [*more]
    for image in named.values():
        blobs += [image.manifest, image.config_bytes, *image.layers]
    return {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": index(*(descriptor(image, name) for name, image in named.items())),
        **{blob_name(digest_of(blob)): blob for blob in blobs},
    }


def saved(images: Mapping[str, Image] | Image, *, old: bool = True) -> dict[str, bytes]:
    """The files of an archive by `docker save`, as before release 25 or since."""
    named = {"": images} if isinstance(images, Image) else images
    files: dict[str, bytes] = {}
    entries = []
    for tag, image in named.items():
        config = digest_of(image.config_bytes)
        config_name = config.removeprefix("sha256:") + ".json" if old else blob_name(config)
        files[config_name] = image.config_bytes
        layers = []
        for blob in image.layers:
            plain = gzip.decompress(blob)
            digest = digest_of(plain)
            layers.append(digest.removeprefix("sha256:") + "/layer.tar" if old else blob_name(digest))
            files[layers[-1]] = plain
        entries.append({"Config": config_name, "RepoTags": [tag] if tag else None, "Layers": layers})
    return {**files, "manifest.json": to_json(entries)}


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def write_archive(path: Path, files: Mapping[str, bytes]) -> Path:
    """A tar of the files; compressed if the path ends in `.gz`."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    data = raw.getvalue()
    path.write_bytes(gzip.compress(data, 1, mtime=0) if path.suffix == ".gz" else data)
    return path
