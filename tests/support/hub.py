"""A stand-in for Docker Hub's own API: "Read repository tag" as its published description shows it.

The description names the path with `namespaces`; the shorter one is what Docker Hub's own pages ask for, and
needs no token. Beside what the description lists, a tag has a `digest` there, and so it has one here.
"""

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_TAG = re.compile(r"/v2/(?:namespaces/([a-z0-9]+)/)?repositories/([a-z0-9/_-]+)/tags/([\w.-]+)")


def tag(digest: str | None, pushed: Any) -> dict[str, Any]:
    """What is told of a tag."""
    told = {
        "creator": 1156886,
        "id": 170608,
        "images": [
            {
                "architecture": "amd64",
                "features": "",
                "variant": None,
                "digest": "sha256:" + "f" * 64,
                "os": "linux",
                "os_features": "",
                "os_version": None,
                "size": 3806120,
                "status": "active",
                "last_pulled": None,
                "last_pushed": "2001-01-05T21:06:53.506400Z",
            }
        ],
        "last_updated": "2001-01-05T21:06:53.506400Z",
        "last_updater": 1156886,
        "last_updater_username": "doijanky",
        "name": "latest",
        "repository": 5678,
        "full_size": 3806120,
        "v2": True,
        "tag_status": "active",
        "tag_last_pulled": None,
        "tag_last_pushed": pushed,
        "media_type": "application/vnd.oci.image.index.v1+json",
        "content_type": "image",
    }
    return told if digest is None else {**told, "digest": digest}


@dataclass
class HubServer:
    """Serves tags by `namespace/name:tag`; `raw` is sent in place of all of them."""

    tags: dict[str, dict[str, Any]] = field(default_factory=dict)
    raw: tuple[int, bytes] | None = None
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        self.requests.append((path, headers))
        match = _TAG.fullmatch(path)
        if self.raw is not None:
            return self.raw
        name = f"{match[1]}/{match[2]}" if match and match[1] else match and match[2]
        told = self.tags.get(f"{name}:{match[3]}") if match else None
        if told is None:
            return 404, json.dumps({"message": "httperror 404: object not found", "errinfo": {}}).encode()
        return 200, json.dumps(told).encode()

    @property
    def address(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host}:{port}"

    def __enter__(self) -> Self:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, body = hub.answer(self.path, dict(self.headers))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
