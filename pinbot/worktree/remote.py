"""A tree that is somewhere else: known by its listing, and brought here only to be built."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from pinbot.errors import SourceError
from pinbot.worktree.files import real
from pinbot.worktree.tree import Tree


class RemoteTree:
    """A `WorkTree` in which every path is one from the root. Use it within `with`: a checkout ends with it.

    Args:
        paths: those of all its files.
        check_out: puts all files into a folder, which it makes.
    """

    def __init__(self, paths: Collection[str], check_out: Callable[[Path], Awaitable[None]]) -> None:
        self._paths = paths
        self._check_out = check_out
        self._folder: TemporaryDirectory[str] | None = None
        self._here: Tree | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    async def bring(self) -> None:
        """See `WorkTree`.

        Raises:
            PinbotError: the files cannot be had.
        """
        if self._here is not None:
            return
        try:
            self._folder = self._folder or TemporaryDirectory(prefix="pinbot-checkout-")
        except OSError as error:
            raise SourceError(
                f"there is no folder for a checkout: {error.strerror}",
                hint="make room where temporary files go, or name another folder in TMPDIR",
            ) from error
        root = real(Path(self._folder.name)) / "tree"
        await self._check_out(root)
        self._here = Tree(root=root)

    def relative(self, path: str) -> str:
        """See `WorkTree`."""
        return path

    def name(self, path: str) -> str:
        """See `WorkTree`."""
        return path

    def has(self, path: str) -> bool:
        """See `WorkTree`."""
        return path in self._paths

    def copy_to(self, destination: Path, *, changes: Mapping[str, bytes]) -> None:
        """See `WorkTree`.

        Raises:
            SourceError: a file cannot be copied, or nothing was brought here.
        """
        if self._here is None:
            raise SourceError("the repository was not checked out", hint="run again with --build")
        self._here.copy_to(destination, changes=changes)
