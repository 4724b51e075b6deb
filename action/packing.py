"""What one job says of its builds, as an output of it that another job takes in.

An output of a job has room for a megabyte, the variable in which an input comes for 128 KiB (the kernel's
MAX_ARG_STRLEN). So the document is compressed; and where it is too long all the same, it loses first the ends
of logs, and then whole verdicts: what they are about waits.
"""

import base64
import copy
import json
import zlib
from collections.abc import Iterator
from typing import Any

MOST = 120_000
"""Characters of the text."""

_LARGEST = 8 * 1024 * 1024
_TAILS = (10, 0)


def pack(document: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """A document of verdicts as a text of limited length, and in words what had to be left out of it."""
    if text := _fitting(document):
        return text, ()
    document = copy.deepcopy(document)
    for most in _TAILS:
        for verdict in _verdicts(document):
            if tail := verdict["after"].get("tail"):
                verdict["after"]["tail"] = tail[-most:] if most else []
        if text := _fitting(document):
            return text, ("The verdicts are too long for a variable: logs were shortened.",)
    total = sum(1 for _ in _verdicts(document))
    few, many = 0, total  # so few fit, so many do not
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (middle, many) if _fitting(_first(document, middle)) else (few, middle)
    note = (
        f"The verdicts are too long for a variable: {total - few} of {total} were left out, and logs. What "
        "they are about waits until there is room; fewer files in one run (`paths`, `only`) make some."
    )
    return _fitting(_first(document, few)), (note,)


def unpack(text: str) -> bytes:
    """The document in a text that `pack` made; what is in it is for pinbot to judge.

    Raises:
        ValueError: the text is none of those.
    """
    decompressor = zlib.decompressobj()
    try:
        data = decompressor.decompress(base64.b64decode(text, validate=True), _LARGEST)
    except zlib.error as error:
        raise ValueError("it is not compressed") from error
    if not decompressor.eof or decompressor.unused_data:
        raise ValueError("it is incomplete, or too long")
    return data


def _fitting(document: dict[str, Any]) -> str:
    """The document as a text; an empty one if that is too long, or will not be read."""
    data = json.dumps(document, separators=(",", ":")).encode()
    text = base64.b64encode(zlib.compress(data, 9)).decode()
    return text if len(text) <= MOST and len(data) <= _LARGEST else ""


def _verdicts(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for build in document["builds"]:
        yield from build["verdicts"]


def _first(document: dict[str, Any], count: int) -> dict[str, Any]:
    """The document with so many of its verdicts."""
    builds = []
    for build in document["builds"]:
        kept = build["verdicts"][:count]
        count -= len(kept)
        if kept:
            builds.append({**build, "verdicts": kept})
    return {**document, "builds": builds}
