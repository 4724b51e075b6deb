"""Names in layers: what a member is called, and where its links lead, as paths from the root of the image."""

from pinbot.errors import ImageError
from pinbot.image.layers.headers import shown


def inside(name: str, limit: int) -> str:
    """A member's name without `.`, `..`, and slashes that do not matter; `""` is the root.

    `..` is taken away together with the name before it, as runtimes do it, which do not look for links there.

    Raises:
        ImageError: no file system has such a name, or it leads out of the image.
    """
    _check(name, limit)
    if _is_plain(name):
        return name
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                raise ImageError(
                    f"holds {shown(name)}, which leads out of the image", hint="do not run this image"
                )
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def target(link: str, limit: int) -> str:
    """Where a symbolic link leads, as written: it may lead anywhere, and is followed inside the image only.

    Raises:
        ImageError: no file system has such a link.
    """
    _check(link, limit)
    return link


def _is_plain(name: str) -> bool:
    return (
        not name.startswith(("/", "./", "../"))
        and not name.endswith(("/", "/.", "/.."))
        and "//" not in name
        and "/./" not in name
        and "/../" not in name
        and name not in {".", ".."}
    )


def _check(name: str, limit: int) -> None:
    size = len(name) if name.isascii() else len(name.encode("utf-8", "surrogateescape"))
    if size > limit:
        raise ImageError(
            f"holds the name {shown(name)} of {size} bytes, where a file system takes {limit}",
            hint="make the image anew",
        )
    if not name or "\0" in name:
        raise ImageError(
            f"holds {shown(name)} as a name, which no file system takes", hint="make the image anew"
        )
