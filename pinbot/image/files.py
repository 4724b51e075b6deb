"""The file system that the layers of an image make, in memory (image-spec 1.1, layer.md)."""

from collections.abc import Iterator, Mapping

from pinbot.model.image import Entry, EntryKind

MOST_LINKS = 40
"""How many symbolic links are followed on the way to one file, as Linux does it."""


class Files:
    """What a container of the image sees: names, and the content of the files that were kept.

    Args:
        entries: every name by its path, parents included.
        contents: what was kept of files, by path.
        repeated: paths that more than one layer brings as a file, each with the numbers of those layers.
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        contents: Mapping[str, bytes] | None = None,
        repeated: Mapping[str, tuple[int, ...]] | None = None,
    ) -> None:
        self._entries = dict(entries)
        self._contents = dict(contents or {})
        self.repeated = dict(repeated or {})

    def __iter__(self) -> Iterator[Entry]:
        """Every name, ordered by path."""
        return (self._entries[path] for path in sorted(self._entries))

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
        prefix = path.strip("/") + "/" if path.strip("/") else ""
        return (entry for entry in self if entry.path.startswith(prefix) and entry.path != path.strip("/"))

    def content(self, path: str) -> bytes | None:
        """The bytes of a file, if they were kept; links are followed."""
        entry = self.resolve(path)
        return None if entry is None else self._contents.get(entry.path)
