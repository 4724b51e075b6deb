"""Layers laid upon each other: what a container of the image sees (image-spec 1.1, layer.md)."""

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace

from pinbot.errors import ImageError
from pinbot.image.files import MOST_LINKS, Files
from pinbot.image.layers.changes import Added, Change, Cleared, Linked, Removed
from pinbot.image.layers.headers import shown
from pinbot.image.limits import DEFAULT, Limits
from pinbot.model.image import Entry, EntryKind

_IMPLIED_MODE = 0o755


@dataclass(slots=True, kw_only=True)
class _Inode:
    """What all names of one file share; only kept for files of which there is more to say than an entry does.

    Attributes:
        origin: number of the layer that holds the content, and the path that it has there.
        names: how many there are.
        changed: what the last hard link says of the file, which then holds for all its names.
    """

    origin: tuple[int, str]
    content: bytes | None = None
    unkept: str = ""
    names: int = 1
    changed: Linked | None = None


class Tree:
    """Takes the changes of one layer after another, the lowest first, and gives the files that they make.

    Each name has a folder as its parent, up to the root: what layers do not name is made as runtimes make it.
    On the way to a name links of lower layers are followed, as runtimes do it, but never out of the image.
    """

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._names = 0
        self._steps = 0
        self._entries = {"": _implied("", 0)}
        self._children: dict[str, dict[str, None]] = {}
        self._inodes: dict[str, _Inode] = {}
        self._layer = 0
        self._cleared: set[str] = set()
        self._replaced: set[tuple[int, str]] = set()
        self._hidden: list[Entry] = []

    def apply(self, change: Change, layer: int) -> None:
        """Make one change of the layer with that number.

        Raises:
            ImageError: no runtime could unpack this.
        """
        if layer != self._layer:
            self._layer = layer
            self._cleared.clear()
        match change:
            case Added():
                self._add(change)
            case Linked():
                self._link(change, layer)
            case Removed():
                self._hide(change.path, layer)
            case Cleared():
                folder = self._walk(change.path, None)
                if folder is not None:
                    self._clear(folder, layer)

    def files(self) -> Files:
        """What there is at the end."""
        for path, inode in self._inodes.items():
            if (link := inode.changed) is not None:
                self._entries[path] = replace(
                    self._entries[path],
                    mode=link.mode,
                    uid=link.uid,
                    gid=link.gid,
                    capabilities=self._entries[path].capabilities or link.capabilities,
                )
        return Files(
            self._entries,
            {path: inode.content for path, inode in self._inodes.items() if inode.content is not None},
            hidden=self._hidden,
            unkept={path: inode.unkept for path, inode in self._inodes.items() if inode.unkept},
            origins={path: self._origin(path, inode) for path, inode in self._inodes.items()},
        )

    def _origin(self, path: str, inode: _Inode) -> tuple[int, str] | None:
        """Where the content of a file can be read again: of several members with one name, the last is."""
        is_last = inode.origin[1] == path and inode.changed is None
        return inode.origin if is_last or inode.origin not in self._replaced else None

    def _add(self, change: Added) -> None:
        entry = change.entry
        path = self._place(entry.path, entry.layer)
        moved = path != entry.path
        self._put(replace(entry, path=path) if moved else entry)
        if moved or change.content is not None or change.unkept:
            self._inodes[path] = _Inode(
                origin=(entry.layer, entry.path), content=change.content, unkept=change.unkept
            )

    def _link(self, change: Linked, layer: int) -> None:
        path = self._place(change.path, layer)
        at = self._lookup(change.target)
        there = None if at is None else self._entries.get(at)
        # What stands at the path is removed first, and the target with it if it is in there.
        gone = there is not None and f"{there.path}/".startswith(f"{path}/")
        if there is None or there.kind is EntryKind.DIRECTORY or gone:
            raise ImageError(
                f"links {shown(change.path)} to {shown(change.target)}, which is no file in the image",
                hint="make the image anew: no runtime unpacks this layer",
            )
        inode = self._inodes.setdefault(there.path, _Inode(origin=(there.layer, there.path)))
        self._put(replace(there, path=path, layer=layer))
        self._inodes[path] = inode
        inode.names += 1
        if there.kind is not EntryKind.SYMLINK:
            inode.changed = change

    def _put(self, entry: Entry) -> None:
        """Lay a name over whatever is there; only a folder over a folder leaves what is below it."""
        path = entry.path
        there = self._entries.get(path)
        if there is not None:
            if entry.kind is EntryKind.DIRECTORY and there.kind is EntryKind.DIRECTORY:
                self._entries[path] = entry
                return
            self._forget(path)
        self._names += len(path) + len(entry.link)
        if self._names > self._limits.names:
            raise ImageError(
                f"brings the names in the image to more than {self._limits.names} characters, the most that "
                "are read",
                hint="put fewer files into the image, or shorten their names",
            )
        self._entries[path] = entry
        folder = path.rpartition("/")[0]
        self._children.setdefault(folder, {})[path] = None

    def _hide(self, path: str, layer: int) -> None:
        """Remove what lower layers have; what this layer itself brings stays, wherever it stands in it."""
        at = self._lookup(path)
        there = None if at is None else self._entries.get(at)
        if there is None:
            return
        self._clear(there.path, layer)
        if there.layer == layer:
            return
        if there.path in self._children:
            # Something of this layer is in it, for which runtimes make a new folder.
            self._entries[there.path] = _implied(there.path, layer)
        else:
            self._forget(there.path)

    def _clear(self, folder: str, layer: int) -> None:
        """Remove what lower layers have below a folder; once in each layer, as nothing of it comes back."""
        if folder in self._cleared:
            return
        for path in reversed(list(self._below(folder, but=self._cleared))):
            if self._entries[path].layer < layer and path not in self._children:
                self._drop(path)
            elif path in self._children:
                self._cleared.add(path)
        self._cleared.add(folder)

    def _forget(self, path: str) -> None:
        """Remove a name and all below it."""
        for below in reversed(list(self._below(path))):
            self._drop(below)
        self._drop(path)

    def _below(self, folder: str, but: Container[str] = ()) -> Iterator[str]:
        """All below a folder, each folder before what is in it; not what is in some folders."""
        todo = [folder]
        while todo:
            for path in self._children.get(todo.pop(), ()):
                yield path
                if path in self._children and path not in but:
                    todo.append(path)

    def _drop(self, path: str) -> None:
        """Remove a name with nothing below it."""
        entry = self._entries.pop(path)
        folder = path.rpartition("/")[0]
        siblings = self._children[folder]
        del siblings[path]
        if not siblings:
            del self._children[folder]
        inode = self._inodes.pop(path, None) or _Inode(origin=(entry.layer, path))
        inode.names -= 1
        if inode.origin[0] == self._layer:
            self._replaced.add(inode.origin)
        if entry.kind is EntryKind.FILE and not inode.names:
            self._hidden.append(entry)

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
            if len(at) + len(base) > self._limits.name:
                raise ImageError(
                    f"puts {shown(path)} through links to where its name has {len(at) + len(base)} "
                    f"characters, where a file system takes {self._limits.name}",
                    hint="make the image anew",
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
            self._steps += 1
            if self._steps > self._limits.steps:
                raise ImageError(
                    f"passes more than {self._limits.steps} links and folders on the way to names",
                    hint="do not run this image; no usual one has so many",
                )
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
                self._put(_implied(step, layer))
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


def _implied(path: str, layer: int) -> Entry:
    """A folder that a layer needs and does not name."""
    return Entry(path=path, kind=EntryKind.DIRECTORY, mode=_IMPLIED_MODE, layer=layer)
