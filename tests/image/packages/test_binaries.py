import json
import re
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import ImageError
from pinbot.image.elf_file import ElfFile
from pinbot.image.packages import binaries, cargo, go
from pinbot.model.image import Ecosystem, Package
from tests.support.parts import ACT
from tests.support.programs import ADDRESS, START, program
from tests.support.toolchain import specimen

PLACE = "usr/bin/tool"
MAGIC = b"\xff Go buildinf:"
SENTINEL = bytes(range(16))
MODULES = (
    b"path\texample.com/tool/cmd\n"
    b"mod\texample.com/tool\tv1.2.3\th1:x=\n"
    b"dep\tgolang.org/x/net\tv0.17.0\th1:y=\n"
    b"dep\tgopkg.in/old\tv1.0.0\n"
    b"=>\tgithub.com/fork/old\tv1.0.1-fork\th1:z=\n"
    b"dep\texample.com/local\tv0.0.0\n"
    b"=>\t../local\t(devel)\t\n"
    b"dep\tgithub.com/docker/docker\tv24.0.7+incompatible\th1:w=\n"
    b"build\t-compiler=gc\n"
    b"build\tCGO_ENABLED=0\n"
)
TOLD = [
    ("stdlib", "go1.22.3", False),
    ("example.com/tool", "v1.2.3", True),
    ("golang.org/x/net", "v0.17.0", False),
    ("github.com/fork/old", "v1.0.1-fork", False),
    ("example.com/local", "(devel)", False),
    ("github.com/docker/docker", "v24.0.7+incompatible", False),
]


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def inline(version: bytes = b"go1.22.3", modules: bytes = MODULES) -> bytes:
    """What Go writes since 1.18."""
    framed = SENTINEL + modules + SENTINEL if modules else b""
    texts = b"".join(varint(len(text)) + text for text in (version, framed))
    return (MAGIC + b"\x08\x02").ljust(32, b"\0") + texts + b"\0" * 16


def pointing(bits: int, order: str, version: bytes = b"go1.17.2", modules: bytes = MODULES) -> bytes:
    """What Go wrote before: addresses of two texts, each an address and a size."""
    width = bits // 8
    form = f"{order}{'Q' if bits == 64 else 'I'}"
    framed = SENTINEL + modules + SENTINEL
    here = ADDRESS + START
    headers, texts = here + 32, here + 32 + 4 * width

    def words(*numbers: int) -> bytes:
        return b"".join(struct.pack(form, number) for number in numbers)

    head = MAGIC + bytes([width, order == ">"]) + words(headers, headers + 2 * width)
    return (
        head.ljust(32, b"\0")
        + words(texts, len(version), texts + len(version), len(framed))
        + version
        + framed
    )


def told(content: bytes) -> list[tuple[str, str, bool]]:
    packages = binaries.read(content, PLACE)
    assert {(one.ecosystem, one.place) for one in packages} <= {(Ecosystem.GO, PLACE)}
    return [(one.name, one.version, one.root) for one in packages]


def test_modules_are_told_as_what_is_really_in_the_program() -> None:
    assert told(program(inline(), section=".go.buildinfo")) == TOLD


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_older_programs_that_point_to_their_modules_are_read_too(bits: int, order: str) -> None:
    older = [("stdlib", "go1.17.2", False), *TOLD[1:]]
    data = pointing(bits, order)
    assert told(program(data, bits=bits, order=order, section=".go.buildinfo")) == older
    assert told(program(data, bits=bits, order=order)) == older


def test_a_program_whose_sections_were_stripped_off_is_searched_in_its_data() -> None:
    decoy = b"\0\0\0" + MAGIC  # not where the linker would put it
    assert told(program(decoy.ljust(64, b"\0") + inline())) == TOLD


@pytest.mark.parametrize(
    ("written", "version"),
    [
        (b"go1.22.3", "go1.22.3"),
        (b"go1.22.3 X:boringcrypto", "go1.22.3"),
        (b"devel go1.23-2f6783c098 Wed Jun 5", "go1.23-2f6783c098"),
        (b"devel +abcdef", "(devel)"),
    ],
)
def test_of_the_standard_library_the_version_alone_is_told(written: bytes, version: str) -> None:
    assert told(program(inline(written, b""))) == [("stdlib", version, False)]


