"""The fields of tar headers; see `tar` for the sources."""

from collections.abc import Iterator

from pinbot.errors import ImageError

_MOST_DIGITS = 20
_LONGEST_SHOWN = 160


def shown(name: str) -> str:
    """A name for a message, quoted; a long one is cut."""
    return repr(name if len(name) <= _LONGEST_SHOWN else name[:_LONGEST_SHOWN] + "…")


def damaged(why: str) -> ImageError:
    """The error for an archive that is none, as the end of a sentence that begins with its name."""
    return ImageError(f"is no tar archive that could be unpacked: {why}", hint="make the image anew")


def check(block: bytes) -> None:
    """Compare the checksum, which archivers may have summed of signed bytes."""
    stated = number(block, 148, 8)
    actual = sum(block) - sum(block[148:156]) + 8 * ord(" ")
    if stated == actual:
        return
    rest = block[:148] + block[156:]
    signed = sum(byte - 256 if byte > 127 else byte for byte in rest)  # noqa: PLR2004 - as a signed char
    if stated != signed + 8 * ord(" "):
        raise damaged("the checksum of a header is wrong")


def number(block: bytes, start: int, length: int) -> int:
    """A field in octal digits, or in base 256 if its first bit is set."""
    if block[start] & 0x80:
        # The bit after the mark is the sign.
        value = int.from_bytes(block[start : start + length], "big") & ((1 << (8 * length - 1)) - 1)
        if block[start] & 0x40:
            raise damaged("a number in a header is negative")
        return value
    digits = block[start : start + length].strip(b" \0")
    if not digits:
        return 0
    if not digits.isdigit():
        raise damaged(f"{digits.decode('latin-1')!r} in a header is no number")
    try:
        return int(digits, 8)
    except ValueError as error:
        raise damaged(f"{digits.decode('latin-1')!r} in a header is no number") from error


def decimal(pax: dict[str, str], key: str, block: bytes, start: int, length: int) -> int:
    """A number that an extended header may give in place of the field."""
    digits = pax.get(key) if pax else None
    if not digits:
        return number(block, start, length)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        raise damaged(f"{shown(digits)} as {key} is no number")
    return int(digits)


def text(field: bytes) -> str:
    """A field up to the first NUL; what is not UTF-8 is kept as lone surrogates (PEP 383)."""
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def name(block: bytes) -> str:
    """The name in the header itself; only ustar has room for its first part elsewhere."""
    name = text(block[:100])
    if block[257:263] == b"ustar\0" and block[345]:
        # star keeps times in the last bytes of that room.
        end = 476 if block[508:512] == b"tar\0" else 500
        return f"{text(block[345:end])}/{name}"
    return name


def records(data: bytes) -> Iterator[tuple[str, str]]:
    """The records of an extended header, each `length key=value` and a new line."""
    start = 0
    while start < len(data):
        length, space, _ = data[start : start + _MOST_DIGITS].partition(b" ")
        end = start + int(length) if space and length.isdigit() else start
        key, equals, value = data[start + len(length) + 1 : end - 1].partition(b"=")
        if not start < end <= len(data) or not equals or not key or data[end - 1] != ord("\n"):
            raise damaged("an extended header is none")
        yield key.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape")
        start = end
