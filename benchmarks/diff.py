"""`pinbot diff` of two images in a registry, beside `skopeo copy` of both and a diff of their unpacked trees.

    python -m benchmarks.diff [--large 2048]

Three kinds of image: one layer with a database of apk; five layers with databases of dpkg, of which one
differs; one layer with nothing but a program. Then the memory that one large layer takes.
"""

import argparse
import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.table import save, show
from pinbot.model.manifest import OCI_MANIFEST
from tests.support.images import alpine
from tests.support.oci import OCI_CONFIG, Entry, Image, Pusher, digest_of, layer, to_json
from tests.support.programs import program
from tests.support.registry import RegistryServer

ROOT = Path(__file__).parents[1]
MIB = 1024**2
DIFFERENT = 10


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", type=int, default=2048, metavar="MIB")
    large = parser.parse_args().large
    results = []
    with tempfile.TemporaryDirectory() as folder:
        # First, since what this process holds itself counts for those that it starts.
        memory = measure_large(Path(folder), large * MIB)
        for name, old, new in (
            ("apk, 1 layer", alpine(1)[0], alpine(2)[0]),
            ("dpkg, 1 of 5 layers differs", debian(1), debian(2)),
            ("scratch, 1 program", scratch(1), scratch(2)),
        ):
            work = Path(folder) / name
            work.mkdir()
            results.append({"image": name, **measure(work, old, new)})
        header = (
            "image",
            "size of both",
            "read",
            "share",
            "requests",
            "skopeo and diff",
            "pinbot",
            "ratio",
            "again",
        )
        show((*header, "again read"), [row(result) for result in results])
    print(
        f"\na layer of {large} MiB takes {memory['memory_bytes'] / 1e6:.0f} MB of memory, "
        f"an image of a few bytes {memory['small_memory_bytes'] / 1e6:.0f} MB; "
        f"{large / memory['seconds']:.0f} MiB/s"
    )
    save("diff", {"images": results, "large": memory})


def row(result: dict[str, Any]) -> tuple[str, ...]:
    return (
        result["image"],
        f"{result['bytes'] / 1e6:.1f} MB",
        f"{result['read'] / 1e6:.2f} MB",
        f"{result['read'] / result['bytes']:.1%}",
        f"{result['requests']}",
        f"{result['baseline_seconds']:.2f} s",
        f"{result['seconds']:.2f} s",
        f"{result['seconds'] / result['baseline_seconds']:.2f}",
        f"{result['again_seconds']:.2f} s",
        f"{result['again_read'] / 1e3:.1f} kB",
    )


def noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def debian(revision: int) -> Image:
    """Five layers: a base, packages added to it, and what an application brings; the middle one differs."""

    def status(packages: int, changed: int) -> Entry:
        text = "".join(
            f"Package: package{number}\nStatus: install ok installed\nArchitecture: amd64\n"
            f"Version: 1.{changed if number < DIFFERENT else 1}-1\n\n"
            for number in range(packages)
        )
        return Entry(name="var/lib/dpkg/status", data=text.encode())

    return Image(
        layers=(
            layer([Entry(name="base", data=noise(30 * MIB, 1)), status(90, 1)]),
            layer([Entry(name="libraries", data=noise(20 * MIB, 2)), status(150, 1)]),
            layer([Entry(name="update", data=noise(4 * MIB, revision)), status(150, revision)]),
            layer([Entry(name="runtime", data=noise(20 * MIB, 3))]),
            layer([Entry(name="app", data=noise(6 * MIB, 4))]),
        )
    )


def scratch(revision: int) -> Image:
    """A program that names its crates, and beside it what does not change."""
    crates = [
        {
            "name": f"crate{number}",
            "version": f"1.{revision if number < DIFFERENT else 1}.0",
            "source": "crates.io",
        }
        for number in range(200)
    ]
    told = program(zlib.compress(json.dumps({"packages": crates}).encode()), section=".dep-v0")
    return Image(layers=(layer([Entry(name="app", data=told + noise(8 * MIB, revision), mode=0o755)]),))


