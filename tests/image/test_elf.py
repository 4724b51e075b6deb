"""What is told of ELF files that gcc makes, that others ship, and that nobody should trust."""

import contextlib
import hashlib
import struct
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import ImageError
from pinbot.image import elf
from pinbot.model.binary import Allocator, Binary, Libc, Relro
from pinbot.model.reference import Digest
from tests.support.toolchain import compiled, specimen

GCC = pytest.mark.needs("gcc")
SPECIMENS = pytest.mark.needs("specimens")

JEMALLOC = 'const char *volatile text[] = {"<jemalloc>: ", "___ Begin jemalloc statistics ___\\n"};'
MIMALLOC = 'const char *volatile text[] = {"mimalloc: error: ", "mimalloc: warning: "};'


def linked(*flags: str, source: str = "int main(void) { return 0; }") -> Binary:
    return elf.read(compiled(*flags, source=source))


@SPECIMENS
@pytest.mark.parametrize(
    ("name", "allocator"),
    [("ruff", Allocator.JEMALLOC), ("uv", Allocator.JEMALLOC), ("uvx", Allocator.MUSL)],
)
def test_a_static_musl_program_is_known_for_what_it_is(name: str, allocator: Allocator) -> None:
    content = specimen(name)
    binary = elf.read(content)
    assert binary == Binary(
        digest=binary.digest,
        size=len(content),
        architecture="amd64",
        program=True,
        position_independent=True,
        relro=Relro.FULL,
        executable_stack=False,
        writable_code=False,
        libc=Libc.MUSL,
        allocator=allocator,
        comments=binary.comments,
    )
    assert binary.digest.hex == hashlib.sha256(content).hexdigest()
    assert binary.static
    assert binary.stripped
    assert binary.rustc == "1.100.0"
    assert binary.gcc.startswith("9.4.0 (GNU)")
    assert [(trait.name, trait.value, trait.good) for trait in binary.traits] == [
        ("static", "yes", True),
        ("PIE", "yes", True),
        ("RELRO", "full", True),
        ("NX", "yes", True),
        ("stripped", "yes", True),
        ("libc", "musl", None),
        ("allocator", allocator, None),
        ("rustc", "1.100.0", None),
        ("linker", "none named", None),
    ]


@SPECIMENS
def test_what_a_section_holds_is_given_as_it_lies_there() -> None:
    packed = elf.section(specimen("uvx"), ".dep-v0", limit=10_000)
    assert packed is not None
    assert packed[:1] == b"\x78"  # zlib
    assert elf.section(specimen("ruff"), ".dep-v0", limit=10_000) is None
    with pytest.raises(ImageError, match=r"its section \.dep-v0 has \d+ bytes"):
        elf.section(specimen("uvx"), ".dep-v0", limit=100)


@GCC
def test_a_dynamic_program_names_its_loader_and_its_libraries() -> None:
    binary = linked("-Wl,--no-as-needed", "-lm", "-Wl,-rpath,$ORIGIN/lib:/opt/lib")
    assert binary.interpreter == "/lib64/ld-linux-x86-64.so.2"
    assert binary.needed == ("libm.so.6", "libc.so.6")
    assert binary.run_path == ("$ORIGIN/lib", "/opt/lib")
    assert (binary.libc, binary.allocator) == (Libc.GLIBC, Allocator.GLIBC)
    assert not binary.static


@GCC
@pytest.mark.parametrize(
    ("name", "libc"),
    [("libc.so", Libc.MUSL), ("libc.musl-x86_64.so.1", Libc.MUSL), ("libc.so.6", Libc.GLIBC)],
)
def test_the_name_of_a_c_library_tells_whose_it_is(name: str, libc: Libc) -> None:
    bare = ("-shared", "-fPIC", "-nostdlib")
    needed = compiled(*bare, f"-Wl,-soname,{name}", source="int answer(void) { return 42; }")
    with tempfile.NamedTemporaryFile(suffix=".so") as library:
        library.write(needed)
        library.flush()
        binary = linked(*bare, "-Wl,--no-as-needed", library.name, source="int question(void) { return 6; }")
    assert binary.needed == (name,)
    assert binary.libc is libc


