"""Real git repositories in temporary folders, untouched by the settings of whoever runs the tests."""

import os
import subprocess
from pathlib import Path

_SETTINGS = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always")
_ENVIRONMENT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *_SETTINGS, "-C", folder, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | _ENVIRONMENT,
    ).stdout


def make(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Write files, making their folders."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def repository(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A repository in which these files are committed."""
    make(folder, files)
    git(folder, "init", "-q")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "-q", "--allow-empty", "-m", "begin")
    return folder
