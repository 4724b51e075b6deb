"""One layer as its bytes come: what is kept of it, and when it is refused."""

import gzip
import hashlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import ImageError, Mismatch
from pinbot.image.layers.changes import Added, Change, Cleared, Linked, Removed
from pinbot.image.layers.layer import Layer
from pinbot.image.limits import Allowance, Limits
from pinbot.model.image import Entry, EntryKind
from pinbot.model.reference import Digest
from tests.support.oci import digest_of
from tests.support.tarballs import (
    CAPABILITIES,
    Member,
    archive,
    device,
    folder,
    hard_link,
    member,
    opaque,
    symlink,
    whiteout,
)

BIG = bytes(range(256)) * 20


def read(data: bytes, *, sizes: list[int] | None = None, **arguments: object) -> list[Change]:
    layer = Layer(**arguments)  # type: ignore[arg-type]
    found: list[Change] = []
    start = 0
    for size in [*(sizes or []), len(data)]:
        found += layer.feed(data[start : start + size])
        start += size
    layer.close()
    return found


def added(data: bytes, **arguments: object) -> dict[str, Added]:
    return {change.path: change for change in read(data, **arguments) if isinstance(change, Added)}


def keep_all(_: Entry) -> int:
    return 10**6


def test_each_member_is_a_change() -> None:
    data = archive(
        folder("d", 0o750, uid=1, gid=2),
        member("d/f", b"data", mode=0o4755, pax_headers={CAPABILITIES: "x"}),
        symlink("d/s", "../f"),
        hard_link("d/h", "d/f", mode=0o600, uid=7),
        device("dev/null"),
        whiteout("d/gone"),
        opaque("d/clear"),
        member(".wh..wh..opq"),
    )
    assert read(data, number=3) == [
        Added(entry=Entry(path="d", kind=EntryKind.DIRECTORY, mode=0o750, uid=1, gid=2, layer=3)),
        Added(entry=Entry(path="d/f", kind=EntryKind.FILE, mode=0o4755, size=4, capabilities=True, layer=3)),
        Added(entry=Entry(path="d/s", kind=EntryKind.SYMLINK, mode=0o777, link="../f", layer=3)),
        Linked(path="d/h", target="d/f", mode=0o600, uid=7, gid=0, capabilities=False),
        Added(entry=Entry(path="dev/null", kind=EntryKind.DEVICE, mode=0o666, layer=3)),
        Removed(path="d/gone"),
        Cleared(path="d/clear"),
        Cleared(path=""),
    ]


@given(st.lists(st.binary(max_size=2000), max_size=4), st.lists(st.integers(0, 700), max_size=12))
def test_contents_do_not_depend_on_how_the_bytes_come(contents: list[bytes], sizes: list[int]) -> None:
    data = archive(*(member(f"f{number}", content) for number, content in enumerate(contents)))
    for packed in (data, gzip.compress(data), zstandard.compress(data)):
        found = read(packed, sizes=sizes, keep=keep_all, hashed=lambda _: True)
        assert [
            (change.content, str(change.entry.digest)) for change in found if isinstance(change, Added)
        ] == [(content, digest_of(content)) for content in contents]


@pytest.mark.parametrize(("wanted", "content"), [(0, None), (1, BIG[:1]), (600, BIG[:600]), (10**9, BIG)])
def test_as_many_first_bytes_are_kept_as_are_asked_for(wanted: int, content: bytes | None) -> None:
    data = archive(member("a", BIG), member("b", b"next"))
    found = added(data, keep=lambda entry: wanted if entry.path == "a" else 0, sizes=[700] * 5)
    assert found["a"].content == content
    assert found["a"].entry.size == len(BIG)
    assert found["a"].entry.digest is None
    assert found["b"].content is None


def test_a_digest_is_that_of_the_whole_however_little_is_kept() -> None:
    found = added(archive(member("a", BIG)), keep=lambda _: 3, hashed=lambda _: True)
    assert found["a"].content == BIG[:3]
    assert str(found["a"].entry.digest) == digest_of(BIG)


def test_an_empty_file_that_is_asked_for_has_a_content() -> None:
    data = archive(member("a"), member("b"))
    found = added(data, keep=lambda entry: 1 if entry.path == "a" else 0)
    assert (found["a"].content, found["b"].content) == (b"", None)


