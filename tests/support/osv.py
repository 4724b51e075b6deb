"""A stand-in for OSV: it keeps records, and answers from them as the description of OSV's API says.

The records are held to OSV's own schema; that a request is one is checked for each.
"""

import json
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import jsonschema

from tests.support.parts import OSV_SCHEMA

MOST_QUERIES = 1000
Record = dict[str, Any]


def record(name: str, *affected: tuple[str, str, Iterable[str], str | None], **more: Any) -> Record:
    """A record; each affected package has an ecosystem, a name, versions, and the one that fixes it."""
    return {
        "id": name,
        "modified": "2024-05-01T12:00:00Z",
        "affected": [
            {
                "package": {"ecosystem": ecosystem, "name": package},
                "versions": list(versions),
                "ranges": [
                    {
                        "type": "ECOSYSTEM",
                        "events": [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])],
                    }
                ],
            }
            for ecosystem, package, versions, fixed in affected
        ],
        **more,
    }


class OsvServer:
    """Serves records, and keeps what it was asked.

    Attributes:
        requests: method and path of each.
        asked: every query of every batch.
        faults: statuses to answer with before anything else, the first one first.
        page: how many vulnerabilities an answer to one query has at most.
        replies: bodies to answer with in place of the right ones, by path.
    """

    def __init__(self, *records: Record) -> None:
        schema = json.loads(OSV_SCHEMA.read_text(encoding="utf-8"))
        for one in records:
            jsonschema.validate(one, schema, cls=jsonschema.Draft202012Validator)
        self.records = {one["id"]: one for one in records}
        self.requests: list[tuple[str, str]] = []
        self.asked: list[dict[str, Any]] = []
        self.faults: list[int] = []
        self.page = 1000
        self.replies: dict[str, bytes] = {}
        osv = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer in one piece

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body: bytes) -> None:
                osv.requests.append((self.command, self.path))
                status, answer = osv.answer(self.command, self.path, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if self.faults:
            return self.faults.pop(0), b"<html>trouble</html>"
        if path in self.replies:
            return 200, self.replies[path]
        if (method, path) == ("POST", "/v1/querybatch"):
            return self._batch(json.loads(body))
        found = self.records.get(path.removeprefix("/v1/vulns/"))
        if method == "GET" and path.startswith("/v1/vulns/") and found is not None:
            return 200, json.dumps(found).encode()
        return _status(404, 5, "Bug not found.")

    def _batch(self, batch: dict[str, Any]) -> tuple[int, bytes]:
        queries = batch.get("queries", [])
        if set(batch) != {"queries"} or len(queries) > MOST_QUERIES:
            return _status(400, 3, "Too many queries.")
        results = []
        for query in queries:
            package = query.get("package", {})
            if not (
                set(query) <= {"package", "version", "page_token"}
                and set(package) == {"ecosystem", "name"}
                and all(isinstance(value, str) and value for value in (*package.values(), query["version"]))
            ):
                return _status(400, 3, "Invalid query.")
            self.asked.append(query)
            results.append(self._result(package, query["version"], int(query.get("page_token", "0"))))
        return 200, json.dumps({"results": results}).encode()

    def _result(self, package: dict[str, str], version: str, start: int) -> dict[str, Any]:
        hits = [
            {"id": one["id"], "modified": one["modified"]}
            for one in self.records.values()
            if any(entry["package"] == package and version in entry["versions"] for entry in one["affected"])
        ]
        page = hits[start : start + self.page]
        more = {"next_page_token": str(start + self.page)} if start + self.page < len(hits) else {}
        return {"vulns": page, **more} if page else {}


def _status(status: int, code: int, message: str) -> tuple[int, bytes]:
    return status, json.dumps({"code": code, "message": message}).encode()