@pytest.mark.parametrize(
    "data",
    [
        inline()[:40],
        (MAGIC + b"\x08\x02").ljust(32, b"\0") + b"\xff" * 20,
        (MAGIC + b"\x08\x02").ljust(32, b"\0") + varint(1 << 40),
        (MAGIC + b"\x07\x00").ljust(64, b"\0"),
        MAGIC + b"\x08\x00" + struct.pack("<QQ", 1 << 60, 0),
        MAGIC + b"\x08\x00",
        inline(modules=b"=>\ta\tv1\th\n"),
        inline(modules=b"dep\tonly-a-path\n"),
        inline(modules=b"dep\ta b\tv1.0.0\n"),
        inline(modules=b"dep\ta\tv1\x1b[2J\n"),
    ],
)
def test_damaged_information_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError):
        binaries.read(program(data, section=".go.buildinfo"), PLACE)


def test_a_program_that_tells_nothing_has_no_packages() -> None:
    assert binaries.read(program(b"just data", section=".data"), PLACE) == ()
    assert binaries.read(program(b""), PLACE) == ()
    assert binaries.read(program((MAGIC + b"\x08\x00").ljust(64, b"\0")), PLACE) == ()


@given(st.binary(max_size=200))
def test_any_information_is_read_or_refused(data: bytes) -> None:
    for start in (MAGIC + b"\x08\x02", MAGIC + b"\x04\x00", b""):
        try:
            packages = go.read(ElfFile.open(program(start + data, section=".go.buildinfo")), PLACE)
        except ImageError:
            continue
        assert all(one.name.isprintable() for one in packages)


@pytest.mark.needs("act")
def test_the_modules_of_a_real_program_are_all_told() -> None:
    content = ACT.read_bytes()
    packages = binaries.read(content, PLACE)
    listed = re.findall(rb"^(?:mod|dep)\t(\S+)\t(\S+)", content, re.MULTILINE)
    assert {(one.name.encode(), one.version.encode()) for one in packages[1:]} == set(listed)
    assert packages[0].version.startswith("go1.")
    assert [one.name for one in packages if one.root] == ["act"]
    assert len(packages) > 50


def listing(*packages: object, **more: object) -> bytes:
    return zlib.compress(json.dumps({"packages": packages, **more}).encode())


def crate(name: str = "libc", version: str = "0.2.155", source: str = "crates.io", **more: object) -> object:
    return {"name": name, "version": version, "source": source, **more}


def test_crates_that_only_build_the_program_are_not_in_it() -> None:
    section = listing(
        crate("app", "0.1.0", "local", root=True, dependencies=[1, 2]),
        crate("cc", "1.0.83", kind="build"),
        crate(kind="runtime"),
        crate("patched", "1.0.0", "git"),
        format=8,
    )

    def package(name: str, version: str, source: str = "", *, root: bool = False) -> Package:
        return Package(
            ecosystem=Ecosystem.CARGO, name=name, version=version, source=source, place=PLACE, root=root
        )

    assert cargo.parse(section, PLACE) == (
        package("app", "0.1.0", "local", root=True),
        package("libc", "0.2.155"),
        package("patched", "1.0.0", "git"),
    )


@pytest.mark.needs("specimens")
def test_the_crates_of_a_real_program_are_all_told() -> None:
    packages = binaries.read(specimen("uv"), PLACE)
    assert {one.ecosystem for one in packages} == {Ecosystem.CARGO}
    assert [one.name for one in packages if one.root] == ["uv"]
    versions = {one.name: one.version for one in packages}
    assert re.fullmatch(r"1\.\d+\.\d+", versions["tokio"])
    assert len(packages) > 200


@pytest.mark.parametrize(
    "section",
    [
        b"",
        b"not zlib",
        listing()[:-1],
        zlib.compress(b"[]"),
        zlib.compress(b"{}"),
        zlib.compress(b"\xff\xfe"),
        zlib.compress(b"[" * 100_000),
        zlib.compress(b'{"packages": ' + b"9" * 10_000 + b"}"),
        listing("libc"),
        listing(crate(name=None)),
        listing(crate(version=3)),
        listing(crate(name="a b")),
        listing(crate(name="\ud800")),
        listing(crate(source="\x1b[2J")),
        zlib.compress(b" " * (cargo.LIMIT + 1)),
    ],
)
def test_a_damaged_list_of_crates_is_refused(section: bytes) -> None:
    with pytest.raises(ImageError, match=PLACE):
        cargo.parse(section, PLACE)


@given(st.binary())
def test_any_list_of_crates_is_read_or_refused(data: bytes) -> None:
    for section in (data, zlib.compress(data), zlib.compress(b'{"packages": [' + data + b"]}")):
        try:
            cargo.parse(section, PLACE)
        except ImageError:
            continue
