import pytest

from pinbot.errors import ImageError
from pinbot.image.packages.databases import DATABASES, Database, database_of


def test_each_file_belongs_to_the_database_that_lies_there() -> None:
    places = {
        "lib/apk/db/installed": "lib/apk/db/installed",
        "usr/lib/apk/db/installed": "usr/lib/apk/db/installed",
        "var/lib/dpkg/status": "var/lib/dpkg/status",
        "var/lib/dpkg/status.d/base": "var/lib/dpkg/status.d",
        "var/lib/dpkg/status.d/base.md5sums": None,
        "var/lib/dpkg/status.d": None,
        "var/lib/dpkg/status.d/a/b": None,
        "var/lib/dpkg/status-old": None,
        "lib/apk/db/installed.new": None,
        "srv/lib/apk/db/installed": None,
        "/lib/apk/db/installed": None,
        "": None,
    }
    found = {path: database_of(path) for path in places}
    assert {path: database and database.path for path, database in found.items()} == places


def test_parts_are_read_together_and_each_package_tells_from_which_one_it_is() -> None:
    folder = database_of("var/lib/dpkg/status.d/base")
    assert folder is not None
    assert folder.in_parts
    packages = folder.read(
        {
            "var/lib/dpkg/status.d/tzdata": b"Package: tzdata\nVersion: 2024a-0+deb12u1\n",
            "var/lib/dpkg/status.d/base": b"Package: base-files\nVersion: 12.4+deb12u5\n",
        }
    )
    assert [(one.name, one.place) for one in packages] == [
        ("base-files", "var/lib/dpkg/status.d/base"),
        ("tzdata", "var/lib/dpkg/status.d/tzdata"),
    ]


@pytest.mark.parametrize(
    "database", [one for one in DATABASES if not one.unread], ids=lambda database: database.path
)
def test_a_database_that_is_too_large_is_refused_with_its_size(database: Database) -> None:
    huge = b"\n" * (database.limit + 1)
    path = f"{database.path}/part" if database.in_parts else database.path
    with pytest.raises(ImageError, match=f"{len(huge):,} bytes"):
        database.read({path: huge})
