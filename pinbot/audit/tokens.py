"""Recognising secrets by their shape. What they are is told, and where; never what they say.

Shapes are those that issuers document so that leaks can be found: GitHub, "Behind GitHub's new authentication
token formats"; AWS, "Unique identifiers"; RFC 7468 for keys; and the like.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = re.compile(rb"[A-Za-z0-9_]")
_FEWEST_LETTERS = 8
"""A token of fewer different characters stands for one in some text about tokens."""

_HIGHEST_SAMPLE = b"EXAMPLE"

# Kind, what it begins with, and what follows; whole up to the end of the word.
_SHAPES: tuple[tuple[str, tuple[bytes, ...], bytes], ...] = (
    ("an access key of AWS", (b"AKIA", b"ASIA"), rb"[A-Z2-7]{16}"),
    ("a token of GitHub", (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"), rb"[A-Za-z0-9]{36,}"),
    ("a token of GitHub", (b"github_pat_",), rb"[A-Za-z0-9_]{40,}"),
    ("a token of GitLab", (b"glpat-",), rb"[\w-]{20,}"),
    ("a token of Slack", (b"xoxb-", b"xoxp-", b"xoxa-", b"xoxr-", b"xoxs-"), rb"[A-Za-z0-9-]{20,}"),
    ("a token of npm", (b"npm_",), rb"[A-Za-z0-9]{36}"),
    ("a token of PyPI", (b"pypi-AgE",), rb"[\w-]{50,}"),
    ("a token of crates.io", (b"cio",), rb"[A-Za-z0-9]{32}"),
    ("a token of Docker Hub", (b"dckr_pat_",), rb"[\w-]{27}"),
    ("a key of Stripe", (b"sk_live_", b"rk_live_"), rb"[A-Za-z0-9]{24,}"),
    ("a key of Google", (b"AIza",), rb"[\w-]{35}"),
    ("a key of SendGrid", (b"SG.",), rb"[\w-]{22}\.[\w-]{43}"),
    ("a key of Anthropic", (b"sk-ant-",), rb"[\w-]{60,}"),
    ("a key of OpenAI", (b"sk-proj-",), rb"[\w-]{40,}"),
    ("a token of Hugging Face", (b"hf_",), rb"[A-Za-z]{34}"),
    ("a token of DigitalOcean", (b"dop_v1_",), rb"[0-9a-f]{64}"),
    ("a token of Vault", (b"hvs.",), rb"[\w-]{90,}"),
)
_PATTERNS = tuple(
    (kind, prefix, re.compile(re.escape(prefix) + rest + rb"(?![\w-])"))
    for kind, prefixes, rest in _SHAPES
    for prefix in prefixes
)

_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\r?\n|\\n)"
    rb"(?:[A-Za-z-]+: [^\n]*\n)*(?:\r?\n)?[A-Za-z0-9+/]{32}"
)
_KEY_BEGINS = b"-----BEGIN "

_PASSWORD_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]+:(?P<password>[^/\s@]+)@")
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
    """Secrets in the bytes of a file, text or not."""
    start = data.find(_KEY_BEGINS)
    while start >= 0:
        if _KEY.match(data, start):
            yield Secret("a private key", _line(data, start))
        start = data.find(_KEY_BEGINS, start + 1)
    for kind, prefix, pattern in _PATTERNS:
        start = data.find(prefix)
        while start >= 0:
            match = pattern.match(data, start)
            inside = start > 0 and _WORD.match(data, start - 1)
            if match and not inside and not _is_sample(match[0].removeprefix(prefix)):
                yield Secret(kind, _line(data, start))
            start = data.find(prefix, start + 1)


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
    return len(set(text)) < _FEWEST_LETTERS or text.endswith(_HIGHEST_SAMPLE)


def _line(data: bytes, start: int) -> int:
    return data.count(b"\n", 0, start) + 1
