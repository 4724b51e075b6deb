"""For which processor a binary is: the head of an ELF file, and nothing behind it.

Source: gABI 4.1, "ELF Header"; the words are those of image configs (image-spec, config.md), which are Go's.
"""

import struct

HEAD = 20
"""As many bytes tell it."""

_MAGIC = b"\x7fELF"
_BITS = {1: 32, 2: 64}
_ORDER = {1: "<", 2: ">"}
_ARCHITECTURES = {
    (3, 32, "<"): "386",
    (8, 32, "<"): "mipsle",
    (8, 32, ">"): "mips",
    (8, 64, "<"): "mips64le",
    (8, 64, ">"): "mips64",
    (21, 64, "<"): "ppc64le",
    (21, 64, ">"): "ppc64",
    (22, 64, ">"): "s390x",
    (40, 32, "<"): "arm",
    (62, 64, "<"): "amd64",
    (183, 64, "<"): "arm64",
    (243, 64, "<"): "riscv64",
    (258, 64, "<"): "loong64",
}


def architecture(content: bytes) -> str | None:
    """The word for it, or the number of a machine without one; None where this is no ELF file."""
    if len(content) < HEAD or not content.startswith(_MAGIC):
        return None
    bits, order = _BITS.get(content[4], 0), _ORDER.get(content[5], "<")
    (number,) = struct.unpack_from(f"{order}H", content, 18)
    return _ARCHITECTURES.get((number, bits, order), f"machine {number} of {bits} bits")
