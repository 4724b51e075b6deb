"""Layers laid upon each other: what runtimes make of them, this does too."""

import gzip
import stat
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import ImageError
from pinbot.image.files import Files
from pinbot.image.limits import Limits
from pinbot.model.image import EntryKind
from tests.support import local_images
from tests.support.oci import Image, digest_of
from tests.support.tarballs import (
    CAPABILITIES,
    Member,
    archive,
    device,
    fifo,
    folder,
    hard_link,
    member,
    merged,
    opaque,
    symlink,
    whiteout,
)

BASE = (folder("etc"), member("etc/a", b"lower"), folder("etc/d"), member("etc/d/x", b"x"), member("b", b"b"))


def paths(files: Files) -> list[str]:
    return [entry.path for entry in files if entry.path]


def test_a_whiteout_removes_a_file_and_no_other() -> None:
    assert paths(merged(BASE, [whiteout("etc/a")])) == ["b", "etc", "etc/d", "etc/d/x"]


def test_a_whiteout_of_a_folder_removes_all_below_it() -> None:
    assert paths(merged(BASE, [whiteout("etc")])) == ["b"]


def test_a_whiteout_of_what_is_not_there_removes_nothing() -> None:
    assert paths(merged(BASE, [whiteout("etc/none"), whiteout("none/b"), whiteout("b/c")])) == paths(
        merged(BASE)
    )


@pytest.mark.parametrize("order", [1, -1])
def test_a_whiteout_removes_nothing_of_its_own_layer(order: int) -> None:
    upper = [member("etc/d/new", b"new"), whiteout("etc/d")][::order]
    files = merged(BASE, upper)
    assert paths(files) == ["b", "etc", "etc/a", "etc/d", "etc/d/new"]
    assert files.content("etc/d/new") == b"new"


def test_a_file_that_is_removed_can_come_again() -> None:
    files = merged(BASE, [whiteout("etc/a")], [member("etc/a", b"again")])
    assert files.content("etc/a") == b"again"


@pytest.mark.parametrize("order", [1, -1])
def test_an_opaque_folder_holds_only_what_its_own_layer_brings(order: int) -> None:
    upper = [opaque("etc"), member("etc/new", b"new")][::order]
    assert paths(merged(BASE, upper)) == ["b", "etc", "etc/new"]


def test_an_opaque_root_clears_the_image() -> None:
    assert paths(merged(BASE, [member(".wh..wh..opq"), member("only", b"")])) == ["only"]


def test_what_is_opaque_and_no_folder_clears_nothing() -> None:
    assert paths(merged(BASE, [opaque("b")])) == paths(merged(BASE))


def test_notes_of_aufs_are_no_files() -> None:
    aufs = [folder(".wh..wh.plnk"), member(".wh..wh.plnk/1.2", b"x"), member(".wh..wh.aufs", b"")]
    assert paths(merged(BASE, aufs)) == paths(merged(BASE))


def test_a_file_replaces_a_folder_and_all_below_it() -> None:
    files = merged(BASE, [member("etc", b"now a file")])
    assert paths(files) == ["b", "etc"]
    assert files.content("etc") == b"now a file"


def test_a_folder_replaces_a_file() -> None:
    files = merged(BASE, [folder("b"), member("b/c", b"c")])
    assert [entry.kind for entry in files.below("")][:2] == [EntryKind.DIRECTORY, EntryKind.FILE]
    assert files.content("b") is None


def test_a_folder_over_a_folder_changes_it_and_leaves_what_is_in_it() -> None:
    files = merged(BASE, [folder("etc", 0o700, uid=7)])
    assert paths(files) == paths(merged(BASE))
    etc = files.get("etc")
    assert etc is not None
    assert (etc.mode, etc.uid, etc.layer) == (0o700, 7, 1)


def test_the_last_of_several_members_with_one_name_counts() -> None:
    files = merged([member("a", b"first"), folder("a"), member("a/b", b""), member("a", b"last")])
    assert paths(files) == ["a"]
    assert files.content("a") == b"last"


def test_folders_that_no_layer_names_are_made() -> None:
    files = merged([member("a/b/c", b"c")])
    assert paths(files) == ["a", "a/b", "a/b/c"]
    entry = files.get("a/b")
    assert entry is not None
    assert (entry.kind, entry.mode, entry.uid) == (EntryKind.DIRECTORY, 0o755, 0)


def test_the_root_can_have_a_mode() -> None:
    entry = merged([folder("./", 0o700)]).get("/")
    assert entry is not None
    assert (entry.path, entry.mode) == ("", 0o700)


