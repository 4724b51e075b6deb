"""Debian's docker-registry (distribution 2.8) on a free loopback port, for tests, demos and benchmarks.

    with RegistryServer() as registry:
        Pusher(registry.base_url).image("library/alpine", "3.20", Image())

It needs nothing of pytest. Storage is in memory unless a folder is wanted.
"""

import json
import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

USERNAME = "alice"
PASSWORD = "wonderland"
# The registry knows bcrypt only, and Python has none: the line for the user above, at the lowest cost.
HTPASSWD = f"{USERNAME}:$2b$04$Axq7nGZe6QL8LW5Pv6xQYODBQfUAjZ7SsotPsR9YWcBY9Sim59Nju\n"

_LISTENING = re.compile(r"listening on 127\.0\.0\.1:([0-9]+)")
_ACCESS = re.compile(r'"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[0-9.]+" (?P<status>[0-9]{3}) ')
_START_SECONDS = 15.0


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Exchange:
    """A request that a server answered."""

    method: str
    path: str
    status: int


class RegistryServer:
    """A registry that is up between `start()` and `stop()`, or within `with`.

    Args:
        htpasswd: ask for Basic credentials: `USERNAME` and `PASSWORD`, also at `.auth`.
        auth: another `auth:` section of the registry's configuration, e.g. `TokenServer.section`.
        tls: paths of a certificate and its key (PEM): speak https only.
        client_ca: with `tls`, ask clients for a certificate of this authority (PEM).
        storage: keep the content in this folder instead of in memory.
        http2: with `tls`, offer HTTP/2.
    """

    def __init__(
        self,
        *,
        htpasswd: bool = False,
        auth: Mapping[str, object] | None = None,
        tls: tuple[Path, Path] | None = None,
        client_ca: Path | None = None,
        storage: Path | None = None,
        http2: bool = True,
    ) -> None:
        self.auth = (USERNAME, PASSWORD) if htpasswd else None
        self.port = 0
        self._section = auth
        self._tls = tls
        self._client_ca = client_ca
        self._storage = storage
        self._http2 = http2
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`, as it stands in image references."""
        return f"127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}"

    @property
    def requests(self) -> tuple[Exchange, ...]:
        """What was asked so far, from the access log; without the query."""
        return tuple(
            Exchange(match["method"], match["path"].partition("?")[0], int(match["status"]))
            for match in _ACCESS.finditer(self._file("access.log").read_text())
        )

    @property
    def log(self) -> str:
        return self._file("error.log").read_text()

    def start(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="pinbot-registry-")
        # JSON is YAML, and the registry's own variables would override the file.
        self._file("config.yml").write_text(json.dumps(self._configuration()))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
        with self._file("access.log").open("wb") as access, self._file("error.log").open("wb") as errors:
            self._process = subprocess.Popen(
                ["docker-registry", "serve", str(self._file("config.yml"))],
                stdin=subprocess.DEVNULL,
                stdout=access,
                stderr=errors,
                env=environment,
            )
        deadline = time.monotonic() + _START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if (found := _LISTENING.search(self.log)) is not None:
                self.port = int(found[1])
                return self
            time.sleep(0.01)
        message = f"docker-registry did not start:\n{self.log}"
        self.stop()
        raise RuntimeError(message)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _file(self, name: str) -> Path:
        assert self._folder is not None, "the registry has not been started"
        return Path(self._folder.name) / name

    def _configuration(self) -> dict[str, object]:
        # The system chooses the port, and the log tells it: no two servers ever meet on one.
        http: dict[str, object] = {"addr": "127.0.0.1:0", "secret": "of this test"}
        if self._tls:
            clients = {} if self._client_ca is None else {"clientcas": [str(self._client_ca)]}
            http["http2"] = {"disabled": not self._http2}
            http["tls"] = {"certificate": str(self._tls[0]), "key": str(self._tls[1]), **clients}
        storage: dict[str, object] = {"delete": {"enabled": True}}
        if self._storage is None:
            storage["inmemory"] = {}
        else:
            storage["filesystem"] = {"rootdirectory": str(self._storage)}
        configuration: dict[str, object] = {
            "version": "0.1",
            "log": {"level": "info"},
            "storage": storage,
            "http": http,
        }
        if self.auth is not None:
            self._file("htpasswd").write_text(HTPASSWD)
            configuration["auth"] = {"htpasswd": {"realm": "tests", "path": str(self._file("htpasswd"))}}
        elif self._section is not None:
            configuration["auth"] = self._section
        return configuration
