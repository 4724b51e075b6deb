"""`emulate`, a stand-in for GitHub that others made: a witness that knows nothing of our own.

    with Emulate(app="1234", key=private_key) as github:
        place = github.create_repository("shop", {"Dockerfile": b"FROM alpine:3.22\\n"})
        ...  # point a client at github.url
        print(place.files("heads/pinbot/images"))

Where it is wrong in a way that stops pinbot, point the client at an `EmulateRelay`.
"""

import json
import subprocess
import time
from collections.abc import Mapping
from os import environ
from types import TracebackType
from typing import Any, Self

import httpx
import jwt

from tests.support.github.place import Entry, Place
from tests.support.parts import EMULATE

OWNER = "acme"
ELSEWHERE = "other"
"""Another organisation, on which the app is not installed."""
INSTALLATION = 4000
PERMISSIONS: Mapping[str, str] = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
}

_ADA = "ghp_TheTokenOfAda"
# It tells its address, with a port that the system chose, and ends with its standard input: so it never
# outlives the tests, however these end.
_SCRIPT = """
const [api, seed] = process.argv.slice(1);
const { createEmulator } = await import(api);
const emulator = await createEmulator({ service: 'github', port: 0, seed: JSON.parse(seed) });
console.log(emulator.url);
process.stdin.on('end', () => process.exit()).resume();
"""


class Emulate:
    """The server, with two organisations of ada's; the app of that number and key is installed on one."""

    def __init__(self, *, app: str, key: str) -> None:
        self.app = app
        self._key = key
        self.url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["node", "--input-type=module", "-e", _SCRIPT, EMULATE / "dist/api.js", json.dumps(self._seed())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": environ["PATH"]},
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"emulate did not start:\n{self._process.communicate()[1]}")
        self._http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"token {_ADA}"}, trust_env=False
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def _seed(self) -> Mapping[str, Any]:
        members = [{"login": "ada", "role": "admin"}]
        installation = {
            "installation_id": INSTALLATION,
            "account": OWNER,
            "repository_selection": "all",
            "permissions": PERMISSIONS,
        }
        return {
            "tokens": {_ADA: {"login": "ada"}},
            "github": {
                "users": [{"login": "ada"}],
                "orgs": [{"login": OWNER, "members": members}, {"login": ELSEWHERE, "members": members}],
                "apps": [
                    {
                        "app_id": int(self.app),
                        "slug": "pinbot",
                        "name": "pinbot",
                        "private_key": self._key,
                        "permissions": PERMISSIONS,
                        "installations": [installation],
                    }
                ],
            },
        }

    def token(self, **permissions: str) -> str:
        """A token of the installation that may do this, or all that the app may."""
        now = int(time.time())
        proof = jwt.encode({"iss": self.app, "iat": now - 60, "exp": now + 300}, self._key, algorithm="RS256")
        answer = self._http.post(
            f"/app/installations/{INSTALLATION}/access_tokens",
            headers={"Authorization": f"Bearer {proof}"},
            json={"permissions": permissions or PERMISSIONS},
        )
        return str(answer.raise_for_status().json()["token"])

    @property
    def leases(self) -> list[dict[str, Any]]:
        """What it knows of the tokens that it gave, the oldest first: for which repositories, to do what."""
        answer = self._http.get("/_emulate/installation-tokens")
        return list(answer.raise_for_status().json()["installation_tokens"])

    def create_repository(self, name: str, files: Mapping[str, bytes | Entry], owner: str = OWNER) -> Place:
        """A repository whose branch main holds these files."""
        made = self._http.post(f"/orgs/{owner}/repos", json={"name": name, "auto_init": True})
        place = Place(self._http, made.raise_for_status().json()["full_name"])
        place.move("heads/main", place.write(files))
        return place
