"""The file system that the layers of an image make, in memory (image-spec 1.1, layer.md)."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from pinbot.model.image import Entry, EntryKind

MOST_LINKS = 40
"""How many symbolic links are followed on the way to one file, as Linux does it."""


class Files:
    """What a container of the image sees: names, and the content of the files that were kept.

    Attributes:
        hidden: files of layers that a higher one replaces or removes: bytes that are pulled for nothing.
        unkept: files whose content was asked for and is not here, each with the reason.

    Args:
        entries: every name by its path, parents included.
        contents: what was kept of files, by path.
        origins: where a file stands in its layer, for those that stand under another name than their path;
            None where that name stands for something else by the end of the layer.
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        contents: Mapping[str, bytes] | None = None,
        *,
        hidden: Iterable[Entry] = (),
        unkept: Mapping[str, str] | None = None,
        origins: Mapping[str, tuple[int, str] | None] | None = None,
    ) -> None:
        self._entries = entries
        self._contents = contents or {}
        self._origins = origins or {}
        self._paths: list[str] | None = None
        self.hidden = tuple(hidden)
        self.unkept = unkept or {}

    def __len__(self) -> int:
        """How many names there are, the root among them."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        """Every name, ordered by path."""
        return (self._entries[path] for path in self._sorted)

    def get(self, path: str) -> Entry | None:
        """The name itself, be it a link; slashes before and behind it do not matter."""
        return self._entries.get(path.strip("/"))

    def resolve(self, path: str) -> Entry | None:
        """What a program that opens the path gets: links are followed, none of them out of the image.

        None where nothing is there, or where links run in a circle.
        """
        return self.way(path)[1]

    def way(self, path: str) -> tuple[tuple[Entry, ...], Entry | None]:
        """As `resolve`, and before it the folders that are searched on the way, each as often as it is."""
        links = 0
        searched: list[Entry] = []
        todo = [part for part in path.split("/") if part][::-1]
        at = ""
        while todo:
            part = todo.pop()
            if part == ".":
                continue
            if part == "..":
                at = at.rpartition("/")[0]
                continue
            folder = self._entries.get(at)
            if folder is not None:
                searched.append(folder)
            entry = self._entries.get(f"{at}/{part}" if at else part)
            if entry is None:
                return tuple(searched), None
            if entry.kind is EntryKind.SYMLINK:
                links += 1
                if links > MOST_LINKS:
                    return tuple(searched), None
                if entry.link.startswith("/"):
                    at = ""
                todo += [part for part in entry.link.split("/") if part][::-1]
                continue
            if todo and entry.kind is not EntryKind.DIRECTORY:
                return tuple(searched), None
            at = entry.path
        return tuple(searched), self._entries.get(at)

    def below(self, path: str) -> Iterator[Entry]:
        """Every name in the folder and in those within it, ordered by path; the folder itself is left out."""
        folder = path.strip("/")
        paths = self._sorted
        if not folder:
            return (entry for entry in self if entry.path)
        # What is below stands together: "0" comes right behind "/".
        start, end = bisect_left(paths, f"{folder}/"), bisect_left(paths, f"{folder}0")
        return (self._entries[path] for path in paths[start:end])

    def content(self, path: str) -> bytes | None:
        """The bytes of a file, if they were kept; links are followed."""
        entry = self.resolve(path)
        return None if entry is None else self._contents.get(entry.path)

    def origin(self, entry: Entry) -> tuple[int, str] | None:
        """The number of the layer that holds the content of a file, and the path that it has there.

        None where the layer has something else under that path, too.
        """
        return self._origins.get(entry.path, (entry.layer, entry.path))

    @property
    def _sorted(self) -> list[str]:
        if self._paths is None:
            self._paths = sorted(self._entries)
        return self._paths