def measure(work: Path, old: Image, new: Image) -> dict[str, Any]:
    with RegistryServer() as registry:
        pusher = Pusher(registry.base_url)
        pusher.image("image", "old", old)
        pusher.image("image", "new", new)
        pusher.close()
        names = [f"{registry.host}/image:old", f"{registry.host}/image:new"]
        started = time.perf_counter()
        by_hand(work, names)
        baseline = time.perf_counter() - started
        seconds, first, _ = diff(work, names)
        again_seconds, again, _ = diff(work, names)
    return {
        "bytes": sum(len(blob) for image in (old, new) for blob in image.layers),
        "read": first["cost"]["received"],
        "requests": first["cost"]["requests"],
        "changes": len(first["platforms"][0]["packages"]["changes"]),
        "baseline_seconds": baseline,
        "seconds": seconds,
        "again_seconds": again_seconds,
        "again_read": again["cost"]["received"],
    }


def by_hand(work: Path, names: Sequence[str]) -> None:
    """What one would do without pinbot: copy both images, unpack them, and compare the trees."""
    trees = []
    for number, name in enumerate(names):
        copy, tree = work / f"copy{number}", work / f"tree{number}"
        subprocess.run(
            ["skopeo", "copy", "--quiet", "--src-tls-verify=false", f"docker://{name}", f"dir:{copy}"],
            check=True,
        )
        tree.mkdir()
        for blob in json.loads((copy / "manifest.json").read_bytes())["layers"]:
            archive = copy / blob["digest"].removeprefix("sha256:")
            subprocess.run(["tar", "-xzf", archive, "-C", tree], check=True)
        trees.append(tree)
    subprocess.run(["diff", "-rq", "--no-dereference", *trees], check=False, stdout=subprocess.DEVNULL)


def diff(work: Path, names: Sequence[str]) -> tuple[float, dict[str, Any], resource.struct_rusage]:
    """Run it, with a cache of its own: how long it took, what it told, and what it used."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PINBOT_")}
    started = time.perf_counter()
    with (work / "out").open("w+b") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "pinbot", "diff", "--quiet", "--format", "json", *names],
            cwd=ROOT,
            env={**environment, "XDG_CACHE_HOME": str(work / "cache")},
            stdout=out,
        )
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        seconds = time.perf_counter() - started
        out.seek(0)
        return seconds, json.load(out)["comparison"], usage


def measure_large(work: Path, size: int) -> dict[str, Any]:
    """A layer of that size beside a small one, both in layouts on disk."""
    small = write_large(work / "small", MIB)
    other = write_large(work / "other", 2 * MIB)
    large = write_large(work / "large", size)
    _, _, little = diff(work, [small, other])
    seconds, _, usage = diff(work, [small, large])
    return {
        "bytes": size,
        "seconds": seconds,
        "memory_bytes": usage.ru_maxrss * 1024,
        "small_memory_bytes": little.ru_maxrss * 1024,
    }


def write_large(folder: Path, size: int) -> str:
    """An OCI layout of one layer that holds `size` bytes and is not compressed; written as it is made."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    block = noise(MIB, size)
    fresh = blobs / "fresh"
    hashed = hashlib.sha256()
    with fresh.open("wb") as out:
        header = tarfile.TarInfo("data")
        header.size = size
        for piece in (header.tobuf(), *[block] * (size // MIB), bytes(1024)):
            out.write(piece)
            hashed.update(piece)
    name = hashed.hexdigest()
    length = fresh.stat().st_size
    fresh.rename(blobs / name)
    config = to_json(
        {
            "os": "linux",
            "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{name}"]},
        }
    )
    kind = "application/vnd.oci.image.layer.v1.tar"
    manifest = to_json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "digest": digest_of(config), "size": len(config)},
            "layers": [{"mediaType": kind, "digest": f"sha256:{name}", "size": length}],
        }
    )
    for blob in (config, manifest):
        (blobs / hashlib.sha256(blob).hexdigest()).write_bytes(blob)
    entry = {"mediaType": OCI_MANIFEST, "digest": digest_of(manifest), "size": len(manifest)}
    (folder / "index.json").write_bytes(to_json({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return f"oci:{folder}"


if __name__ == "__main__":
    main()
