"""A docker daemon of one's own: Debian's dockerd, old or new, on a socket in a temporary folder.

    with DockerDaemon(mirror="http://127.0.0.1:5000") as daemon:
        choose(settings, environ={**os.environ, **daemon.environ})

It needs nothing of pytest, and shares nothing with another daemon but the bridge `docker0`.
"""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.parts import BUILDX, DOCKER

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0


class DockerDaemon:
    """A daemon that is up between `start()` and `stop()`, or within `with`.

    Args:
        mirror: a registry that is asked first for what Docker Hub would be asked for.
        insecure: registries to speak plain http to; those of the loopback network need no mention.
        buildx: take the newer one, which has buildx and keeps images in containerd's store.
    """

    def __init__(
        self, *, mirror: str | None = None, insecure: tuple[str, ...] = (), buildx: bool = False
    ) -> None:
        self._buildx = buildx
        self._client = str(BUILDX / "usr/bin/docker") if buildx else DOCKER
        self._options = [
            *(("--registry-mirror", mirror) if mirror else ()),
            *(word for host in insecure for word in ("--insecure-registry", host)),
        ]
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environ(self) -> dict[str, str]:
        """What leads clients here, and pinbot to a client that fits."""
        return {
            "DOCKER_HOST": f"unix://{self._path('docker.sock')}",
            "DOCKER_CONFIG": str(self._path("config")),
            "PINBOT_DOCKER": self._client,
        }

    @property
    def log(self) -> str:
        return self._path("log").read_text()

    def docker(self, *arguments: str) -> str:
        """Run the client; returns what it prints."""
        return subprocess.run(
            [self._client, *arguments],
            env={**os.environ, **self.environ, "DOCKER_BUILDKIT": "1"},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def start(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="pinbot-dockerd-")
        # An own configuration, so that the machine's is not read.
        features = {"features": {"containerd-snapshotter": True}} if self._buildx else {}
        self._path("daemon.json").write_text(json.dumps(features))
        plugins = self._path("config") / "cli-plugins"
        plugins.mkdir(parents=True)
        if self._buildx:
            (plugins / "docker-buildx").symlink_to(BUILDX / "usr/libexec/docker/cli-plugins/docker-buildx")
        with self._path("log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(
                        BUILDX / "usr/sbin/dockerd" if self._buildx else "dockerd",
                        "--host",
                        f"unix://{self._path('docker.sock')}",
                    ),
                    *("--data-root", self._path("data"), "--exec-root", self._path("exec")),
                    *("--pidfile", self._path("pid"), "--config-file", self._path("daemon.json")),
                    # The host's firewall is not ours to change; steps then have no way out, but a network.
                    *("--iptables=false", "--ip-masq=false"),
                    *self._options,
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                message = f"dockerd did not start:\n{self.log[-4000:]}"
                self.stop()
                raise RuntimeError(message)
            time.sleep(0.1)
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._folder is not None:
            self._unmount(Path(self._folder.name))
            self._folder.cleanup()
            self._folder = None

    @staticmethod
    def _unmount(folder: Path) -> None:
        """Undo what a daemon leaves mounted, as for containers on the host's network."""
        mounts = (Path(line.split()[1]) for line in Path("/proc/self/mounts").read_text().splitlines())
        for mount in sorted((path for path in mounts if path.is_relative_to(folder)), reverse=True):
            subprocess.run(["umount", mount], check=True)

    def _answers(self) -> bool:
        asked = subprocess.run(
            [self._client, "version"], env={**os.environ, **self.environ}, check=False, capture_output=True
        )
        return asked.returncode == 0

    def _path(self, name: str) -> Path:
        if self._folder is None:
            raise RuntimeError("the daemon is not running")
        return Path(self._folder.name, name)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