@pytest.mark.parametrize(
    "name", ["/etc/new", "./etc/new", "etc//new", "etc/./new", "x/../etc/new", "etc/d/../new"]
)
def test_one_name_can_be_written_in_several_ways(name: str) -> None:
    assert merged(BASE, [member(name, b"new")]).content("etc/new") == b"new"


def test_a_link_on_the_way_leads_into_the_image() -> None:
    lower = [
        folder("usr/lib"),
        symlink("lib", "usr/lib"),
        symlink("abs", "/../../usr"),
        member("usr/lib/a", b"a"),
    ]
    files = merged(lower, [member("lib/new", b"new"), member("abs/lib/other", b"other"), whiteout("lib/a")])
    assert files.content("usr/lib/new") == b"new"
    assert files.content("usr/lib/other") == b"other"
    assert paths(files) == ["abs", "lib", "usr", "usr/lib", "usr/lib/new", "usr/lib/other"]


def test_a_link_on_the_way_to_nowhere_has_its_folder_made() -> None:
    files = merged([symlink("lib", "usr/lib")], [member("lib/new", b"new")])
    assert files.content("/usr/lib/new") == b"new"


def test_a_link_itself_is_replaced_and_not_followed() -> None:
    files = merged([folder("usr/lib"), symlink("lib", "usr/lib")], [folder("lib"), member("lib/a", b"a")])
    assert paths(files) == ["lib", "lib/a", "usr", "usr/lib"]


def test_a_hard_link_is_a_further_name_of_a_file() -> None:
    files = merged(
        [member("a", b"data", pax_headers={CAPABILITIES: "x"}), hard_link("b", "./a")],
        [hard_link("c", "/b", mode=0o4755, uid=3), whiteout("a")],
    )
    assert paths(files) == ["b", "c"]
    first, second = files.get("b"), files.get("c")
    assert first is not None
    assert second is not None
    assert files.content("c") == b"data"
    for entry in (first, second):
        assert (entry.mode, entry.uid, entry.size, entry.capabilities) == (0o4755, 3, 4, True)
    assert second.digest == first.digest
    assert (first.layer, second.layer) == (0, 1)
    assert files.hidden == ()


def test_a_hard_link_to_a_symbolic_link_is_one_too() -> None:
    files = merged([member("a", b"a"), symlink("b", "a"), hard_link("c", "b")])
    entry = files.get("c")
    assert entry is not None
    assert (entry.kind, entry.link) == (EntryKind.SYMLINK, "a")


def test_a_hard_link_takes_the_place_of_a_folder_that_holds_its_target() -> None:
    # Runtimes remove the folder first, and then have nothing to link to.
    with pytest.raises(ImageError, match="links 'etc' to 'etc/a', which is no file"):
        merged(BASE, [hard_link("etc", "etc/a")])


@pytest.mark.parametrize(
    "links",
    [
        [hard_link("a", "none")],
        [hard_link("a", "a")],
        [hard_link("a", "b"), hard_link("b", "a")],
        [folder("d"), hard_link("a", "d")],
        [folder("d"), hard_link("a", "/")],
        [hard_link("a", "b"), member("b", b"too late")],
    ],
)
def test_a_hard_link_to_no_file_is_refused(links: list[Member]) -> None:
    with pytest.raises(ImageError, match=r"links '.' to '.*', which is no file in the image") as caught:
        merged(links)
    assert caught.value.hint == "make the image anew: no runtime unpacks this layer"


