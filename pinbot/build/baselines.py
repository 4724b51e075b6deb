"""Images that were built before, so that the side of a comparison that did not change is not built again.

An image is kept under a digest of everything that makes it: the files of its context, its Dockerfile, target
and builder. It is taken only where the caller says that the Dockerfile names all its images by digest, and
within a day: what a step fetches may change from one day to the next. What is taken is checked blob by blob;
whatever is wrong with it is as if it were not there.
"""

import asyncio
import hashlib
import json
import os
import platform
import shutil
import stat
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pinbot.build import layout, outcome, store
from pinbot.config import BuildSettings
from pinbot.errors import BuilderError
from pinbot.model.build import BuildOutcome, BuildRequest, BuiltImage
from pinbot.model.diagnosis import Capability
from pinbot.ports.building import Builder

LONGEST_AGE_SECONDS = 24 * 3600.0
LARGEST_BYTES = 512 * 1024**2
MOST_BYTES = 2 * 1024**3

_FORMAT = 1
_IMAGE, _FACTS = "image", "facts.json"
_ABANDONED_SECONDS = 3600.0


class Baselines:
    """A builder that remembers what another one built.

    Args:
        builder: the one that builds.
        settings: how it builds.
        folder: where images are kept.
        place: what tells builders of one version apart, such as the address of a daemon.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        builder: Builder,
        settings: BuildSettings,
        folder: Path,
        *,
        place: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = builder.name
        self.version = builder.version
        self._builder = builder
        self._settings = settings
        self._folder = folder
        self._place = place
        self._clock = clock

    async def build(self, request: BuildRequest, *, on_line: Callable[[str], None]) -> BuildOutcome:
        """As the port says; with `request.reuse` also what was built from equal files not long ago.

        Raises:
            BuilderError: the builder cannot do this build.
        """
        key = await asyncio.to_thread(self._key, request)
        if request.reuse and key is not None:
            kept = await asyncio.to_thread(self._take, key, request.image)
            if kept is not None:
                on_line(f"taken from the cache: built {kept.age:.0f} s ago")
                return kept
        built = await self._builder.build(request, on_line=on_line)
        if isinstance(built, BuiltImage) and key is not None:
            await asyncio.to_thread(self._keep, key, request.image, built)
        return built

    async def capabilities(self) -> tuple[Capability, ...]:
        """Those of the builder."""
        return await self._builder.capabilities()

    def _key(self, request: BuildRequest) -> str | None:
        """The digest of everything that makes an image; None where it cannot be known."""
        target = request.target
        context = request.root / target.context
        dockerfile = request.root / target.dockerfile
        ignored = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
        digest = hashlib.sha256()
        told = [
            *(_FORMAT, self.version, self._place, platform.machine(), self._settings.network),
            *(target.dockerfile, target.context, target.stage, target.platform, target.args),
        ]
        try:
            digest.update(json.dumps(told).encode())
            for file in (dockerfile, ignored):
                digest.update(_hash(file).encode() if file.exists() else b"-")
            for part in _parts(context):
                digest.update(part)
        except OSError:
            return None
        return digest.hexdigest()

    def _take(self, key: str, image: Path) -> BuiltImage | None:
        entry = self._folder / key
        try:
            facts = json.loads((entry / _FACTS).read_bytes())
            age = self._clock() - facts["built"]
            if not 0 <= age <= LONGEST_AGE_SECONDS:
                return None
            shutil.copytree(entry / _IMAGE, image)
            kept = outcome.succeeded(
                layout.check(image),
                seconds=float(facts["seconds"]),
                builder=self.version,
                caveats=tuple(map(str, facts["caveats"])),
            )
            self._use(entry)
            return replace(kept, age=age)
        except (OSError, ValueError, KeyError, TypeError, BuilderError):
            store.remove(image)
            store.remove(entry)
            return None

    def _keep(self, key: str, image: Path, built: BuiltImage) -> None:
        """Put an image into the cache, and what is too old or too much out of it; or do without."""
        if built.size > LARGEST_BYTES:
            return
        facts = {"built": self._clock(), "seconds": built.seconds, "caveats": built.caveats}
        new = self._folder / f".{uuid.uuid4().hex}"
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            new.mkdir(mode=0o700)
            shutil.copytree(image, new / _IMAGE)
            (new / _FACTS).write_text(json.dumps(facts))
            self._use(new)
            store.remove(self._folder / key)
            new.rename(self._folder / key)
        store.remove(new)
        self._tidy()

    def _use(self, entry: Path) -> None:
        """Note that an entry was of use: it goes last."""
        os.utime(entry, (self._clock(), self._clock()))

    def _tidy(self) -> None:
        now, room = self._clock(), MOST_BYTES
        with suppress(OSError):
            for entry in sorted(self._folder.iterdir(), key=_last_use, reverse=True):
                idle = now - _last_use(entry)
                if entry.name.startswith("."):
                    if idle > _ABANDONED_SECONDS:  # else somebody is at it
                        store.remove(entry)
                    continue
                room -= sum(file.stat().st_size for file in entry.rglob("*") if file.is_file())
                if room < 0 or idle > LONGEST_AGE_SECONDS:
                    store.remove(entry)


def _last_use(entry: Path) -> float:
    return entry.stat().st_mtime


def _parts(context: Path) -> Iterator[bytes]:
    """Everything of a context that a builder copies: names, modes, links and contents."""
    for folder, folders, files in os.walk(context, onerror=_give_up):
        folders.sort()
        for name in sorted((*folders, *files)):
            path = Path(folder, name)
            status = path.lstat()
            content = ""
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)  # noqa: PTH115  as it is written: Path tidies it up
            elif stat.S_ISREG(status.st_mode):
                content = _hash(path)
            yield json.dumps([str(path.relative_to(context)), status.st_mode, content]).encode()


def _give_up(error: OSError) -> None:
    raise error


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
