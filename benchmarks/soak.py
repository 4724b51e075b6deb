"""Many resolutions over a link on which a fourth of all answers goes wrong: does every digest come out right?

    python -m benchmarks.soak [--images 10000] [--seed 1]

Each answer has a chance of 5 % each to be 429, 500, a broken connection, very slow, or cut in its head. It is
one run of `pinbot resolve --format json`, a process of its own. A wrong digest fails this program.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.table import save, show
from tests.support.oci import Image, Pusher
from tests.support.registry import RegistryServer
from tests.support.registry_link import Fault, LinkProxy, Seen

ROOT = Path(__file__).parents[1]
TAGS = 20
FAULTS = {
    "429": Fault(status=429),
    "500": Fault(status=500),
    "reset": Fault(reset=True),
    "slow": Fault(drip=0.002),
    "truncated": Fault(raw=b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci"),
}
CHANCE = 0.05


class Weather:
    """Decides what goes wrong, the same way for the same seed and order of requests; counts it."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.counts: Counter[str] = Counter()

    def __call__(self, _: Seen) -> Fault | None:
        position = int(self._random.random() / CHANCE)
        if position >= len(FAULTS):
            return None
        name = list(FAULTS)[position]
        self.counts[name] += 1
        return FAULTS[name]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    count = options.images
    weather = Weather(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        digests = push(Path(folder), count)
        with (
            RegistryServer(storage=Path(folder)) as registry,
            LinkProxy(registry.host, faults=weather) as link,
        ):
            wanted = {
                f"{link.host}/app{number // TAGS}:v{number % TAGS}": digests[number % TAGS]
                for number in range(count)
            }
            seconds, usage, document = resolve(list(wanted))
    outcomes = Counter(
        "right" if found["digest"] == wanted[found["image"]] else "wrong" for found in document["images"]
    )
    for error in document["errors"]:
        print(f"{error['image']}: {error['message']}")
    figures = {
        "images": count,
        "seed": options.seed,
        "outcomes": dict(outcomes) | {"error": len(document["errors"])},
        "seconds": seconds,
        "requests": len(link.requests),
        "connections": link.connections,
        "most_connections_at_once": link.most_at_once,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "memory_bytes": usage.ru_maxrss * 1024,
        "faults": dict(weather.counts),
    }
    rows = [
        ("images", str(count)),
        ("right, wrong, error", f"{outcomes['right']}, {outcomes['wrong']}, {len(document['errors'])}"),
        ("faults", ", ".join(f"{name} {number}" for name, number in weather.counts.items())),
        ("requests", str(figures["requests"])),
        ("connections, at once", f"{figures['connections']}, {figures['most_connections_at_once']}"),
        ("wall time, CPU", f"{seconds:.0f} s, {figures['cpu_seconds']:.1f} s"),
        ("peak memory", f"{usage.ru_maxrss * 1024 / 1e6:.0f} MB"),
    ]
    show(("soak", ""), rows)
    save("soak", figures)
    if outcomes["wrong"]:
        sys.exit(1)


def resolve(images: list[str]) -> tuple[float, resource.struct_rusage, dict[str, Any]]:
    """How long one run of pinbot took, what it used, and what it wrote."""
    with tempfile.TemporaryDirectory() as name, (Path(name) / "out.json").open("w+b") as out:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": name}
        command = [sys.executable, "-m", "pinbot", "resolve", "--quiet", "--format", "json", *images]
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=name, env=environment, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        out.seek(0)
        return seconds, usage, json.load(out)


def push(storage: Path, images: int) -> list[str]:
    """Put `app0:v0`, `app0:v1` and so on into a folder; returns the digest of each tag."""
    with RegistryServer(storage=storage) as registry:
        pusher = Pusher(registry.base_url)
        digests = [pusher.image("app0", f"v{tag}", Image(config={"User": str(tag)})) for tag in range(TAGS)]
        pusher.close()
    repositories = storage / "docker" / "registry" / "v2" / "repositories"
    for number in range(1, -(-images // TAGS)):
        shutil.copytree(repositories / "app0", repositories / f"app{number}")
    return digests


if __name__ == "__main__":
    main()
