"""A repository of a user, and pinbot run in it as a user runs it: a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_WITHOUT_PRIVILEGE = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a command left behind."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def pinbot(
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    unprivileged: bool = False,
) -> Run:
    """Run pinbot in an environment that holds nothing of the caller's but PATH and what coverage needs.

    `unprivileged` makes file permissions count also when root runs the tests.
    """
    wrapper = _WITHOUT_PRIVILEGE if unprivileged and os.geteuid() == 0 else ()
    kept = {name: os.environ[name] for name in os.environ if name == "PATH" or name.startswith("COVERAGE")}
    done = subprocess.run(
        [*wrapper, sys.executable, "-m", "pinbot", *arguments],
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), "HOME": str(cwd), "LC_ALL": "C.UTF-8", **(env or {})},
        input=stdin,
        capture_output=True,
        timeout=300,
        check=False,
    )
    return Run(code=done.returncode, out=done.stdout, err=done.stderr.decode())


class Project:
    """A git repository in a folder."""

    def __init__(self, root: Path, files: Mapping[str, str | bytes] | None = None) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("config", "user.name", "Ada Lovelace")
        self.git("config", "user.email", "ada@example.org")
        for path, content in (files or {}).items():
            self.write(path, content)

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def use_registry(self, location: str, *, name: str = "docker.io") -> None:
        """Have pinbot ask `location`, in plain http, for what is called `name`."""
        self.write("pinbot.yaml", f"registries:\n  {name}:\n    location: {location}\n    insecure: true\n")

    def configure(self, text: str) -> None:
        """Add lines to pinbot.yaml."""
        path = self.root / "pinbot.yaml"
        self.write("pinbot.yaml", (path.read_text() if path.exists() else "") + text)

    def commit(self, message: str = "Work") -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, check=True, text=True)
        return done.stdout

    def pinbot(self, *arguments: str, **options: Any) -> Run:
        return pinbot(*arguments, cwd=self.root, **options)
