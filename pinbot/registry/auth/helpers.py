"""Credential helpers: programs called `docker-credential-NAME` that hold secrets outside of files.

The protocol is that of docker-credential-helpers: `get`, the server's address on standard input, a JSON
object on standard output. What they print is never repeated: it may hold a secret.
"""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from pinbot.registry.once import Once

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NOT_FOUND = b"credentials not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a helper knows for a server."""

    username: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HelperProblem:
    """Why a helper could not answer, in words for the user."""

    text: str


class Helpers:
    """Asks helpers on the PATH of `environ`, each once per server, and waits `seconds` for an answer."""

    def __init__(self, environ: Mapping[str, str], *, seconds: float) -> None:
        self._environ = environ
        self._seconds = seconds
        self._answers = Once[tuple[str, str], Login | HelperProblem | None]()

    async def get(self, name: str, server: str) -> Login | HelperProblem | None:
        """What `docker-credential-NAME` knows for a server; None if nothing.

        It is a problem if there is no such program, if it fails, takes too long or answers nonsense.
        """
        return await self._answers.get((name, server), lambda: self._ask(name, server))

    async def _ask(self, name: str, server: str) -> Login | HelperProblem | None:
        program = f"docker-credential-{name}"
        path = shutil.which(program, path=self._environ.get("PATH")) if _NAME.fullmatch(name) else None
        if path is None:
            return HelperProblem(f"there is no program {program!r} on the PATH")
        try:
            done = await asyncio.to_thread(self._run, path, server)
        except subprocess.TimeoutExpired:
            return HelperProblem(f"{program} did not answer within {self._seconds:g} seconds")
        except OSError as error:
            return HelperProblem(f"{program} cannot be run: {error.strerror}")
        if done.returncode != 0 and _NOT_FOUND in done.stdout:
            return None
        if done.returncode != 0:
            return HelperProblem(f"{program} failed with status {done.returncode}")
        try:
            answer = json.loads(done.stdout)
            username, secret = answer["Username"], answer["Secret"]
        except (ValueError, RecursionError, KeyError, TypeError):
            username = secret = None
        if not isinstance(username, str) or not isinstance(secret, str):
            return HelperProblem(f"{program} did not answer as a credential helper does")
        return Login(username=username, secret=secret) if secret else None

    def _run(self, path: str, server: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(  # noqa: S603 - the program is the one that the user's own configuration names
            [path, "get"],
            input=server.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(self._environ),
            timeout=self._seconds,
            check=False,
        )
