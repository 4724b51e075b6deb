"""Layers laid upon each other: what a container of the image sees (image-spec 1.1, layer.md)."""

from collections.abc import Iterator
from dataclasses import replace

from pinbot.errors import ImageError
from pinbot.image.files import MOST_LINKS, Files
from pinbot.image.layers.changes import Added, Change, Cleared, Linked, Removed
from pinbot.image.layers.tar import shown
from pinbot.model.image import Entry, EntryKind

_IMPLIED_MODE = 0o755


class Tree:
    """Takes the changes of one layer after another, the lowest first, and gives the files that they make.

    Each name has a folder as its parent, up to the root: what layers do not name is made as runtimes make it.
    On the way to a name links of lower layers are followed, as runtimes do it, but never out of the image.
    """

    def __init__(self) -> None:
        root = Entry(path="", kind=EntryKind.DIRECTORY, mode=_IMPLIED_MODE)
        self._entries = {"": root}
        self._children: dict[str, dict[str, None]] = {}
        self._contents: dict[str, bytes] = {}
        self._unkept: dict[str, str] = {}
        self._origins: dict[str, tuple[int, str]] = {}
        self._linked: set[str] = set()
        self._layer = 0
        self._replaced: set[tuple[int, str]] = set()
        self._earlier: dict[str, tuple[int, ...]] = {}
        self._hidden: list[tuple[tuple[int, str], Entry]] = []

    def apply(self, change: Change, layer: int) -> None:
        """Make one change of the layer with that number.

        Raises:
            ImageError: no runtime could unpack this.
        """
        self._layer = layer
        match change:
            case Added():
                self._add(change)
            case Linked():
                self._link(change, layer)
            case Removed():
                self._hide(change.path, layer)
            case Cleared():
                at = self._lookup(change.path)
                if at is not None and self._is_folder(at):
                    self._clear(at, layer)

    def files(self) -> Files:
        """What there is now."""
        repeated: dict[str, tuple[int, ...]] = {}
        for path, layers in self._earlier.items():
            entry = self._entries.get(path)
            if entry is not None and entry.kind is EntryKind.FILE and entry.layer not in layers:
                layers = (*layers, entry.layer)  # noqa: PLW2901  the last one that brings it
            if len(layers) > 1:
                repeated[path] = layers
        # The bytes of a file are still there where a hard link to it is.
        used = {self._origins[path] for path in self._linked}
        origins = {
            path: None if origin in self._replaced else origin for path, origin in self._origins.items()
        }
        return Files(
            self._entries,
            self._contents,
            repeated,
            hidden=[entry for origin, entry in self._hidden if origin not in used],
            unkept=self._unkept,
            origins=origins,
        )

    def _add(self, change: Added) -> None:
        entry = change.entry
        path = self._place(entry.path, entry.layer)
        self._put(entry if path == entry.path else replace(entry, path=path))
        if path != entry.path:
            self._origins[path] = (entry.layer, entry.path)
        if change.content is not None:
            self._contents[path] = change.content
        if change.unkept:
            self._unkept[path] = change.unkept

    def _link(self, change: Linked, layer: int) -> None:
        path = self._place(change.path, layer)
        at = self._lookup(change.target)
        there = None if at is None else self._entries.get(at)
        if there is None or there.kind is EntryKind.DIRECTORY or at == path:
            raise ImageError(
                f"links {shown(change.path)} to {shown(change.target)}, which is no file in the image",
                hint="make the image anew: no runtime unpacks this layer",
            )
        content, unkept = self._contents.get(there.path), self._unkept.get(there.path)
        origin = self._origins.get(there.path, (there.layer, there.path))
        self._put(replace(there, path=path, layer=layer))
        self._origins[path] = origin
        self._linked.add(path)
        if content is not None:
            self._contents[path] = content
        if unkept is not None:
            self._unkept[path] = unkept

    def _put(self, entry: Entry) -> None:
        """Lay a name over whatever is there; only a folder over a folder leaves what is below it."""
        path = entry.path
        there = self._entries.get(path)
        if there is not None:
            if entry.kind is EntryKind.DIRECTORY and there.kind is EntryKind.DIRECTORY:
                self._entries[path] = entry
                return
            self._forget(path)
        self._entries[path] = entry
        folder = path.rpartition("/")[0]
        self._children.setdefault(folder, {})[path] = None

    def _hide(self, path: str, layer: int) -> None:
        """Remove what lower layers have; what this layer itself brings stays, wherever it stands in it."""
        folder, _, base = path.rpartition("/")
        at = self._lookup(folder)
        if at is None:
            return
        path = f"{at}/{base}" if at else base
        there = self._entries.get(path)
        if there is None:
            return
        self._clear(path, layer)
        if there.layer < layer:
            if path in self._children:
                # Something of this layer is in it, which runtimes put into a new folder.
                self._entries[path] = Entry(
                    path=path, kind=EntryKind.DIRECTORY, mode=_IMPLIED_MODE, layer=layer
                )
            else:
                self._forget(path)

    def _clear(self, folder: str, layer: int) -> None:
        """Remove what lower layers have below a folder."""
        for path in reversed(list(self._below(folder))):
            if self._entries[path].layer < layer and path not in self._children:
                self._drop(path)

    def _forget(self, path: str) -> None:
        """Remove a name and all below it."""
        for below in reversed(list(self._below(path))):
            self._drop(below)
        self._drop(path)

    def _below(self, folder: str) -> Iterator[str]:
        """All below a folder, each folder before what is in it."""
        todo = [folder]
        while todo:
            for path in self._children.get(todo.pop(), ()):
                yield path
                if path in self._children:
                    todo.append(path)

    def _drop(self, path: str) -> None:
        """Remove a name with nothing below it."""
        entry = self._entries.pop(path)
        folder = path.rpartition("/")[0]
        siblings = self._children[folder]
        del siblings[path]
        if not siblings:
            del self._children[folder]
        self._contents.pop(path, None)
        self._unkept.pop(path, None)
        origin = self._origins.pop(path, (entry.layer, path))
        if origin[0] == self._layer:
            self._replaced.add(origin)
        if entry.kind is EntryKind.FILE:
            if path not in self._linked:
                self._hidden.append((origin, entry))
            earlier = self._earlier.get(path, ())
            if entry.layer not in earlier:
                self._earlier[path] = (*earlier, entry.layer)
        self._linked.discard(path)

    def _is_folder(self, path: str) -> bool:
        entry = self._entries.get(path)
        return entry is not None and entry.kind is EntryKind.DIRECTORY

    def _place(self, path: str, layer: int) -> str:
        """Where a name comes to stand; folders on the way are made where there are none."""
        if not path:
            return path
        folder, _, base = path.rpartition("/")
        if not self._is_folder(folder):
            at = self._walk(folder, layer)
            if at is None:
                raise ImageError(
                    f"puts {shown(path)} below what is no folder, or a link in a circle",
                    hint="make the image anew: no runtime unpacks this layer",
                )
            folder = at
        return f"{folder}/{base}" if folder else base

    def _lookup(self, path: str) -> str | None:
        """Where a name stands, or would, through links on the way to it; None if that way is not there."""
        folder, _, base = path.rpartition("/")
        at = folder if self._is_folder(folder) else self._walk(folder, None)
        if at is None:
            return None
        return f"{at}/{base}" if at and base else at or base

    def _walk(self, path: str, layer: int | None) -> str | None:
        """The folder that a path leads to, through links; None where it is none, or a circle.

        What is missing is made, as of that layer, unless it is None.
        """
        links = 0
        todo = path.split("/")[::-1]
        at = ""
        while todo:
            part = todo.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                at = at.rpartition("/")[0]
                continue
            step = f"{at}/{part}" if at else part
            entry = self._entries.get(step)
            if entry is None:
                if layer is None:
                    return None
                self._put(Entry(path=step, kind=EntryKind.DIRECTORY, mode=_IMPLIED_MODE, layer=layer))
            elif entry.kind is EntryKind.SYMLINK:
                links += 1
                if links > MOST_LINKS:
                    return None
                if entry.link.startswith("/"):
                    at = ""
                todo += entry.link.split("/")[::-1]
                continue
            elif entry.kind is not EntryKind.DIRECTORY:
                return None
            at = step
        return at
