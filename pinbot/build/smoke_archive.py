"""An image as the archive that `docker load` and `podman load` read (moby's image specification 1.2).

Layers go into it as they are, compressed or not: who loads it unpacks them.
"""

import json
import tarfile
from contextlib import aclosing
from pathlib import Path
from typing import IO

from pinbot.errors import BuilderError
from pinbot.model.manifest import Descriptor, Manifest
from pinbot.ports.images import ImageSource


async def write(source: ImageSource, manifest: Manifest, file: Path, *, tag: str) -> None:
    """Write an image under a tag; never more than a piece of a layer is in memory.

    Raises:
        RegistryError, ImageError: a part of it cannot be had.
        BuilderError: the archive cannot be written.
    """
    config = await source.blob(manifest.config)
    layers = {f"{layer.digest.hex}.tar": layer for layer in manifest.layers}
    described = {
        "Config": "config.json",
        "RepoTags": [tag],
        "Layers": [f"{layer.digest.hex}.tar" for layer in manifest.layers],
    }
    try:
        with file.open("wb") as archive:
            _add(archive, "config.json", config)
            _add(archive, "manifest.json", json.dumps([described]).encode())
            for name, layer in layers.items():
                await _copy(source, layer, archive, name)
            archive.write(bytes(2 * tarfile.BLOCKSIZE))
    except OSError as error:
        raise BuilderError(f"the image cannot be written to disk: {error}") from error


def _add(archive: IO[bytes], name: str, data: bytes) -> None:
    archive.write(_header(name, len(data)) + data + _padding(len(data)))


async def _copy(source: ImageSource, layer: Descriptor, archive: IO[bytes], name: str) -> None:
    archive.write(_header(name, layer.size))
    async with aclosing(source.stream(layer)) as pieces:
        async for piece in pieces:
            archive.write(piece)
    archive.write(_padding(layer.size))


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf()


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
