"""Where the package databases of an image lie, and who reads them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pinbot.errors import ImageError
from pinbot.image.packages import apk, dpkg, rpm
from pinbot.model.image import Ecosystem, Package

_Read = Callable[[Mapping[str, bytes], str], tuple[Package, ...]]


def _nothing(files: Mapping[str, bytes], path: str) -> tuple[Package, ...]:  # noqa: ARG001 - the shape of readers
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One package database: a file, or files that make one together.

    Paths are from the root, without a slash before them.

    Attributes:
        path: the file, or the folder whose files are its parts.
        in_parts: whether it is such a folder: each file in it tells of packages of its own.
        limit: bytes of all its files together that are read.
        companions: what a file beside it has behind the name, if it belongs to the database too.
        unread: why a database of this kind is not read; its content is not wanted then.
        reader: turns the contents of its files, by path, and its own path into packages.
    """

    ecosystem: Ecosystem
    path: str
    in_parts: bool = False
    limit: int = 0
    companions: tuple[str, ...] = ()
    unread: str = ""
    reader: _Read = _nothing

    def holds(self, path: str) -> bool:
        """Whether a file belongs to the database."""
        if self.in_parts:
            folder, _, name = path.rpartition("/")
            return folder == self.path and not name.endswith(".md5sums")
        return path == self.path or path in {self.path + name for name in self.companions}

    def read(self, files: Mapping[str, bytes]) -> tuple[Package, ...]:
        """The packages, from the contents of all those files of the image that it holds, by their paths.

        Raises:
            ImageError: it is too large, damaged, or of a kind that is not read; the message says which.
        """
        if self.unread:
            raise ImageError(f"{self.path} is not read: {self.unread}")
        size = sum(map(len, files.values()))
        if size > self.limit:
            raise ImageError(
                f"{self.path} has {size:,} bytes, and this package database is read up to {self.limit:,}"
            )
        return self.reader(files, self.path)


def _whole(parse: Callable[[bytes, str], tuple[Package, ...]]) -> _Read:
    return lambda files, path: parse(files[path], path)


def _each(parse: Callable[[bytes, str], tuple[Package, ...]]) -> _Read:
    return lambda files, _: tuple(package for part in sorted(files) for package in parse(files[part], part))


_RPM_FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm")
_RPM_UNREAD = {
    "Packages": "rpm kept it in Berkeley DB, before 4.16; newer images of the distribution have it in SQLite",
    "Packages.db": "it has the format ndb of SUSE's rpm, which pinbot does not know",
}

DATABASES = (
    Database(ecosystem=Ecosystem.APK, path="lib/apk/db/installed", limit=apk.LIMIT, reader=_whole(apk.parse)),
    Database(
        ecosystem=Ecosystem.APK, path="usr/lib/apk/db/installed", limit=apk.LIMIT, reader=_whole(apk.parse)
    ),
    Database(
        ecosystem=Ecosystem.DPKG,
        path="var/lib/dpkg/status",
        limit=dpkg.LIMIT,
        reader=_whole(dpkg.parse_status),
    ),
    Database(
        ecosystem=Ecosystem.DPKG,
        path="var/lib/dpkg/status.d",
        in_parts=True,
        limit=dpkg.LIMIT,
        reader=_each(dpkg.parse_part),
    ),
    *(
        Database(
            ecosystem=Ecosystem.RPM,
            path=f"{folder}/rpmdb.sqlite",
            limit=rpm.LIMIT,
            companions=(rpm.LOG,),
            reader=rpm.read,
        )
        for folder in _RPM_FOLDERS
    ),
    *(
        Database(ecosystem=Ecosystem.RPM, path=f"{folder}/{name}", unread=why)
        for folder in _RPM_FOLDERS
        for name, why in _RPM_UNREAD.items()
    ),
)


# Asked for each file of an image, of which there may be a million.
_BY_FILE = {
    f"{database.path}{behind}": database
    for database in DATABASES
    if not database.in_parts
    for behind in ("", *database.companions)
}
_BY_FOLDER = {database.path: database for database in DATABASES if database.in_parts}


def database_of(path: str) -> Database | None:
    """The database that a file of an image belongs to."""
    found = _BY_FILE.get(path) or _BY_FOLDER.get(path.rpartition("/")[0])
    return found if found is not None and found.holds(path) else None
