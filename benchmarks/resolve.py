"""`pinbot resolve` of many images, over a link with 50 ms round trip, against bare sockets.

    python -m benchmarks.resolve [--images 200 2000] [--rounds 3]

Bare sockets send the same HEADs over as many connections and do nothing else: what the link allows at best.
Their time is without Python's start, that of pinbot is of the whole process. The rows:

    open           plain http, no log-in
    bearer         a token server in between, in the first run
    bearer again   the same in a later run, which knows how the registry was to be asked
    TLS, HTTP/1.1  https; the registry offers nothing else
    TLS, HTTP/2    https; the bare sockets still speak HTTP/1.1

Each round measures both, one right after the other, and a ratio is that of one round. Shown are medians, and
of the ratio also the least and the most: the machine has other work.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.table import save, show
from tests.support.oci import Image, Pusher
from tests.support.registry import RegistryServer
from tests.support.registry_link import LinkProxy
from tests.support.registry_tls import Authority
from tests.support.registry_token import TokenServer
from tests.support.registry_wire import LongWire

ROUND_TRIP = 0.05
AT_ONCE = 16
TAGS = 4
ROOT = Path(__file__).parents[1]
KINDS = ("open", "bearer", "bearer again", "TLS, HTTP/1.1", "TLS, HTTP/2")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A registry at the other end of a link; what it has counted since it is up."""

    host: str
    heads: Callable[[], int]
    gets: Callable[[], int]
    tokens: Callable[[], int] = lambda: 0
    connections: Callable[[], int]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--registries", nargs="+", default=KINDS, choices=KINDS)
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = Authority(folder)
        push(folder / "storage", max(options.images))
        for count in options.images:
            for kind in options.registries:
                rounds = [measure(folder, authority, count, kind) for _ in range(options.rounds)]
                results.append(summary(rounds))
    header = "images", "registry", "bare", "pinbot", "ratio", "HEAD", "GET", "tokens", "requests per image"
    show((*header, "connections", "CPU", "memory"), [row(result) for result in results])
    save("resolve", results)


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of what varies; the rest is the same in all rounds, or the worst of it."""
    ratios = sorted(one["ratio"] for one in rounds)
    worst = {name: max(one[name] for one in rounds) for name in ("head", "get", "tokens", "connections")}
    medians = {
        name: statistics.median(one[name] for one in rounds)
        for name in ("bare_seconds", "seconds", "cpu_seconds", "memory_bytes")
    }
    ratio = {"ratio": statistics.median(ratios), "ratios": ratios}
    requests = sum(worst[name] for name in ("head", "get", "tokens"))
    return {**rounds[0], **worst, **medians, **ratio, "requests_per_image": requests / rounds[0]["images"]}


def row(result: dict[str, Any]) -> tuple[str, ...]:
    ratios = result["ratios"]
    return (
        f"{result['images']}",
        result["registry"],
        f"{result['bare_seconds']:.2f} s",
        f"{result['seconds']:.2f} s",
        f"{result['ratio']:.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})",
        f"{result['head']}",
        f"{result['get']}",
        f"{result['tokens']}",
        f"{result['requests_per_image']:.3f}",
        f"{result['connections']}",
        f"{result['cpu_seconds']:.2f} s",
        f"{result['memory_bytes'] / 1e6:.0f} MB",
    )


def measure(folder: Path, authority: Authority, count: int, kind: str) -> dict[str, Any]:
    names = [(f"app{number // TAGS}", f"v{number % TAGS}") for number in range(count)]
    over_tls = kind.startswith("TLS")
    with serve(folder / "storage", authority, "TLS, HTTP/1.1" if over_tls else "open") as place:
        paths = "\n".join(f"/v2/{repository}/manifests/{tag}" for repository, tag in names)
        ca = [str(authority.ca)] if over_tls else []
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.bare_heads", place.host, str(AT_ONCE), *ca],
            cwd=ROOT,
            input=paths,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        bare = float(done.stdout)
        assert place.heads() == count
    with serve(folder / "storage", authority, kind) as place, tempfile.TemporaryDirectory() as name:
        home = Path(name)
        if over_tls:
            text = f"registries:\n  {place.host}:\n    ca: {authority.ca}\n"
            (home / "pinbot.yaml").write_text(text)
        images = [f"{place.host}/{repository}:{tag}" for repository, tag in names]
        if kind == "bearer again":
            run(home, images)
        before = place.heads(), place.gets(), place.tokens(), place.connections()
        seconds, usage = run(home, images)
        after = place.heads(), place.gets(), place.tokens(), place.connections()
        heads, gets, tokens, connections = (now - then for now, then in zip(after, before, strict=True))
    return {
        "images": count,
        "repositories": len({repository for repository, _ in names}),
        "registry": kind,
        "bare_seconds": bare,
        "seconds": seconds,
        "ratio": seconds / bare,
        "head": heads,
        "get": gets,
        "tokens": tokens,
        "connections": connections,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "memory_bytes": usage.ru_maxrss * 1024,
    }


@contextmanager
def serve(storage: Path, authority: Authority, kind: str) -> Iterator[Place]:
    if kind.startswith("TLS"):
        http2 = kind.endswith("/2")
        with (
            RegistryServer(storage=storage, tls=authority.pair, http2=http2) as registry,
            LongWire(registry.host, round_trip=ROUND_TRIP) as wire,
        ):
            yield Place(
                host=wire.host,
                heads=lambda: sum(seen.method == "HEAD" for seen in registry.requests),
                gets=lambda: sum(seen.method == "GET" for seen in registry.requests),
                connections=lambda: wire.connections,
            )
    elif kind == "open":
        with RegistryServer(storage=storage) as registry, link(registry) as place:
            yield place
    else:
        with (
            TokenServer() as tokens,
            RegistryServer(storage=storage, auth=tokens.section) as registry,
            link(registry, lambda: len(tokens.requests)) as place,
        ):
            yield place


@contextmanager
def link(registry: RegistryServer, tokens: Callable[[], int] = lambda: 0) -> Iterator[Place]:
    with LinkProxy(registry.host, round_trip=ROUND_TRIP) as proxy:
        yield Place(
            host=proxy.host,
            heads=lambda: proxy.count("HEAD"),
            gets=lambda: proxy.count("GET"),
            tokens=tokens,
            connections=lambda: proxy.connections,
        )


def run(home: Path, images: list[str]) -> tuple[float, resource.struct_rusage]:
    """Resolve them in a process of its own: how long it took and what it used."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PINBOT_")}
    environment = {**kept, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(home / "cache")}
    command = [sys.executable, "-m", "pinbot", "resolve", "--quiet", *images]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.DEVNULL)
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
    for number in range(1, -(-images // TAGS)):
        shutil.copytree(repositories / "app0", repositories / f"app{number}")


if __name__ == "__main__":
    main()
