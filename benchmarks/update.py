"""`pinbot update --dry-run` on 100 Dockerfiles with 200 images, over a link with 50 ms round trip.

    python -m benchmarks.update

The ratio is to the least that the link allows: the same number of requests, 16 at a time, 50 ms each.
"""

import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.table import save, show
from tests.support.oci import Entry, Image, Pusher, layer
from tests.support.registry import RegistryServer
from tests.support.registry_link import LinkProxy

FILES = 100
IMAGES = 200
ROUND_TRIP = 0.05
AT_ONCE = 16


def main() -> None:
    with RegistryServer() as registry, tempfile.TemporaryDirectory() as folder:
        push(registry)
        with LinkProxy(registry.host, round_trip=ROUND_TRIP) as link:
            project = Path(folder)
            write(project, link.host)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "pinbot", "update", "--dry-run", "--quiet"],
                cwd=project,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                check=False,
            )
            seconds = time.perf_counter() - started
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 10:
            sys.exit(f"pinbot ended with {done.returncode}: {done.stderr.decode()}")
        floor = math.ceil(IMAGES / AT_ONCE) * ROUND_TRIP
        figures = {
            "seconds": seconds,
            "ratio": seconds / floor,
            "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "memory": after.ru_maxrss * 1024,
            "head": link.count("HEAD"),
            "get": link.count("GET"),
            "connections": link.connections,
        }
    rows = [
        ("files, images", f"{FILES}, {IMAGES}"),
        ("HEAD, GET, connections", f"{figures['head']}, {figures['get']}, {figures['connections']}"),
        ("wall time", f"{seconds:.2f} s"),
        ("the link's least", f"{floor:.2f} s"),
        ("ratio", f"{figures['ratio']:.2f}"),
        ("CPU time", f"{figures['cpu']:.2f} s"),
        ("peak memory", f"{figures['memory'] / 1e6:.0f} MB"),
    ]
    show(("update --dry-run", ""), rows)
    save("update", figures)


def push(registry: RegistryServer) -> None:
    pusher = Pusher(registry.base_url)
    image = Image(layers=(layer([Entry(name="etc/release", data=b"1")]),))
    for number in range(IMAGES):
        pusher.image(f"many/app{number % 50}", f"v{number}", image)
    pusher.close()


def write(project: Path, registry: str) -> None:
    (project / "pinbot.yaml").write_text(
        f"registries:\n  docker.io:\n    location: {registry}\n    insecure: true\n"
    )
    for number in range(FILES):
        lines = [f"FROM many/app{n % 50}:v{n}\nRUN make\n" for n in (2 * number, 2 * number + 1)]
        (project / f"svc{number}").mkdir()
        (project / f"svc{number}" / "Dockerfile").write_text("".join(lines))


if __name__ == "__main__":
    main()