@pytest.mark.parametrize(
    "members",
    [
        [member("a", b""), member("a/b", b"")],
        [device("a"), member("a/b", b"")],
        [symlink("a", "a"), member("a/b", b"")],
        [symlink("a", "b"), symlink("b", "a"), member("a/c", b"")],
    ],
)
def test_what_lies_below_no_folder_is_refused(members: list[Member]) -> None:
    with pytest.raises(ImageError, match="below what is no folder, or a link in a circle"):
        merged(members)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (member("../etc/passwd", b""), "holds '../etc/passwd', which leads out of the image"),
        (member("a/../../b", b""), "holds 'a/../../b', which leads out of the image"),
        (hard_link("a", "../b"), "holds '../b', which leads out of the image"),
        (member("x" * 5000, b""), "of 5000 bytes, where a file system takes 4096"),
        (member("é" * 2500, b""), "of 5000 bytes, where a file system takes 4096"),
        (member("x" * 100_000, b""), "of 100000 bytes, where a file system takes 4096"),
        (symlink("a", "x" * 100_000), "of 100000 bytes, where a file system takes 4096"),
        (symlink("a", ""), "holds '' as a name, which no file system takes"),
        (member("a", b"", pax_headers={"path": "b\0c"}), r"holds 'b\x00c' as a name"),
        (symlink("a", "b\0c"), r"holds 'b\x00c' as a name"),
        (member(".", b""), "holds a file in place of the root"),
        (symlink("a/..", "b"), "holds a symlink in place of the root"),
        (member(".wh.", b""), "removes '.wh.', which names nothing"),
        (member("etc/.wh...", b""), "removes '.wh...', which names nothing"),
        (member(".wh..", b""), "removes '.wh..', which names nothing"),
    ],
)
def test_names_that_no_file_system_takes_are_refused(made: Member, words: str) -> None:
    if made[0].linkname.count("\0"):
        made[0].pax_headers["linkpath"] = made[0].linkname
    with pytest.raises(ImageError) as caught:
        merged(BASE, [made])
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("members", "limits", "words"),
    [
        ([member("a" * 60), member("b" * 60)], Limits(names=100), "to more than 100 characters"),
        ([symlink("a", "b" * 99)], Limits(names=99), "to more than 99 characters"),
        ([symlink("l", "a" * 60), member("l/" + "b" * 50)], Limits(name=100), "its name has 110 characters"),
        ([symlink("l", "./" * 60), member("l/b")], Limits(steps=50), "passes more than 50 links and folders"),
    ],
)
def test_names_take_no_more_memory_and_time_than_they_may(
    members: list[Member], limits: Limits, words: str
) -> None:
    merged(members)
    with pytest.raises(ImageError) as caught:
        merged(members, limits=limits)
    assert words in caught.value.message


def test_one_folder_cleared_many_times_takes_no_long_time() -> None:
    # Looking at all of it each time would take ever so long.
    many = [member(f"a/b/{number}") for number in range(5_000)]
    files = merged(many, [*many, *([opaque("a/b"), whiteout("a")] * 2_000), member("a/new")])
    assert len(paths(files)) == 5_003
    deep = [folder("/".join("a" * depth)) for depth in range(1, 1000)]
    deepest = [member("/".join("a" * 999) + f"/{number}") for number in range(5_000)]
    clears = [opaque("/".join("a" * depth)) for depth in range(999, 0, -1)]
    assert len(paths(merged(deep, [*deepest, *clears]))) == 999 + 5_000


def test_files_that_a_higher_layer_hides_are_told() -> None:
    files = merged(BASE, [member("etc/a", b"upper"), whiteout("b")])
    assert [(entry.path, entry.layer) for entry in files.hidden] == [("etc/a", 0), ("b", 0)]


def test_devices_and_fifos_are_listed() -> None:
    files = merged([device("dev/null"), fifo("run/pipe")])
    assert {entry.path: str(entry.kind) for entry in files.below("")} == {
        "dev": "directory",
        "dev/null": "device",
        "run": "directory",
        "run/pipe": "fifo",
    }


def test_where_the_content_of_a_file_lies_is_known() -> None:
    files = merged(
        [folder("usr/lib"), symlink("lib", "usr/lib"), member("lib/a", b"1"), hard_link("b", "lib/a")],
        [hard_link("c", "b"), member("twice", b"1"), hard_link("d", "twice"), member("twice", b"2")],
    )
    origins = {entry.path: files.origin(entry) for entry in files if entry.kind is EntryKind.FILE}
    assert origins == {
        "usr/lib/a": (0, "lib/a"),
        "b": (0, "lib/a"),
        "c": (0, "lib/a"),
        "twice": (1, "twice"),
        "d": None,
    }


_PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
_MEMBERS = st.one_of(
    st.builds(member, _PATHS, st.binary(max_size=3)), st.builds(folder, _PATHS), st.builds(whiteout, _PATHS)
)


@given(st.lists(st.lists(_MEMBERS, max_size=6), max_size=4))
def test_without_links_layers_do_what_the_specification_says(layers: list[list[Member]]) -> None:
    """Against its plainest reading: what is removed first, then what is brought, by paths alone."""
    layers = [sorted(layer, key=lambda made: not _removes(made)) for layer in layers]
    expected: dict[str, bytes | None] = {}
    possible = True
    for layer in layers:
        for info, content in layer:
            head, _, name = info.name.rpartition("/")
            if name.startswith(".wh."):
                _remove(expected, f"{head}/{name[4:]}".strip("/"))
                continue
            parents = _parents(info.name)
            possible = possible and all(expected.get(parent) is None for parent in parents)
            if not info.isdir() or expected.get(info.name) is not None:
                _remove(expected, info.name)
            expected |= dict.fromkeys(parents)
            expected[info.name] = None if info.isdir() else content
    if possible:
        files = merged(*layers)
        assert {entry.path: files.content(entry.path) for entry in files.below("")} == expected
    else:
        with pytest.raises(ImageError, match="below what is no folder"):
            merged(*layers)


