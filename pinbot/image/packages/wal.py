"""SQLite's write-ahead log: changes that have not found their way into the database yet.

rpm leaves one beside its database, and what it says counts (www.sqlite.org/fileformat2.html, section 4).
"""

import struct

from pinbot.errors import ImageError

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC_LITTLE, _MAGIC_BIG = 0x377F0682, 0x377F0683
_DATABASE = b"SQLite format 3\x00"
_PAGE_SIZES = frozenset(1 << power for power in range(9, 17))
_LARGEST_PAGE = 65536
_WRITER, _READER = 18, 19
_MASK = 0xFFFFFFFF


def merge(database: bytes, log: bytes, place: str) -> bytearray:
    """The database as one who opens it sees it, in the mode that needs no log beside it.

    As in SQLite, the log counts up to its last whole transaction, and one that is damaged from there on is
    none: that is what an interrupted write looks like.

    Raises:
        ImageError: this is no database of SQLite, or the log does not belong to it.
    """
    size = int.from_bytes(database[16:18], "big")
    size = _LARGEST_PAGE if size == 1 else size
    if not database.startswith(_DATABASE) or size not in _PAGE_SIZES or len(database) < size:
        raise ImageError(f"{place} is no database of SQLite")
    merged = bytearray(database)
    pages, count = _committed(log, size)
    if count * size > len(database) + len(log):
        raise ImageError(f"{place} has a write-ahead log that belongs to another database")
    for number, page in pages.items():
        end = number * size
        merged.extend(bytes(max(0, end - len(merged))))
        merged[end - size : end] = page
    if count:
        del merged[count * size :]
    merged[_WRITER] = merged[_READER] = 1
    return merged


def _committed(log: bytes, size: int) -> tuple[dict[int, bytes], int]:
    """The newest content of pages by their number, from 1, and of how many pages the database consists."""
    if len(log) < _HEADER.size:
        return {}, 0
    magic, _, page_size, _, *salts, sum_1, sum_2 = _HEADER.unpack_from(log)
    order = ">" if magic == _MAGIC_BIG else "<"
    sums = _checksum(log[: _HEADER.size - 8], order, (0, 0))
    if magic not in {_MAGIC_LITTLE, _MAGIC_BIG} or page_size != size or sums != (sum_1, sum_2):
        return {}, 0
    committed: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    count = 0
    for start in range(_HEADER.size, len(log) - _FRAME.size - size + 1, _FRAME.size + size):
        number, pages, *frame_salts, sum_1, sum_2 = _FRAME.unpack_from(log, start)
        page = log[start + _FRAME.size : start + _FRAME.size + size]
        sums = _checksum(page, order, _checksum(log[start : start + 8], order, sums))
        if frame_salts != salts or number == 0 or sums != (sum_1, sum_2):
            break
        pending[number] = page
        if pages:
            committed |= pending
            pending, count = {}, pages
    return {number: page for number, page in committed.items() if number <= count}, count


def _checksum(data: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    one, two = sums
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for even, odd in zip(words, words, strict=True):
        one = (one + even + two) & _MASK
        two = (two + odd + one) & _MASK
    return one, two
