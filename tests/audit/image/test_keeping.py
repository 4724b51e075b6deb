"""Of which files the content is kept while layers are read."""

import pytest

from pinbot.audit.image.keeping import Keeper, is_wanted
from pinbot.image.limits import DEFAULT
from pinbot.model.image import Entry, EntryKind

MIB = 1024**2


def entry(path: str, size: int = 1000, mode: int = 0o444, kind: EntryKind = EntryKind.FILE) -> Entry:
    return Entry(path=path, kind=kind, mode=mode, size=size)


@pytest.mark.parametrize(
    ("one", "wanted"),
    [
        (entry("app/data"), True),
        (entry("app/data", MIB), True),
        (entry("app/data", MIB + 1), False),
        (entry("app/app", 60 * MIB, 0o555), True),
        (entry("app/app", 97 * MIB, 0o555), False),
        (entry("usr/share/doc/x/README"), False),
        (entry("usr/lib/libx.so.1.2"), False),
        (entry("usr/lib/libx.so.1.2", mode=0o755), True),
        (entry("etc/x.socket"), True),
        (entry("app", kind=EntryKind.DIRECTORY), False),
    ],
)
def test_small_files_and_programs_are_wanted(one: Entry, wanted: bool) -> None:  # noqa: FBT001
    assert is_wanted(one) is wanted
    assert (Keeper()(one) >= one.size) is wanted


def test_an_empty_file_is_kept_so_that_it_is_known_to_be_empty() -> None:
    assert Keeper()(entry("etc/nsswitch.conf", 0)) > 0


def test_room_is_bounded_and_what_rules_look_for_by_name_has_its_own() -> None:
    keeper = Keeper()
    small = [keeper(entry(f"srv/{number}", MIB)) > 0 for number in range(200)]
    assert small == [True] * 64 + [False] * 136
    programs = [keeper(entry(f"usr/bin/{number}", 30 * MIB, 0o755)) > 0 for number in range(4)]
    assert programs == [True, True, False, False]
    known = [keeper(entry(f"etc/{number}", MIB)) > 0 for number in range(30)]
    assert known == [True] * 16 + [False] * 14


def test_what_is_started_is_kept_however_little_room_there_is() -> None:
    keeper = Keeper(["opt/app"])
    for number in range(4):
        keeper(entry(f"usr/bin/{number}", 30 * MIB, 0o755))
    assert keeper(entry("opt/app", 30 * MIB, 0o755)) >= 30 * MIB


def test_all_that_is_kept_is_no_more_than_is_kept_of_any_image() -> None:
    keeper = Keeper(["opt/app"])
    sizes = [(f"etc/{n}", MIB, 0o444) for n in range(99)] + [(f"srv/{n}", MIB, 0o444) for n in range(99)]
    sizes += [(f"usr/bin/{n}", 24 * MIB, 0o755) for n in range(9)] + [("opt/app", 96 * MIB, 0o755)]
    kept = sum(size for path, size, mode in sizes if keeper(entry(path, size, mode)))
    assert kept <= DEFAULT.kept
