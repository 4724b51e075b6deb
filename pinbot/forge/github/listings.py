"""Lists of files as bytes, to be kept from run to run."""

import json
import zlib
from dataclasses import astuple

from pinbot.model.fleet import ListedFile

_VERSION = 1
_LARGEST = 128 * 1024 * 1024


def packed(files: dict[str, ListedFile]) -> bytes:
    """A list of files, in few bytes: most of it are names, which are alike."""
    entries = [astuple(file) for file in files.values()]
    return zlib.compress(json.dumps([_VERSION, entries], separators=(",", ":")).encode())


def unpacked(data: bytes) -> dict[str, ListedFile] | None:
    """What was packed; None for anything else."""
    try:
        text = zlib.decompressobj().decompress(data, _LARGEST)
        version, entries = json.loads(text)
        if version != _VERSION:
            return None
        files = [
            ListedFile(path=str(path), mode=str(mode), sha=str(sha), size=int(size))
            for path, mode, sha, size in entries
        ]
    except (zlib.error, ValueError, TypeError, OverflowError, RecursionError):
        return None
    return {file.path: file for file in files}
