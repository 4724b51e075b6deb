"""Which image a user means: one in a registry, or a file or folder on this machine.

The names of the transports are those of containers/image (containers-transports.5), which skopeo, podman and
buildah know too.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pinbot.errors import UsageError
from pinbot.model.reference import ImageReference


class Transport(StrEnum):
    """In what form an image lies on this machine."""

    LAYOUT = "oci"
    LAYOUT_ARCHIVE = "oci-archive"
    DOCKER_ARCHIVE = "docker-archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalImage:
    """A file or folder, and which of the images in it is meant; None if there is but one."""

    transport: Transport
    path: Path
    reference: str | None = None


_REMEDIES = {
    "docker-daemon": "write docker-archive:FILE for what docker save -o FILE wrote",
    "containers-storage": "write oci-archive:FILE for what podman save --format oci-archive -o FILE wrote",
    "dir": "write oci:FOLDER for an OCI layout",
    "docker": "leave docker:// away: an image in a registry is named without a transport",
    "http": "an image is named without http://",
    "https": "an image is named without https://",
}
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.zst")


def parse(text: str) -> ImageReference | LocalImage:
    """Read `oci:FOLDER[:REF]`, `oci-archive:FILE[:REF]`, `docker-archive:FILE[:REF]` or an image reference.

    Raises:
        UsageError: it looks like something else.
        InvalidReference: it is no image reference.
    """
    scheme, colon, rest = text.partition(":")
    if colon and scheme in set(Transport):
        return _local(Transport(scheme), rest)
    foreign = colon and scheme in _REMEDIES and (rest.startswith("/") or scheme not in {"docker", "dir"})
    if foreign:
        raise UsageError(f"pinbot does not look into {scheme}:", hint=_REMEDIES[scheme])
    path = Path(text)
    if text.startswith(("/", "./", "../", "~")) or text in {".", ".."} or _looks_local(path):
        raise UsageError(f"{text} is a path, and no image in a registry", hint=_hint(text, path))
    return ImageReference.parse(text)


def _local(transport: Transport, rest: str) -> LocalImage:
    if not rest:
        raise UsageError(f"{transport}: names no file or folder", hint=f"write {transport}:PATH")
    if _exists(rest):
        return LocalImage(transport=transport, path=Path(rest))
    # Both the path and the reference may hold colons.
    colons = [at for at, letter in enumerate(rest) if letter == ":" and 0 < at < len(rest) - 1]
    for at in colons[::-1]:
        if _exists(rest[:at]):
            return LocalImage(transport=transport, path=Path(rest[:at]), reference=rest[at + 1 :])
    raise UsageError(f"there is no {rest}", hint=f"check the path behind {transport}:")


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _looks_local(path: Path) -> bool:
    """Whether a text that could be a reference is the name of an image on this machine instead."""
    try:
        return (path / "oci-layout").is_file() or (path.name.endswith(_ARCHIVES) and path.is_file())
    except (OSError, ValueError):
        return False


def _hint(text: str, path: Path) -> str:
    try:
        if path.is_dir():
            return f"write oci:{text} if it is an OCI layout"
        if path.is_file():
            return f"write docker-archive:{text} if docker saved it, oci-archive:{text} for an OCI layout"
    except (OSError, ValueError):
        pass
    return "write oci:FOLDER, oci-archive:FILE or docker-archive:FILE"
