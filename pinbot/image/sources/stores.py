"""Where local images keep their files: what such a place offers, and how its files are checked."""

import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

from pinbot.documents import clean
from pinbot.errors import ImageError, Mismatch
from pinbot.model.manifest import Descriptor

SMALL = 4 * 1024 * 1024
"""Bytes that a manifest, a config or a list may have."""


class Store(Protocol):
    """Files by their names, e.g. `blobs/sha256/…`."""

    @property
    def place(self) -> str:
        """What it is, for messages: its path."""
        ...

    async def size(self, name: str) -> int | None:
        """Bytes of a file; None where there is no such file.

        Raises:
            ImageError: it cannot be asked for.
        """
        ...

    def stream(self, name: str) -> AsyncGenerator[bytes, None]:
        """The bytes of a file that is there.

        Raises:
            ImageError: it cannot be read.
        """
        ...


async def read(store: Store, name: str) -> bytes:
    """A small file, whole.

    Raises:
        ImageError: it is not there, or has more than 4 MiB.
    """
    size = await store.size(name)
    if size is None:
        raise absent(store, name)
    if size > SMALL:
        raise ImageError(
            f"{clean(name)} in {store.place} has {size} bytes, where such a file has {SMALL} at most",
            hint="no image that other tools would read has so large a part",
        )
    async with aclosing(store.stream(name)) as pieces:
        return b"".join([piece async for piece in pieces])


async def verified(store: Store, name: str, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
    """The bytes of a blob; the last come when all are known to be those of the descriptor.

    Raises:
        ImageError: it is not there.
        Mismatch: it is another one.
    """
    size = await store.size(name)
    if size is None:
        raise absent(store, name)
    if size != descriptor.size:
        raise Mismatch(
            f"{name} in {store.place} has {size} bytes, where the manifest says {descriptor.size}",
            hint="make the image anew",
        )
    whole = hashlib.new(descriptor.digest.algorithm)
    last = b""
    async with aclosing(store.stream(name)) as pieces:
        async for piece in pieces:
            whole.update(piece)
            if last:
                yield last
            last = piece
    if whole.hexdigest() != descriptor.digest.hex:
        raise Mismatch(
            f"{name} in {store.place} has the digest {descriptor.digest.algorithm}:{whole.hexdigest()}, "
            "which is not that of its name",
            hint="the file is damaged: make the image anew",
        )
    if last:
        yield last


def absent(store: Store, name: str) -> ImageError:
    """The error for a file that is not in a store."""
    return ImageError(f"there is no file {clean(name)} in {store.place}", hint="make the image anew")


def ambiguous(image: str, store: Store, wanted: str | None, found: int, there: Sequence[str]) -> ImageError:
    """The error where it is not one image that is meant.

    Args:
        image: as the user named it.
        store: where it should be.
        wanted: the name of the image there; None if any would do.
        found: how many there are.
        there: names of all that there are.
    """
    listed = clean(", ".join(there))
    if not there:
        message, hint = f"{store.place} holds no image", "name one that holds an image"
    elif wanted is None:
        message, hint = f"{store.place} holds {found} images", f"add one of these behind a colon: {listed}"
    else:
        what = f"{found} images called" if found else "no image called"
        message, hint = f"{store.place} holds {what} {clean(wanted)}", f"it holds {listed}"
    return ImageError(message, hint=hint, image=image)
