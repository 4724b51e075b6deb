"""`pinbot resolve` of many images, over a link with 50 ms round trip, against bare sockets.

    python -m benchmarks.resolve [--images 200 2000]

Bare sockets send the same HEADs over as many connections and do nothing else: what the link allows at best.
Their time is without Python's start, that of pinbot is of the whole process. A second registry wants tokens.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.table import save, show
from tests.support.oci import Image, Pusher
from tests.support.registry import RegistryServer
from tests.support.registry_link import LinkProxy
from tests.support.registry_token import TokenServer

ROUND_TRIP = 0.05
AT_ONCE = 16
TAGS = 4
ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, nargs="+", default=[200, 2000])
    counts = parser.parse_args().images
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        storage = Path(folder)
        push(storage, max(counts))
        for count in counts:
            results += [measure(storage, count, kind) for kind in ("open", "bearer")]
    header = "images", "registry", "bare", "pinbot", "ratio", "HEAD", "GET", "tokens", "requests per image"
    show((*header, "connections", "CPU", "memory"), [row(result) for result in results])
    save("resolve", results)


def row(result: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{result['images']}",
        result["registry"],
        f"{result['bare_seconds']:.2f} s",
        f"{result['seconds']:.2f} s",
        f"{result['ratio']:.2f}",
        f"{result['head']}",
        f"{result['get']}",
        f"{result['tokens']}",
        f"{result['requests_per_image']:.3f}",
        f"{result['connections']}",
        f"{result['cpu_seconds']:.2f} s",
        f"{result['memory_bytes'] / 1e6:.0f} MB",
    )


def measure(storage: Path, count: int, kind: str) -> dict[str, object]:
    names = [(f"app{number // TAGS}", f"v{number % TAGS}") for number in range(count)]
    with RegistryServer(storage=storage) as registry, LinkProxy(registry.host, round_trip=ROUND_TRIP) as link:
        paths = "\n".join(f"/v2/{repository}/manifests/{tag}" for repository, tag in names)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.bare_heads", link.host, str(AT_ONCE)],
            cwd=ROOT,
            input=paths,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        bare = float(done.stdout)
        assert link.count("HEAD") == count
    with serve(storage, kind) as (registry, tokens), LinkProxy(registry.host, round_trip=ROUND_TRIP) as link:
        images = [f"{link.host}/{repository}:{tag}" for repository, tag in names]
        seconds, usage = run([sys.executable, "-m", "pinbot", "resolve", "--quiet", *images])
        requests = len(link.requests) + tokens()
        return {
            "images": count,
            "repositories": len({repository for repository, _ in names}),
            "registry": kind,
            "bare_seconds": bare,
            "seconds": seconds,
            "ratio": seconds / bare,
            "head": link.count("HEAD"),
            "get": link.count("GET"),
            "tokens": tokens(),
            "requests_per_image": requests / count,
            "connections": link.connections,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "memory_bytes": usage.ru_maxrss * 1024,
        }


@contextmanager
def serve(storage: Path, kind: str) -> Iterator[tuple[RegistryServer, Callable[[], int]]]:
    """A registry, and how many tokens were asked for."""
    if kind == "open":
        with RegistryServer(storage=storage) as registry:
            yield registry, lambda: 0
    else:
        with TokenServer() as tokens, RegistryServer(storage=storage, auth=tokens.section) as registry:
            yield registry, lambda: len(tokens.requests)


def run(command: list[str]) -> tuple[float, resource.struct_rusage]:
    """Run one process to its end: how long it took and what it used."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PINBOT_")}
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command[1:4])} ended with {process.returncode}")
    return time.perf_counter() - started, usage


def push(storage: Path, images: int) -> None:
    """Put `app0:v0`, `app0:v1` and so on into a folder, all the same image."""
    with RegistryServer(storage=storage) as registry:
        pusher = Pusher(registry.base_url)
        for tag in range(TAGS):
            pusher.image("app0", f"v{tag}", Image())
        pusher.close()
    repositories = storage / "docker" / "registry" / "v2" / "repositories"
    for number in range(1, images // TAGS):
        shutil.copytree(repositories / "app0", repositories / f"app{number}")


if __name__ == "__main__":
    main()
