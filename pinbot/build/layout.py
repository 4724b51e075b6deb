"""Reading and writing what was built, without a daemon: an OCI image layout, the archive of `docker save`.

Sources: OCI image-spec 1.1, image-layout.md; moby's image specification 1.2, combined image JSON and tar.
"""

import hashlib
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO, Any

from pinbot import saved
from pinbot.errors import BuilderError, InvalidReference
from pinbot.model.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor
from pinbot.model.reference import Digest

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What there is to say of an image: the digest of its manifest, and its layers as a client gets them."""

    digest: Digest
    size: int
    layers: int


def read_layout(folder: Path) -> Contents:
    """Read the one image of an OCI layout.

    Raises:
        BuilderError: what lies there is no layout of one image.
    """
    try:
        (entry,) = json.loads((folder / "index.json").read_bytes())["manifests"]
        digest = Digest.parse(entry["digest"])
        manifest = json.loads((folder / "blobs" / digest.algorithm / digest.hex).read_bytes())
        return _contents(digest, manifest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BuilderError(f"the builder left no image that can be read: {error!r}") from error


def check(folder: Path) -> Contents:
    """Read the one image of an OCI layout, and see that every blob is there and what its name says.

    Raises:
        BuilderError: as for `read_layout`, or something is missing or damaged.
    """
    contents = read_layout(folder)
    blobs = folder / "blobs"
    try:
        manifest = json.loads((blobs / contents.digest.algorithm / contents.digest.hex).read_bytes())
        for descriptor in ({"digest": str(contents.digest)}, manifest["config"], *manifest["layers"]):
            digest = Digest.parse(descriptor["digest"])
            with (blobs / digest.algorithm / digest.hex).open("rb") as blob:
                sound = hashlib.file_digest(blob, digest.algorithm).hexdigest() == digest.hex
            if not sound:
                break
        else:
            return contents
    except (OSError, ValueError, KeyError, TypeError, InvalidReference) as error:
        raise BuilderError(f"the image cannot be read any more: {error!r}") from error
    raise BuilderError(f"the image is damaged: {digest} is not what it was")


def convert_archive(file: Path, folder: Path, *, stop: Event | None = None) -> Contents:
    """Make an OCI layout of the archive that `docker save` wrote; never more than a piece is in memory.

    Docker keeps layers as plain tar files. They are compressed here just as a push would do it, so that sizes
    compare and the digest is that of a manifest; a layer that is compressed already is taken as it is.

    Args:
        file: the archive, of one image.
        folder: where the layout comes to lie; it does not exist yet.
        stop: to be set when the layout is not wanted any more.

    Raises:
        BuilderError: what lies there is no archive of one image, the layout cannot be written, or it was
            stopped.
    """
    stop = stop or Event()
    blobs = folder / "blobs" / "sha256"
    try:
        blobs.mkdir(parents=True)
        with tarfile.open(file) as archive:
            (image,) = saved.listing(_member(archive, saved.LISTING).read())
            config = _member(archive, image.config).read()
            layers = [_write_layer(blobs, _member(archive, name), stop) for name in image.layers]
        body = saved.manifest(config, layers)
        _write(blobs, config)
        described = {"mediaType": OCI_MANIFEST, "digest": str(_write(blobs, body)), "size": len(body)}
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [described]}
        (folder / "index.json").write_text(json.dumps(index))
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    except (OSError, ValueError, KeyError, TypeError, tarfile.TarError) as error:
        raise BuilderError(f"docker saved no image that can be read: {error!r}") from error
    return Contents(
        digest=saved.digest_of(body), size=sum(layer.size for layer in layers), layers=len(layers)
    )


def _contents(digest: Digest, manifest: Mapping[str, Any]) -> Contents:
    layers = manifest["layers"]
    return Contents(digest=digest, size=sum(layer["size"] for layer in layers), layers=len(layers))


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    """A file of the archive; Docker before 25 writes a layer that comes again as a symbolic link."""
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file


def _write(blobs: Path, data: bytes) -> Digest:
    """Write a small blob; returns its digest."""
    digest = saved.digest_of(data)
    (blobs / digest.hex).write_bytes(data)
    return digest


def _write_layer(blobs: Path, file: IO[bytes], stop: Event) -> Descriptor:
    """Write a layer, compressed if it was not; returns its descriptor."""
    packer = saved.Packer()
    unnamed = blobs / "unnamed"
    with unnamed.open("wb") as blob:
        while chunk := file.read(_CHUNK):
            if stop.is_set():
                raise InterruptedError("it was stopped")
            blob.write(packer.feed(chunk))
        blob.write(packer.finish())
    unnamed.replace(blobs / packer.descriptor.digest.hex)
    return packer.descriptor
