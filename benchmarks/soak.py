"""Many resolutions over a link on which a fourth of all answers goes wrong: does every digest come out right?

    python -m benchmarks.soak [--images 10000]

Each answer has a chance of 5 % each to be 429, 500, a broken connection, very slow, or cut in its head. A few
images may meet five faults in a row and end in an error, which is printed; a wrong digest fails the run.
"""

import argparse
import asyncio
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.table import save, show
from pinbot.clock import SystemClock
from pinbot.config import Config
from pinbot.errors import RegistryError
from pinbot.model.reference import ImageReference
from pinbot.registry.client import RegistryClient
from tests.support.oci import Image, Pusher
from tests.support.registry import RegistryServer
from tests.support.registry_link import Fault, LinkProxy, Seen

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
    count = parser.parse_args().images
    weather = Weather(seed=1)
    with tempfile.TemporaryDirectory() as folder:
        digests = push(Path(folder), count)
        with (
            RegistryServer(storage=Path(folder)) as registry,
            LinkProxy(registry.host, faults=weather) as link,
        ):
            started = time.perf_counter()
            outcomes = asyncio.run(resolve(link.host, count, digests))
            seconds = time.perf_counter() - started
    figures = {
        "images": count,
        "outcomes": dict(outcomes),
        "seconds": seconds,
        "requests": len(link.requests),
        "connections": link.connections,
        "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "faults": dict(weather.counts),
    }
    rows = [
        ("images", str(count)),
        ("right, wrong, error", f"{outcomes['right']}, {outcomes['wrong']}, {outcomes['error']}"),
        ("faults", ", ".join(f"{name} {number}" for name, number in weather.counts.items())),
        ("requests, connections", f"{figures['requests']}, {figures['connections']}"),
        ("wall time", f"{seconds:.0f} s"),
        ("peak memory, link included", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"),
    ]
    show(("soak", ""), rows)
    save("soak", figures)
    if outcomes["wrong"]:
        sys.exit(1)


async def resolve(host: str, count: int, digests: list[str]) -> Counter[str]:
    outcomes: Counter[str] = Counter()

    async def one(client: RegistryClient, number: int) -> None:
        image = ImageReference.parse(f"{host}/app{number // TAGS}:v{number % TAGS}")
        try:
            found = await client.resolve(image)
        except RegistryError as error:
            print(error)
            outcomes["error"] += 1
        else:
            outcomes["right" if str(found.digest) == digests[number % TAGS] else "wrong"] += 1

    async with RegistryClient(Config().registry, clock=SystemClock()) as client:
        await asyncio.gather(*(one(client, number) for number in range(count)))
    return outcomes


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