@GCC
def test_glibc_is_recognised_in_a_static_program() -> None:
    binary = elf.read(compiled("-static"))
    assert binary.static
    assert (binary.libc, binary.allocator) == (Libc.GLIBC, Allocator.GLIBC)


@GCC
@pytest.mark.parametrize(
    ("source", "allocator"), [(JEMALLOC, Allocator.JEMALLOC), (MIMALLOC, Allocator.MIMALLOC)]
)
def test_an_allocator_is_known_by_its_messages(source: str, allocator: Allocator) -> None:
    assert linked("-static", source=f"{source} int main(void) {{ return 0; }}").allocator is allocator


@GCC
def test_a_program_that_only_speaks_of_a_library_does_not_count_as_linked_with_it() -> None:
    speech = '"Math result not representable, No error information, Not a tty, <jemalloc>: mimalloc: error: "'
    binary = linked("-static", source=f"const char *volatile s = {speech}; int main(void) {{ return 0; }}")
    assert (binary.libc, binary.allocator) == (Libc.GLIBC, Allocator.GLIBC)


@GCC
def test_a_program_without_any_library_has_neither_libc_nor_allocator() -> None:
    binary = linked("-static", "-nostdlib", source="void _start(void) { for (;;) ; }")
    assert (binary.libc, binary.allocator) == (None, None)
    assert {trait.name: trait.value for trait in binary.traits}["libc"] == "none found"


@GCC
@pytest.mark.parametrize(
    ("flags", "pie"),
    [(("-no-pie",), False), (("-pie",), True), (("-static",), False), (("-static-pie",), True)],
)
def test_position_independence_is_told(
    flags: tuple[str, ...],
    pie: bool,  # noqa: FBT001
) -> None:
    binary = linked(*flags)
    assert binary.program
    assert binary.position_independent is pie


@GCC
def test_a_library_is_no_program() -> None:
    binary = linked("-shared", "-fPIC", source="int answer(void) { return 42; }")
    assert not binary.program
    assert binary.allocator is None


@GCC
@pytest.mark.parametrize(
    ("flags", "relro"),
    [
        (("-Wl,-z,norelro",), Relro.NONE),
        (("-Wl,-z,relro,-z,lazy",), Relro.PARTIAL),
        (("-Wl,-z,relro,-z,now",), Relro.FULL),
        # glibc's indirect functions are called through a table that only `now` protects.
        (("-static", "-Wl,-z,relro"), Relro.PARTIAL),
        (("-static-pie", "-Wl,-z,relro"), Relro.PARTIAL),
        (("-static", "-Wl,-z,relro,-z,now"), Relro.FULL),
        (("-static-pie", "-Wl,-z,relro,-z,now"), Relro.FULL),
    ],
)
def test_relro_is_full_only_where_no_table_for_calls_stays_writable(
    flags: tuple[str, ...], relro: Relro
) -> None:
    assert elf.read(compiled(*flags)).relro is relro


@GCC
def test_a_static_program_without_any_such_table_needs_no_binding_at_once() -> None:
    source = "static int value; int *volatile pointer = &value; void _start(void) { for (;;) ; }"
    binary = linked("-static-pie", "-nostdlib", "-Wl,-z,relro,-z,lazy", source=source)
    assert binary.relro is Relro.FULL


@GCC
def test_an_executable_stack_is_told() -> None:
    assert linked("-Wl,-z,execstack").executable_stack
    assert not linked().executable_stack


@GCC
def test_a_segment_that_is_writable_and_executable_is_told() -> None:
    bare = "void _start(void) { for (;;) ; }"
    assert linked("-static", "-nostdlib", "-Wl,--omagic", source=bare).writable_code
    assert not linked().writable_code


@GCC
def test_symbols_and_debugging_information_are_counted() -> None:
    stripped, plain, debug = (linked(*flags).symbol_bytes for flags in (("-s",), (), ("-g",)))
    assert stripped == 0 < plain < debug


