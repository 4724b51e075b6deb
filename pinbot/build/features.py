"""Which of the newer things of Dockerfiles a builder knows: tried, for versions tell too little."""

import json
import re
import tarfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

from pinbot.build import process
from pinbot.errors import BuilderError
from pinbot.model.build import BuildOutcome, BuildRequest, BuildTarget, BuiltImage
from pinbot.model.diagnosis import Capability

Build = Callable[[BuildRequest], Awaitable[BuildOutcome]]

_SYMBOLIC = "symbolic chmod"
_MODE = 0o500
# Dockerfile reference: each needs no base image, no network and no step.
_TRIED = {
    "heredocs": "COPY <<EOF /heredoc\ntext\nEOF\n",
    "COPY --link": "COPY --link Dockerfile /linked\n",
    _SYMBOLIC: "COPY --chmod=u=rx,go= Dockerfile /symbolic\n",
}
_USES_SYMBOLIC = re.compile(
    rb"^\s*(?:COPY|ADD)\s(?:.*\s)?--chmod=[\"']?[ugoa]*[-+=]", re.IGNORECASE | re.MULTILINE
)
_HAS_FRONTEND = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:\s*#.*\n)*?\s*#\s*syntax\s*=", re.IGNORECASE)


async def tried(build: Build, environ: Mapping[str, str]) -> tuple[Capability, ...]:
    """Build images of next to nothing with the features, first all in one."""
    if await _builds(build, environ, _TRIED.values()):
        return tuple(Capability(name=name, able=True) for name in _TRIED)
    found = [(name, await _builds(build, environ, (text,))) for name, text in _TRIED.items()]
    return tuple(Capability(name=name, able=able) for name, able in found)


async def knows_modes(build: Build, environ: Mapping[str, str], dockerfile: bytes) -> bool:
    """Whether a builder does what the modes of a Dockerfile say; an old docker ignores symbolic ones.

    Where a frontend of its own is named, that is what reads them.
    """
    if not _USES_SYMBOLIC.search(dockerfile) or _HAS_FRONTEND.match(dockerfile):
        return True
    return await _builds(build, environ, (_TRIED[_SYMBOLIC],))


async def _builds(build: Build, environ: Mapping[str, str], parts: Iterable[str]) -> bool:
    with process.scratch_folder(environ) as folder:
        request = _request(folder, f"FROM scratch\n{''.join(parts)}")
        try:
            outcome = await build(request)
        except BuilderError:
            return False
        return isinstance(outcome, BuiltImage) and _modes(request.image).get("symbolic", _MODE) == _MODE


def _request(folder: Path, dockerfile: str) -> BuildRequest:
    tree = folder / "tree"
    tree.mkdir()
    (tree / "Dockerfile").write_text(dockerfile)
    target = BuildTarget(dockerfile="Dockerfile", context=".")
    return BuildRequest(target=target, root=tree, image=folder / "image")


def _modes(layout: Path) -> dict[str, int]:
    """The modes of the files in the layers of an image that this builder just wrote."""
    blobs = layout / "blobs" / "sha256"
    modes: dict[str, int] = {}
    for blob in blobs.iterdir():
        try:
            json.loads(blob.read_bytes())
        except ValueError:  # neither manifest nor config
            with tarfile.open(blob) as layer:
                modes |= {member.name.lstrip("./"): member.mode for member in layer}
    return modes