def test_each_file_is_asked_for_once_and_in_order() -> None:
    asked: list[str] = []

    def keep(entry: Entry) -> int:
        asked.append(entry.path)
        return 0

    members = [member("b"), folder("d"), member("a", b"x"), symlink("s", "a"), member("b", b"y")]
    read(archive(*members), keep=keep)
    assert asked == ["b", "a", "b"]


def test_what_does_not_fit_is_not_kept_and_this_is_said() -> None:
    allowance = Allowance(Limits(kept=10))
    data = archive(member("a", b"x" * 6), member("b", b"x" * 5), member("c", b"x" * 4), member("d", b"x"))
    found = added(data, keep=keep_all, hashed=lambda _: True, allowance=allowance)
    assert [change.content for change in found.values()] == [b"x" * 6, None, b"x" * 4, None]
    assert found["b"].unkept == "more than 10 bytes of files would have to be kept"
    assert found["a"].unkept == ""
    assert str(found["b"].entry.digest) == digest_of(b"x" * 5)


def test_a_sparse_file_is_not_read_and_this_is_said() -> None:
    pax = {"GNU.sparse.major": "1", "GNU.sparse.name": "s", "GNU.sparse.realsize": "9999"}
    data = archive(member("GNUSparseFile.0/s", b"1\n0\n4\n", pax_headers=pax), member("next", b"content"))
    found = added(data, keep=keep_all, hashed=lambda _: True)
    assert found["s"].entry.size == 9999
    assert found["s"].entry.digest is None
    assert found["s"].content is None
    assert found["s"].unkept == "it is stored as a sparse file, which is not read"
    assert found["next"].content == b"content"
    assert added(data)["s"].unkept == ""


def test_a_layer_that_is_not_the_one_of_the_config_is_refused_at_its_end() -> None:
    data = archive(member("a", b"x"))
    wrong, right = Digest("sha256", "0" * 64), Digest("sha512", hashlib.sha512(data).hexdigest())
    assert len(read(gzip.compress(data), diff_id=right)) == 1
    layer = Layer(diff_id=wrong)
    assert len(list(layer.feed(gzip.compress(data)))) == 1
    with pytest.raises(Mismatch) as caught:
        layer.close()
    assert caught.value.message == (
        f"is not the one that the config names: its digest when it is not compressed is {digest_of(data)}, "
        f"where it should be {wrong}"
    )


def test_what_stands_behind_the_archive_counts_for_its_digest() -> None:
    data = archive(member("a")) + b"more"
    assert len(read(gzip.compress(data), diff_id=Digest.parse(digest_of(data)))) == 1


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress])
def test_a_layer_that_is_cut_off_is_refused(compress: Callable[[bytes], bytes]) -> None:
    data = compress(archive(member("a", BIG), member("b", BIG)))
    for size in range(100, len(data.rstrip(b"\0")), 97):
        if size % 512:
            with pytest.raises(ImageError, match=r"is cut off|ends in the middle"):
                read(data[:size])


def test_too_many_names_are_refused() -> None:
    allowance = Allowance(Limits(entries=5))
    for _ in range(2):
        read(archive(member("a"), member("b")), allowance=allowance)
    with pytest.raises(ImageError, match="brings the names in the image to more than 5"):
        read(archive(member("a"), member("b")), allowance=allowance)


def test_an_image_that_is_too_large_is_refused() -> None:
    data = archive(member("a", BIG))
    allowance = Allowance(Limits(image_size=2 * len(data)))
    for _ in range(2):
        read(gzip.compress(data), allowance=allowance)
    with pytest.raises(ImageError, match=f"brings the image to more than {2 * len(data)} bytes"):
        read(gzip.compress(data), allowance=allowance)


@pytest.mark.parametrize(
    "made", [member("\udcff\udc80"), symlink("a", "\udcff"), member("e\u0301"), member("a\n\x1b[31m")]
)
def test_names_of_any_bytes_are_kept_as_they_are(made: Member) -> None:
    (change,) = added(archive(made)).values()
    assert (change.path, change.entry.link) == (made[0].name, made[0].linkname)


@given(st.binary(max_size=3000))
def test_any_bytes_are_a_layer_or_an_error(data: bytes) -> None:
    for start in (b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"):
        try:
            read(start + data)
        except ImageError as error:
            assert error.hint  # noqa: PT017
