"""What is kept between runs: how registries want to be asked. No tokens, no credentials, nothing of images.

It saves one request a registry. What stands in the file is a guess, which is checked as if the registry had
just said it, and costs one request if it is wrong.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from pinbot import storage
from pinbot.registry.auth.challenge import BASIC, BEARER, Challenge
from pinbot.registry.servers.addresses import is_loopback
from pinbot.registry.servers.urls import Url

_NAME = "challenges.json"
_VERSION = 1
_LARGEST = 64 * 1024
_MOST = 100
_LONGEST = 1000
_DAY = 24 * 3600.0
_OLD = 30 * _DAY


class Memory(Protocol):
    """Remembers challenges, by the server that made them."""

    def recall(self, url: Url) -> Challenge | None:
        """The challenge that led to answers the last time, as far as is known."""
        ...

    def keep(self, url: Url, challenge: Challenge) -> None:
        """Note one that led to an answer."""
        ...

    def forget(self, url: Url) -> None:
        """Note that it may not be right any more."""
        ...

    def save(self) -> None:
        """Keep what was noted for the next run."""
        ...


class NoMemory:
    """Remembers nothing."""

    def recall(self, url: Url) -> Challenge | None:  # noqa: ARG002 - the protocol's names
        """Nothing, ever."""
        return None

    def keep(self, url: Url, challenge: Challenge) -> None:
        """Drop it."""

    def forget(self, url: Url) -> None:
        """There is nothing."""

    def save(self) -> None:
        """Do nothing."""


class FileMemory:
    """A file in a folder of the user's, `$XDG_CACHE_HOME/pinbot`, for any number of runs at a time.

    It is only ever replaced whole, and what goes wrong with it is no trouble of anybody's. Not kept is what
    came in clear text over a network, which anybody on the way could have said.
    """

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self._file = folder / _NAME
        self._now = now
        self._known: dict[str, dict[str, Any]] | None = None
        self._changes: dict[str, dict[str, Any] | None] = {}

    def recall(self, url: Url) -> Challenge | None:
        """See `Memory.recall`."""
        if self._known is None:
            self._known = self._read()
        entry = self._known.get(_key(url)) if _is_safe(url) else None
        if entry is None:
            return None
        parameters = tuple((name, entry[name]) for name in ("realm", "service") if name in entry)
        return Challenge(scheme=entry["scheme"], parameters=parameters)

    def keep(self, url: Url, challenge: Challenge) -> None:
        """See `Memory.keep`."""
        if _is_safe(url):
            entry = {"scheme": challenge.scheme, **dict(challenge.parameters), "used": self._now()}
            self._changes[_key(url)] = entry

    def forget(self, url: Url) -> None:
        """See `Memory.forget`."""
        if self.recall(url) is not None:
            self._changes[_key(url)] = None

    def save(self) -> None:
        """See `Memory.save`; what another run has saved meanwhile is kept."""
        there = self._read()
        news = {key: entry for key, entry in self._changes.items() if _is_news(entry, there.get(key))}
        if not news:
            return
        merged = {key: entry for key, entry in (there | news).items() if entry is not None}
        latest = sorted(merged, key=lambda key: merged[key]["used"], reverse=True)[:_MOST]
        document = {"version": _VERSION, "challenges": {key: merged[key] for key in sorted(latest)}}
        with contextlib.suppress(OSError):
            self._replace(json.dumps(document, indent=1).encode("ascii"))

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            with self._file.open("rb") as stream:
                if not storage.is_private(os.fstat(stream.fileno())):
                    return {}
                document = json.loads(stream.read(_LARGEST))
            return dict(self._entries(document))
        except (OSError, ValueError, RecursionError):
            return {}

    def _entries(self, document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is as it should be; the rest was written by somebody else."""
        if not isinstance(document, dict) or document.get("version") != _VERSION:
            return
        challenges = document.get("challenges")
        for key, entry in challenges.items() if isinstance(challenges, dict) else ():
            if not isinstance(entry, dict):
                continue
            used = entry.get("used")
            texts = {name: entry[name] for name in ("scheme", "realm", "service") if name in entry}
            if (
                isinstance(used, int | float)
                and 0 <= self._now() - used < _OLD
                and all(isinstance(text, str) and len(text) <= _LONGEST for text in (key, *texts.values()))
                and texts.get("scheme") in {BASIC, BEARER}
            ):
                yield key, {**texts, "used": used}

    def _replace(self, data: bytes) -> None:
        if len(data) > _LARGEST:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        storage.replace(self._file, data)


def _key(url: Url) -> str:
    return f"{url.scheme}://{url.host}:{url.port}"


def _is_safe(url: Url) -> bool:
    return url.scheme == "https" or is_loopback(url.host)


def _is_news(entry: dict[str, Any] | None, before: dict[str, Any] | None) -> bool:
    if entry is None or before is None:
        return entry is not before
    return entry["used"] - before["used"] > _DAY or {**entry, "used": 0} != {**before, "used": 0}
