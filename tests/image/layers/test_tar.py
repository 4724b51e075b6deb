"""The tar parser against Python's own, and what it makes of archives that no tool should write."""

import io
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import ImageError
from pinbot.image.layers import headers, tar
from pinbot.image.layers.tar import Kind, Member, Parser
from tests.support.tarballs import CAPABILITIES, archive, member

KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARD_LINK,
    tarfile.CHRTYPE: Kind.DEVICE,
    tarfile.BLKTYPE: Kind.DEVICE,
    tarfile.FIFOTYPE: Kind.FIFO,
}


def parse(data: bytes, sizes: Iterable[int] = ()) -> list[tuple[Member, bytes]]:
    """Every member with its content; the archive is fed in pieces of these sizes, then in one."""
    parser = Parser()
    found: list[tuple[Member, bytearray]] = []
    start = 0
    for size in [*sizes, len(data)]:
        for event in parser.feed(data[start : start + size]):
            if isinstance(event, Member):
                found.append((event, bytearray()))
            else:
                found[-1][1].extend(event)
        start += size
    parser.close()
    return [(member, bytes(content)) for member, content in found]


def sealed(block: bytearray) -> bytes:
    """A header with the checksum that it should have."""
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def header(name: str = "a", **attributes: object) -> bytearray:
    return bytearray(member(name, **attributes)[0].tobuf(tarfile.USTAR_FORMAT))


_LETTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
_BYTES = st.sampled_from("\udc80\udcc3\udca9\udcff")
_NAMES = st.text(_LETTERS | _BYTES, min_size=1, max_size=30).filter(lambda name: name.strip("/") != "")
_PATHS = st.builds("/".join, st.lists(_NAMES, min_size=1, max_size=12))


@st.composite
def members(draw: st.DrawFn) -> tuple[tarfile.TarInfo, bytes]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    content = draw(st.binary(max_size=1500)) if KINDS[kind] is Kind.FILE else b""
    name = draw(_PATHS)
    if kind == tarfile.AREGTYPE and (name.endswith("/") or len(name) > 25):
        # Python takes one for a folder where its name is cut off behind a slash, and reads on in its data.
        kind = tarfile.REGTYPE
    pax = draw(st.sampled_from([{}, {CAPABILITIES: "\1"}, {"comment": "x" * 700}]))
    return member(
        name,
        content,
        type=kind,
        mode=draw(st.integers(0, 0o7777)),
        uid=draw(st.integers(0, 2**32)),
        gid=draw(st.integers(0, 0o7777777)),
        mtime=draw(st.integers(0, 2**33)),
        linkname=draw(_PATHS) if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else "",
        pax_headers=dict(pax),
    )


@given(
    st.lists(members(), max_size=5),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.lists(st.integers(0, 2000), max_size=8),
)
def test_archives_are_read_as_pythons_own_reader_does_it(
    written: list[tuple[tarfile.TarInfo, bytes]], kind: int, sizes: list[int]
) -> None:
    data = archive(*written, kind=kind)
    with tarfile.open(fileobj=io.BytesIO(data)) as reader:
        expected = [
            (
                info.name.rstrip("/"),
                KINDS[info.type],
                info.mode,
                info.uid,
                info.gid,
                info.size,
                info.linkname,
                info.offset_data,
                CAPABILITIES in info.pax_headers,
                b"" if KINDS[info.type] is not Kind.FILE else _content(reader, info),
            )
            for info in reader
        ]
    assert [
        (
            found.name.rstrip("/"),
            found.kind,
            found.mode,
            found.uid,
            found.gid,
            found.size,
            found.link,
            found.offset,
            found.capabilities,
            content,
        )
        for found, content in parse(data, sizes)
    ] == expected


