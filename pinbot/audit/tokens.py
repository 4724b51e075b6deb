"""Recognising secrets by their shape. What they are is told, and where; never what they say.

Only what is one beyond doubt counts: a whole token of its issuer's shape, a key as RFC 7468 writes it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pinbot.tokenshapes import SHAPES

_WORD = re.compile(rb"[A-Za-z0-9_]")
_FEWEST_LETTERS = 8
"""A token of fewer different characters stands for one in some text about tokens."""

_SAMPLE_END = b"EXAMPLE"
_MOST_TRIES = 10_000

_KEY = (
    rb"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\r?\n|\\n)"
    rb"(?:[A-Za-z-]{1,40}: [^\n]{0,200}\n){0,9}(?:\r?\n)?[A-Za-z0-9+/]{32}"
)
_PATTERNS = (
    ("a private key", b"-----BEGIN ", re.compile(_KEY)),
    *(
        (shape.kind, prefix.encode(), re.compile(f"{re.escape(prefix)}{shape.rest}(?![\\w-])".encode()))
        for shape in SHAPES
        for prefix in shape.prefixes
    ),
)

_PASSWORD_IN_URL = re.compile(r"://[^/\s:@]+:(?P<password>[^/\s@]+)@")
_PLACEHOLDER = re.compile(r"\$\{?\w+\}?|<.*>|\*+|x+|\.+", re.IGNORECASE)
_SECRET_NAME = re.compile(
    r"(?:.*_)?(?:PASS(?:WORD|WD|PHRASE)|PASSWORD|SECRET|TOKEN|CREDENTIALS?"
    r"|(?:API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION)_?KEY)",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"|true|false|yes|no|on|off|none|null|[0-9]{1,3}|\.{0,2}/.*|[\w.-]+\.(?:json|pem|py|sh|txt|ya?ml)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Secret:
    """What it is, e.g. `a token of GitHub`, and the line that it begins in."""

    kind: str
    line: int


def find(data: bytes) -> Iterator[Secret]:
    """Secrets in the bytes of a file, text or not: the first of each kind."""
    found: set[str] = set()
    for kind, prefix, pattern in _PATTERNS:
        if kind in found:
            continue
        for start in _beginnings(data, prefix):
            match = pattern.match(data, start)
            if match and not _is_sample(match[0].removeprefix(prefix)):
                found.add(kind)
                yield Secret(kind, data.count(b"\n", 0, start) + 1)
                break


def _beginnings(data: bytes, prefix: bytes) -> Iterator[int]:
    """Where a word begins so. A file in which thousands do was made to take time, and has no more of it."""
    start = -1
    tries = 0
    while tries < _MOST_TRIES and (start := data.find(prefix, start + 1)) >= 0:
        if start == 0 or not _WORD.match(data, start - 1):
            tries += 1
            yield start


def has_password(text: str) -> bool:
    """Whether there is a URL with a password in it."""
    return any(not _PLACEHOLDER.fullmatch(match["password"]) for match in _PASSWORD_IN_URL.finditer(text))


def names_secret(name: str) -> bool:
    """Whether a variable of this name is likely to be meant for a secret."""
    return _SECRET_NAME.fullmatch(name) is not None


def is_named_secret(name: str, value: str) -> bool:
    """Whether a variable of this name and value is likely to hold a secret, rather than say where one is."""
    return names_secret(name) and not _NO_SECRET.fullmatch(value) and not _PLACEHOLDER.fullmatch(value)


def _is_sample(text: bytes) -> bool:
    return len(set(text)) < _FEWEST_LETTERS or text.endswith(_SAMPLE_END)
