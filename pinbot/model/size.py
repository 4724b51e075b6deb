"""Sizes as people write them."""

import re
from decimal import Decimal

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?([a-z]{0,3})", re.IGNORECASE)
_BYTES = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}


def parse_size(text: str) -> int | None:
    """Bytes of `15MB`, `800 kB`, `1.5 GB`, `14MiB` or `15000000`; None where it is no size, or nothing.

    Units are those of ISO 80000-13: a MB is a million bytes, as registries count, and a MiB 1,048,576.
    """
    match = _SIZE.fullmatch(text)
    unit = None if match is None else _BYTES.get(match[2].lower())
    if match is None or unit is None:
        return None
    return int(Decimal(match[1]) * unit) or None
