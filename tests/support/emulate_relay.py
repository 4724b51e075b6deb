"""Between pinbot and `emulate`: hands requests on, and puts right what GitHub is known to answer otherwise.

All of it is in `_mended`, with what shows that GitHub does it so; tests hold that it is needed still.
"""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

import httpx

_BRANCH = re.compile(r"/repos/([^/]+/[^/]+)/branches/(?!.*/protection)[^?]+")
_REF = re.compile(r"/repos/[^/]+/[^/]+/git/refs/[^?]+")


class EmulateRelay(ThreadingHTTPServer):
    """Listens within `with`; `writes` are the requests that ask for a change."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.writes: list[str] = []
        self._turn = Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.upstream = httpx.Client(base_url=upstream, trust_env=False)

    def __enter__(self) -> Self:
        self._thread = Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
        self.upstream.close()

    def answer(self, method: str, target: str, headers: dict[str, str], data: bytes) -> tuple[int, Any]:
        """Status and JSON for a request.

        `emulate` looks what a reference points to, waits for the rest of the request, and then moves it
        whatever it points to by now. So it gets one request at a time.
        """
        with self._turn:
            if method != "GET":
                self.writes.append(f"{method} {target}")
            found = self.upstream.request(method, target, content=data, headers=headers)
        body = found.json() if found.content else None
        return self._mended(method, target, headers, found.status_code, body)

    def _mended(
        self, method: str, target: str, headers: dict[str, str], status: int, body: Any
    ) -> tuple[int, Any]:
        branch = _BRANCH.fullmatch(target.partition("?")[0]) if method == "GET" else None
        if branch and status == 404:
            return 404, body | {"message": "Branch not found"}  # so that it is not "no such repository"
        if branch and status == 200:
            # A commit of a branch is a whole one (the schema `branch-with-protection`).
            path = f"/repos/{branch[1]}/git/commits/{body['commit']['sha']}"
            whole = self.upstream.get(path, headers=headers).json()
            return 200, body | {"commit": body["commit"] | {"commit": whole, "parents": whole["parents"]}}
        if method in ("PATCH", "DELETE") and _REF.fullmatch(target) and status == 404:
            # Both operations are described without a 404.
            return 422, body | {"message": "Reference does not exist"}
        if method == "PATCH" and _REF.fullmatch(target) and status == 422:
            # GitHub's words are "not a fast forward", as reports of it have had them for years.
            return 422, body | {"message": body["message"].replace("fast-forward", "fast forward")}
        return status, body


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet
    server: EmulateRelay

    def _relay(self) -> None:
        kept = ("authorization", "accept", "content-type")
        headers = {name: value for name, value in self.headers.items() if name.lower() in kept}
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body = self.server.answer(self.command, self.path, headers, data)
        raw = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PATCH = do_DELETE = _relay  # noqa: N815  # http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
        """Say nothing."""