def _content(reader: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = reader.extractfile(info)
    assert file is not None
    return file.read()


@given(st.data())
def test_damaged_archives_are_refused_or_read_but_never_break_anything(data: st.DataObject) -> None:
    whole = bytearray(archive(*data.draw(st.lists(members(), min_size=1, max_size=3))))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        parse(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except ImageError as error:
        assert error.message.startswith("is no tar archive that could be unpacked: ")  # noqa: PT017


@pytest.mark.needs("gnu-tar")
@pytest.mark.parametrize("form", ["gnu", "posix", "ustar", "v7", "oldgnu"])
def test_what_gnu_tar_writes_is_read(tmp_path: Path, form: str) -> None:
    (tmp_path / "folder").mkdir(mode=0o750)
    (tmp_path / "folder" / "file").write_bytes(b"content")
    (tmp_path / "folder" / "link").symlink_to("file")
    (tmp_path / "folder" / "hard").hardlink_to(tmp_path / "folder" / "file")
    command = ["tar", "--create", f"--format={form}", "--sort=name", "folder"]
    data = subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.PIPE).stdout
    assert [(found.name, found.kind, found.link, content) for found, content in parse(data)] == [
        ("folder/", Kind.DIRECTORY, "", b""),
        ("folder/file", Kind.FILE, "", b"content"),
        ("folder/hard", Kind.HARD_LINK, "folder/file", b""),
        ("folder/link", Kind.SYMLINK, "file", b""),
    ]


@pytest.mark.needs("gnu-tar")
@pytest.mark.parametrize(
    "form", ["--format=gnu", "--sparse-version=0.0", "--sparse-version=0.1", "--sparse-version=1.0"]
)
def test_a_sparse_file_has_its_real_size_and_is_known_as_such(tmp_path: Path, form: str) -> None:
    with (tmp_path / "disk").open("wb") as file:
        for number in range(30):
            file.seek(number * 1_000_000)
            file.write(b"data")
        file.truncate(40_000_000)
    (tmp_path / "next").write_bytes(b"after it")
    kind = [] if form.startswith("--format") else ["--format=posix"]
    command = ["tar", "--create", "--sparse", *kind, form, "disk", "next"]
    data = subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.PIPE).stdout
    (disk, _), (after, content) = parse(data)
    assert (disk.name, disk.size, disk.sparse, disk.kind) == ("disk", 40_000_000, True, Kind.FILE)
    assert disk.stored < 1_000_000
    assert (after.name, after.sparse, content) == ("next", False, b"after it")


def test_content_that_can_be_sought_over_need_not_be_fed() -> None:
    data = archive(member("a", b"x" * 1000), member("b", b"second"))
    parser = Parser()
    events = list(parser.feed(data[: tar.BLOCK]))
    assert [event.name for event in events if isinstance(event, Member)] == ["a"]
    assert parser.skippable == 1024
    parser.skip(parser.skippable)
    (second,) = [event for event in parser.feed(data[tar.BLOCK + 1024 :]) if isinstance(event, Member)]
    assert (second.name, second.offset) == ("b", 2048)


def test_an_archive_may_end_without_blocks_of_zeros() -> None:
    (found,) = parse(archive(member("a", b"x" * 512))[:1024])
    assert found[1] == b"x" * 512
    assert parse(b"") == []


def test_what_follows_the_end_is_not_looked_at() -> None:
    data = archive(member("a"))
    assert [found.name for found, _ in parse(data + b"garbage" * 1000)] == ["a"]


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (tarfile.AREGTYPE, "folder/", Kind.DIRECTORY),
        (tarfile.REGTYPE, "folder/", Kind.FILE),
        (tarfile.CONTTYPE, "file", Kind.FILE),
    ],
)
def test_types_of_old_archives_are_known(kind: bytes, name: str, expected: Kind) -> None:
    block = header("file")
    block[: len(name)] = name.encode()
    block[156:157] = kind
    assert [found.kind for found, _ in parse(sealed(block))] == [expected]


def test_a_checksum_may_have_been_summed_of_signed_bytes() -> None:
    block = header("é")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(byte - 256 if byte > 127 else byte for byte in block)
    assert [found.name for found, _ in parse(bytes(block))] == ["é"]