@GCC
def test_the_compiler_is_told_and_its_text_is_fit_to_be_shown() -> None:
    assert "GCC: (" in linked().comments[0]
    assert linked().gcc
    texts = r".string \"rustc version 1.2.3 \\033[31m\"\n.string \"Linker: LLD 9.1\""
    binary = linked(source=rf'__asm__(".section .comment\n{texts}"); int main(void) {{ return 0; }}')
    assert "rustc version 1.2.3 [31m" in binary.comments
    assert binary.rustc == "1.2.3"
    assert binary.linker == "LLD 9.1"


@pytest.mark.parametrize(
    ("comment", "linker"),
    [
        ("Linker: LLD 22.1.6 (/checkout/src/llvm-project/llvm 08c84e6)", "LLD 22.1.6"),
        ("Linker: Debian LLD 14.0.6", "LLD 14.0.6"),
        ("mold 2.36.0 (compatible with GNU ld)", "mold 2.36.0"),
        ("Linker: Wild version 0.5.0", "Wild 0.5.0"),
        ("GCC: (Alpine 14.2.0) 14.2.0", ""),
    ],
)
def test_linkers_are_known_by_how_they_sign(comment: str, linker: str) -> None:
    binary = Binary(
        digest=Digest("sha256", "0" * 64),
        size=1,
        architecture="amd64",
        program=True,
        position_independent=True,
        relro=Relro.FULL,
        executable_stack=False,
        writable_code=False,
        comments=(comment,),
    )
    assert binary.linker == linker
    assert binary.gcc == ("14.2.0 (Alpine 14.2.0)" if "GCC" in comment else "")


@pytest.mark.parametrize(
    ("machine", "bits", "architecture"),
    [
        (62, 2, "amd64"),
        (183, 2, "arm64"),
        (243, 2, "riscv64"),
        (3, 1, "386"),
        (40, 1, "arm"),
        (9999, 2, "machine 9999 of 64 bits"),
    ],
)
def test_the_architecture_is_told_in_the_words_of_image_configs(
    machine: int, bits: int, architecture: str
) -> None:
    binary = elf.read(header(bits=bits, machine=machine))
    assert binary.architecture == architecture
    # Without PT_GNU_STACK, Linux decides by architecture.
    assert binary.executable_stack is (architecture in ("386", "arm"))


def header(*, bits: int = 2, machine: int = 62, kind: int = 2, segments: int = 0, start: int = 0) -> bytes:
    """A file that is nothing but a header."""
    identity = struct.pack("<4s5B7x", b"\x7fELF", bits, 1, 1, 0, 0)
    form = "<HHIQQQIHHHHHH" if bits == 2 else "<HHIIIIIHHHHHH"
    return identity + struct.pack(form, kind, machine, 1, 0, start, 0, 0, 64, 56, segments, 64, 0, 0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Magic number does not match"),
        (b"#!/bin/sh\n", "Magic number does not match"),
        (b"\x7fELF", "EI_CLASS"),
        (header()[:40], "expected"),
        (header(kind=1), "neither a program nor a library"),
        (header(segments=3, start=64), "its headers lie outside of the file"),
        (header(segments=3, start=2**63), "its headers lie outside of the file"),
        (header(segments=60_000, start=64), "it has 60000 headers in one table"),
    ],
)
def test_what_is_no_program_or_contradicts_itself_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(ImageError, match=why):
        elf.read(content)


@GCC
@given(
    cut=st.none() | st.integers(min_value=0, max_value=16_000),
    changes=st.lists(
        st.tuples(
            st.integers(0, 63) | st.integers(64, 1_200) | st.integers(-2_400, -1) | st.integers(0, 15_000),
            st.sampled_from((0, 1, 2, 127, 128, 255)) | st.integers(0, 255),
        ),
        max_size=8,
    ),
)
def test_whatever_is_changed_in_a_program_it_is_read_or_refused(
    cut: int | None, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(compiled("-g"))
    for place, value in changes:
        content[place] = value
    with contextlib.suppress(ImageError):
        assert elf.read(bytes(content[:cut])).symbol_bytes <= len(content)
