"""ELF files that hold nothing but data, so that a test decides what stands in them."""

import struct

ADDRESS = 0x400000
"""Where the data lies in memory."""

START = 0x200
"""Where it lies in the file."""


def program(data: bytes, *, bits: int = 64, order: str = "<", section: str = "") -> bytes:
    """A program with one segment that can be written to and, if wanted, a section of the same extent."""
    word = "Q" if bits == 64 else "I"
    names = b"\0.shstrtab\0" + section.encode() + b"\0"
    names_at = START + len(data)
    table_at = names_at + len(names) if section else 0
    sizes = (64, 56, 64) if bits == 64 else (52, 32, 40)
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]) + bytes(9)
    header = ident + struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH",
        2, 62 if bits == 64 else 8, 1, 0, sizes[0], table_at, 0, *sizes[:2], 1, sizes[2], 3 if section else 0,
        2 if section else 0,
    )  # fmt: skip
    place = (START, ADDRESS + START, ADDRESS + START, len(data), len(data))
    if bits == 64:
        header += struct.pack(f"{order}II6Q", 1, 6, *place, 0x1000)
    else:
        header += struct.pack(f"{order}8I", 1, *place, 6, 0x1000)
    body = header.ljust(START, b"\0") + data
    if not section:
        return body
    form = f"{order}II{word}{word}{word}{word}II{word}{word}"
    return b"".join(
        (
            body,
            names,
            bytes(sizes[2]),
            struct.pack(form, 11, 1, 3, ADDRESS + START, START, len(data), 0, 0, 16, 0),
            struct.pack(form, 1, 3, 0, 0, names_at, len(names), 0, 0, 1, 0),
        )
    )