def test_the_room_for_a_long_name_is_shared_with_times_in_archives_by_star() -> None:
    block = header("name")
    block[345:355] = b"long/name\0"
    block[476:500] = b"14000000000\0" * 2
    assert [found.name for found, _ in parse(sealed(block))] == ["long/name/name"]
    block[508:512] = b"tar\0"
    block[345:500] = b"x" * 155
    assert [found.name for found, _ in parse(sealed(block))] == ["x" * 131 + "/name"]


def test_a_second_extended_header_takes_the_place_of_the_first() -> None:
    first, second = (archive(member("x", pax_headers={"path": name}))[:1024] for name in ("a", "b"))
    assert [found.name for found, _ in parse(first + second + sealed(header("c")))] == ["b"]


def test_a_global_header_says_nothing_of_members() -> None:
    data = tarfile.TarInfo.create_pax_global_header({"path": "evil"})
    assert [found.name for found, _ in parse(data + sealed(header("a")))] == ["a"]


def numbered(field: slice, value: bytes) -> bytes:
    block = header("a")
    block[field] = value
    return sealed(block)


def record(key: str, value: str) -> bytes:
    text = f" {key}={value}\n".encode()
    return f"{len(text) + 2:02}".encode() + text


def extended(records: bytes) -> bytes:
    block = header("././@PaxHeader", type=tarfile.XHDTYPE)
    block[124:136] = b"%011o\0" % len(records)
    padding = bytes(-len(records) % tar.BLOCK)
    return sealed(block) + records + padding + sealed(header("a"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            bytes(header("a")[:148]) + b"0000000\0" + bytes(header("a")[156:]),
            "the checksum of a header is wrong",
        ),
        (numbered(slice(124, 136), b"12x45678901\0"), "'12x45678901' in a header is no number"),
        (numbered(slice(124, 136), b"00000000008\0"), "'00000000008' in a header is no number"),
        (numbered(slice(124, 136), b"-0000000001\0"), "'-0000000001' in a header is no number"),
        (numbered(slice(124, 136), b"0000_000001\0"), "'0000_000001' in a header is no number"),
        (numbered(slice(124, 136), b"\xff" * 12), "a number in a header is negative"),
        (numbered(slice(156, 157), b"V"), "'a' is of type 'V'"),
        (numbered(slice(156, 157), b"\xff"), "'a' is of type 'ÿ'"),
        (extended(record("path", "b"))[:1024], "it ends in the middle of a member"),
        (numbered(slice(124, 136), b"00000001000\0"), "it ends in the middle of a member"),
        (sealed(header("a"))[:300], "it ends in the middle of a member"),
        (sealed(header("a")) + bytes(512) + sealed(header("b")), "a member follows the block of zeros"),
        (extended(b"nothing"), "an extended header is none"),
        (extended(b"6 a=b\n7 a=b\n"), "an extended header is none"),
        (extended(b"0 a=b\n"), "an extended header is none"),
        (extended(b"99999999999999999999999 a=b\n"), "an extended header is none"),
        (extended(b"5 =b\n"), "an extended header is none"),
        (extended(record("size", "-1")), "'-1' as size is no number"),
        (extended(record("size", "1_0")), "'1_0' as size is no number"),
        (extended(record("size", "٣")), "'٣' as size is no number"),
        (extended(record("size", "9" * 30)), "as size is no number"),
    ],
)
def test_what_is_damaged_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ImageError) as caught:
        parse(data)
    assert words in caught.value.message


@pytest.mark.parametrize("kind", [b"x", b"L", b"K", b"g"])
def test_headers_that_extend_others_are_bounded(kind: bytes) -> None:
    block = header("a")
    block[156:157] = kind
    block[124:136] = b"%011o\0" % (1024**2 + 1)
    with pytest.raises(ImageError, match="a header that extends another has 1048577 bytes"):
        parse(sealed(block))


def test_many_records_in_one_header_take_no_long_time() -> None:
    # Quadratic work would take minutes.
    (found,) = parse(extended(b"6 a=b\n" * 170_000))
    assert found[0].name == "a"


def test_a_long_name_is_cut_in_messages() -> None:
    shown = headers.shown("x" * 100_000)
    assert len(shown) < 200
    assert shown.endswith("…'")
    assert headers.shown("\ud800\n") == "'\\ud800\\n'"
