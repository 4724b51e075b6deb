"""`pinbot update --owner` over 200 repositories: the first run, one with nothing to do, one that proposes.

    python -m benchmarks.fleet

GitHub's stand-in runs in this process, one request at a time, with git behind it: its time is in the wall
time, a network's is not. So what counts here are the calls, and the processor time (with that of the git
behind the stand-in). Against GitHub a run takes about the calls times one round trip, plus 0.75 s for each
that writes, as GitHub asks of its clients; that pause is in the wall time here, too.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.table import save, show
from tests.support.github.server import GitHubServer
from tests.support.oci import Entry, Image, Pusher, layer
from tests.support.registry import RegistryServer

REPOSITORIES = 200
IMAGES = 20
TOKEN = "ghs_OfTheBenchmark"


def main() -> None:
    with RegistryServer() as registry, GitHubServer() as github, tempfile.TemporaryDirectory() as folder:
        pusher = Pusher(registry.base_url)
        digests = [pusher.image(f"many/app{n}", "1", image(0)) for n in range(IMAGES)]
        fill(github, digests)
        home = Path(folder)
        home.joinpath("pinbot.yaml").write_text(
            f"registries:\n  docker.io:\n    location: {registry.host}\n    insecure: true\n"
        )
        figures = [measure("the first run", home, github, registry)]
        figures.append(measure("nothing to do", home, github, registry))
        pusher.image("many/app0", "1", image(1))
        figures.append(measure("one image of 20 moved", home, github, registry))
        pusher.close()
    show(
        ("RUN", "WALL", "CPU", "MEMORY", "CALLS", "A REPOSITORY", "WRITES", "REGISTRY", "PULL REQUESTS"),
        [
            (
                one["run"],
                f"{one['seconds']:.1f} s",
                f"{one['cpu']:.1f} s",
                f"{one['memory'] / 1e6:.0f} MB",
                str(one["calls"]),
                f"{one['usual']} ({one['seconds'] / REPOSITORIES * 1000:.0f} ms)",
                str(one["writes"]),
                str(one["registry"]),
                str(one["opened"]),
            )
            for one in figures
        ],
    )
    save("fleet", figures)


def image(number: int) -> Image:
    return Image(layers=(layer([Entry(name="etc/release", data=str(number).encode())]),))


def fill(github: GitHubServer, digests: list[str]) -> None:
    github.add_token(TOKEN)
    github.organisations.add("acme")
    github.remaining = 1_000_000
    for number in range(REPOSITORIES):
        which = number % IMAGES
        text = f"FROM many/app{which}:1@{digests[which]}\nRUN make\n"
        other = {f"src/file{n}.rs": b"fn main() {}\n" for n in range(5)}
        github.create_repository(f"acme/app{number}", files={"Dockerfile": text.encode(), **other})


def measure(run: str, home: Path, github: GitHubServer, registry: RegistryServer) -> dict[str, Any]:
    github.forget_requests()
    asked = len(registry.requests)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pinbot", "update", "--owner", "acme", "--pull-request", "--format", "json"],
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_API_URL": github.url,
        },
        capture_output=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"pinbot ended with {done.returncode}: {done.stderr.decode()}")
    entries = json.loads(done.stdout)["repositories"]
    calls = sorted(entry["calls"] for entry in entries)
    return {
        "run": run,
        "seconds": seconds,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "memory": after.ru_maxrss * 1024,
        "calls": len(github.requests),
        "usual": calls[len(calls) // 2],
        "writes": len(github.writes),
        "registry": len(registry.requests) - asked,
        "opened": sum(len(entry["pull_requests"]) for entry in entries),
    }


if __name__ == "__main__":
    main()