def _removes(made: Member) -> bool:
    return ".wh." in made[0].name


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _remove(tree: dict[str, bytes | None], path: str) -> None:
    for other in [other for other in tree if f"{other}/".startswith(f"{path}/")]:
        del tree[other]


LAYERS: tuple[tuple[Member, ...], ...] = (
    (
        folder("./", 0o755),
        folder("usr/"),
        folder("usr/lib/", 0o750, uid=3, gid=4),
        symlink("lib", "usr/lib"),
        symlink("abs", "/usr/lib"),
        member("usr/lib/libc.so", b"c" * 3000, mode=0o755),
        hard_link("usr/lib/ld.so", "usr/lib/libc.so", mode=0o711, gid=9),
        folder("etc"),
        member("etc/passwd", b"root:x:0:0::/:", mode=0o640, uid=5, gid=6),
        symlink("etc/dangling", "/nowhere/at/all"),
        member("etc/gone", b"gone"),
        folder("tmp", 0o1777),
        member("tmp/setuid", b"x", mode=0o4755),
        folder("opt/a"),
        member("opt/a/old", b"old"),
        member("opt/file", b"a file"),
        folder("var/opaque/sub"),
        member("var/opaque/sub/old", b"old"),
        folder("srv/swap"),
        member("srv/swap/in", b"in"),
        member("implied/far/down", b"down"),
        fifo("run/pipe"),
    ),
    (
        member("lib/new.so", b"new"),
        member("abs/newer.so", b"newer", mode=0o700),
        whiteout("etc/gone"),
        whiteout("opt/a"),
        member("opt/a/fresh", b"fresh"),
        folder("opt/file"),
        member("opt/file/inside", b"inside"),
        folder("var/opaque", 0o711),
        opaque("var/opaque"),
        member("var/opaque/new", b"new"),
        member("srv/swap", b"a file now"),
        hard_link("etc/shadow", "etc/passwd", mode=0o600, uid=1),
        folder("usr/lib", 0o701, uid=8),
        member("é/\udcff", b"names of any bytes"),
    ),
    (
        whiteout("etc/passwd"),
        member("etc/dangling", b"now a file"),
        whiteout("implied"),
        member("tmp/setuid", b"y", mode=0o755),
        symlink("opt/file", "a"),
    ),
)


@pytest.mark.needs("buildah")
def test_what_a_runtime_unpacks_is_what_was_read(tmp_path: Path) -> None:
    image = Image(layers=tuple(_packed(layer) for layer in LAYERS))
    layout = local_images.write_folder(tmp_path / "layout", local_images.layout(image))
    files = merged(*LAYERS)
    expected = [
        (entry.path, str(entry.kind), entry.mode, entry.uid, entry.gid, entry.link, str(entry.digest or ""))
        for entry in files.below("")
    ]
    with _mounted(f"oci:{layout}", tmp_path) as root:
        assert sorted(_found(root)) == expected


def _packed(layer: Iterable[Member]) -> bytes:
    return gzip.compress(archive(*layer), 1, mtime=0)


@contextmanager
def _mounted(image: str, folder: Path) -> Iterator[Path]:
    """The file system of an image as buildah's storage makes it."""
    options = ["--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs"]

    def buildah(*arguments: str) -> str:
        return subprocess.check_output(["buildah", *options, *arguments], text=True).strip()

    container = buildah("from", image)
    try:
        yield Path(buildah("mount", container))
    finally:
        buildah("rm", container)


def _found(root: Path) -> Iterator[tuple[str, str, int, int, int, str, str]]:
    kinds = {
        stat.S_IFREG: "file",
        stat.S_IFDIR: "directory",
        stat.S_IFLNK: "symlink",
        stat.S_IFIFO: "fifo",
        stat.S_IFCHR: "device",
    }
    for path in root.rglob("*"):
        found = path.lstat()
        kind = kinds[stat.S_IFMT(found.st_mode)]
        yield (
            str(path.relative_to(root)),
            kind,
            stat.S_IMODE(found.st_mode),
            found.st_uid,
            found.st_gid,
            str(path.readlink()) if kind == "symlink" else "",
            digest_of(path.read_bytes()) if kind == "file" else "",
        )
