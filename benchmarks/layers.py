"""Looking into large layers in a real registry: a layer of 2 GiB, and one with a million names.

    python -m benchmarks.layers

The ratio is to Python's own `tarfile` reading the same layer from a file, with a digest of the whole.
"""

import asyncio
import gzip
import hashlib
import json
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import zstandard

from benchmarks.table import save, show
from pinbot.config import Config
from pinbot.image import look, platforms
from pinbot.image.sources.opening import open_image
from pinbot.model.manifest import OCI_MANIFEST
from pinbot.ports.registries import Registry
from pinbot.wiring import registries
from tests.support.oci import OCI_CONFIG, OCI_LAYER, Pusher, digest_of, to_json
from tests.support.registry import RegistryServer

MIB = 1024**2
FILES, FILE_SIZE = 128, 16 * MIB
NAMES = 999_000
ROOT = Path(__file__).parents[1]


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(CHILDREN[sys.argv[1]](sys.argv[2])))
        return
    results = []
    with (
        tempfile.TemporaryDirectory() as folder,
        RegistryServer(storage=Path(folder, "registry")) as registry,
    ):
        for name, tar, form in (
            ("2 GiB, gzip", large, "gzip"),
            ("2 GiB, zstd", large, "zstd"),
            ("a million names", many, "gzip"),
        ):
            packed = Path(folder, "layer")
            push(registry, packed, tar(), form)
            result = {"layer": name, **child("look", f"{registry.host}/large:1")}
            bare = child(f"tarfile-{form}", str(packed))
            results.append({**result, "ratio": result["seconds"] / bare["seconds"], "bare": bare})
    rows = [
        (
            result["layer"],
            f"{result['names']}",
            f"{result['taken'] / 1e6:.0f} MB",
            f"{result['seconds']:.1f} s",
            f"{result['ratio']:.2f}",
            f"{result['memory'] / 1e6:.0f} MB",
            f"{result['bare']['memory'] / 1e6:.0f} MB",
        )
        for result in results
    ]
    show(("layer", "names", "taken", "time", "ratio to tarfile", "memory", "tarfile's memory"), rows)
    save("layers", results)


def child(task: str, argument: str) -> dict[str, Any]:
    """What a process of its own measured."""
    command = [sys.executable, "-m", "benchmarks.layers", task, argument]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measured(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The time that work takes, and the memory beyond that of the process before it."""
    before = peak()
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    return {**result, "seconds": seconds, "memory": peak() - before}


def peak() -> int:
    """The most bytes that this process had in memory; getrusage would tell of its parent's, too."""
    (line,) = re.findall(r"VmHWM:\s+([0-9]+) kB", Path("/proc/self/status").read_text())
    return 1024 * int(line)


def looked(name: str) -> dict[str, Any]:
    async def work() -> dict[str, Any]:
        async with registries.registry(Config()) as client:

            async def connect() -> Registry:
                return client

            source = await open_image(name, connect)
            _, manifest = await platforms.pick(source)
            config = await look.config(source, manifest)
            files = await look.files(source, manifest, config)
            return {"names": len(files) - 1, "taken": source.taken.size}

    return measured(lambda: asyncio.run(work()))


def by_tarfile(path: str, opener: Callable[[IO[bytes]], IO[bytes]]) -> dict[str, Any]:
    class Hashing:
        """Hashes what it reads, as has to be done to know the layer."""

        def __init__(self, file: IO[bytes]) -> None:
            self._file = file
            self._hash = hashlib.sha256()

        def read(self, size: int) -> bytes:
            data = self._file.read(size)
            self._hash.update(data)
            return data

    def work() -> dict[str, Any]:
        names = 0
        with (
            Path(path).open("rb") as packed,
            opener(packed) as plain,
            tarfile.open(fileobj=Hashing(plain), mode="r|") as tar,  # type: ignore[call-overload]
        ):
            for _ in tar:
                names += 1
                tar.members = []
        return {"names": names}

    return measured(work)


CHILDREN: dict[str, Callable[[str], dict[str, Any]]] = {
    "look": looked,
    "tarfile-gzip": lambda path: by_tarfile(path, lambda file: gzip.GzipFile(fileobj=file)),
    "tarfile-zstd": lambda path: by_tarfile(path, lambda file: zstandard.open(file, "rb")),
}


def push(registry: RegistryServer, packed: Path, tar: Iterator[bytes], form: str) -> None:
    """Push an image with one layer, made as it is written."""
    squeeze = zlib.compressobj(6, wbits=31) if form == "gzip" else zstandard.ZstdCompressor().compressobj()
    plain = hashlib.sha256()
    with packed.open("wb") as file:
        for piece in tar:
            plain.update(piece)
            file.write(squeeze.compress(piece))
        file.write(squeeze.flush())
    blob = packed.read_bytes()
    diff_id = f"sha256:{plain.hexdigest()}"
    config = to_json({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [diff_id]}})
    descriptors = [
        {"mediaType": kind, "digest": digest_of(data), "size": len(data)}
        for kind, data in ((OCI_CONFIG, config), (OCI_LAYER.replace("gzip", form), blob))
    ]
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptors[0],
        "layers": descriptors[1:],
    }
    pusher = Pusher(registry.base_url)
    pusher.blob("large", config)
    pusher.blob("large", blob)
    pusher.manifest("large", "1", to_json(manifest), OCI_MANIFEST)
    pusher.close()


def large() -> Iterator[bytes]:
    """Files that can be compressed to about a fiftieth."""
    chance = random.Random(1)
    for number in range(FILES):
        yield header(f"data/{number}", FILE_SIZE)
        for _ in range(FILE_SIZE // MIB):
            yield (
                (chance.randbytes(16 * 1024) + bytes(48 * 1024))
                + b"The same text again. " * 46_811
                + bytes(9)
            )
    yield bytes(1024)


def many() -> Iterator[bytes]:
    """A thousand folders with about as many empty files each."""
    for folder in range(1000):
        yield b"".join(header(f"usr/share/{folder}/{number}", 0) for number in range(NAMES // 1000))
    yield bytes(1024)


def header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(tarfile.USTAR_FORMAT)


if __name__ == "__main__":
    main()
