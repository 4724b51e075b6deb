"""Numbers of any length as keys that sort: `int` refuses those with more than some thousand digits."""

from typing import Any, TypeAlias

Key: TypeAlias = tuple[Any, ...]
"""Sorts among the keys of its ecosystem as its version does among the versions."""


def number(digits: str) -> tuple[int, str]:
    """The key of a number; leading zeros do not count, and no digit at all is zero."""
    significant = digits.lstrip("0")
    return len(significant), significant
