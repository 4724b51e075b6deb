"""Which commit a release of pinbot's Action is."""

import os
import re
import subprocess

from pinbot.errors import ForgeError

_PATIENCE = 20.0
_COMMIT = re.compile(r"([0-9a-f]{40})\t(\S+)")


def commit_of(repository: str, tag: str, *, host: str = "https://github.com") -> str:
    """The commit that a tag of a public repository means, as git tells it.

    Git is asked outside of every repository and without asking anybody for a password; it keeps to the user's
    own settings for proxies and the like.

    Raises:
        ForgeError: it could not be asked, or there is no such tag.
    """
    name = f"refs/tags/{tag}"
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed command, no shell
            ["git", "ls-remote", "--quiet", f"{host}/{repository}", name, f"{name}^{{}}"],  # noqa: S607 - found on PATH by design
            check=False,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
        )
    except FileNotFoundError as error:
        raise ForgeError("git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise ForgeError(f"{host} did not answer within {_PATIENCE:.0f} seconds") from error
    lines = os.fsdecode(answer.stdout).splitlines()
    found = {match[2]: match[1] for line in lines if (match := _COMMIT.fullmatch(line))}
    commit = found.get(f"{name}^{{}}") or found.get(name)
    if answer.returncode != 0:
        said = [line.strip() for line in os.fsdecode(answer.stderr).splitlines() if line.strip()]
        raise ForgeError(f"{host}/{repository} cannot be asked: {(said or ['no reason given'])[0]}")
    if commit is None:
        raise ForgeError(f"{host}/{repository} has no tag {tag}")
    return commit
