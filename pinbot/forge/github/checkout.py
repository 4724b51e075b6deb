"""A checkout of a repository, for a test build: one state of one branch, without its history.

The token reaches git in its environment alone: neither other users of the machine, who see arguments, nor
what is built from the checkout, which sees the files, come by it. And since the repository may be a
stranger's, git is to obey no settings but these: no filters, hooks or other protocols.
"""

import asyncio
import base64
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pinbot.errors import ForgeConflict, ForgeError
from pinbot.model.fleet import RepositoryFacts

_SECONDS = 600.0
_REF = "refs/heads/pinbot-checkout"
_KEPT = ("PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


async def check_out(
    repository: RepositoryFacts,
    branch: str,
    tree: str,
    folder: Path,
    *,
    token: str,
    environ: Mapping[str, str],
) -> None:
    """Put the files of a branch into `folder`, which is made.

    Raises:
        ForgeConflict: the branch is not in the state `tree` any more.
        ForgeError: git is not there, or cannot do it.
    """
    url = _address(repository)
    environment = _environment(url, token, environ)

    async def git(*arguments: str) -> str:
        return await _git(repository.name, *arguments, environment=environment)

    await git("init", "--quiet", "--template=", str(folder))
    here = ("-C", str(folder))
    await git(
        *here,
        "fetch",
        "--quiet",
        "--depth=1",
        "--no-tags",
        "--no-recurse-submodules",
        url,
        f"+refs/heads/{branch}:{_REF}",
    )
    if await git(*here, "rev-parse", f"{_REF}^{{tree}}") != tree:
        raise ForgeConflict(
            f"{branch} of {repository.name} has moved while pinbot was at work", hint="run again"
        )
    await git(*here, "checkout", "--quiet", "--detach", _REF)


def _address(repository: RepositoryFacts) -> str:
    """Where to fetch from; the token must not travel in clear text."""
    try:
        parts = urlsplit(repository.clone_url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    except ValueError:
        safe = False
    if not safe:
        raise ForgeError(
            f"{repository.name} cannot be checked out: {repository.clone_url!r} is no https address",
            hint="run without --build",
        )
    return repository.clone_url


def _environment(url: str, token: str, environ: Mapping[str, str]) -> dict[str, str]:
    secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    settings = {
        f"http.{url}.extraHeader": f"Authorization: Basic {secret}",
        "http.followRedirects": "false",
        "core.hooksPath": os.devnull,
        "transfer.fsckObjects": "true",
        "advice.detachedHead": "false",
    }
    kept = [*_KEPT, *_PROXIES, *map(str.upper, _PROXIES)]
    return {
        **{name: environ[name] for name in kept if name in environ},
        "LC_ALL": "C",
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": urlsplit(url).scheme,
        "GIT_CONFIG_COUNT": str(len(settings)),
        **{f"GIT_CONFIG_KEY_{number}": key for number, key in enumerate(settings)},
        **{f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(settings.values())},
    }


async def _git(name: str, *arguments: str, environment: Mapping[str, str]) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            "git",
            *arguments,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # so that what fetches for it ends with it
        )
    except OSError as error:
        raise ForgeError(
            f"{name} cannot be checked out: git cannot be run: {error.strerror}", hint="install git"
        ) from error
    try:
        async with asyncio.timeout(_SECONDS):
            out, err = await process.communicate()
    except TimeoutError as error:
        raise ForgeError(
            f"{name} cannot be checked out: git has not ended after {_SECONDS:.0f} seconds",
            hint="run again later, or without --build",
        ) from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode != 0:
        *_, last = ["no reason given", *os.fsdecode(err).strip().splitlines()]
        raise ForgeError(
            f"{name} cannot be checked out: git says: {last[:300]}",
            hint="check that the token may read its contents, or run without --build",
        )
    return os.fsdecode(out).strip()
