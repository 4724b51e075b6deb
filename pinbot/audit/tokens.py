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

_SAMPLE_END = b"EXAMPLE"
_MOST_TRIES = 10_000

# Kind, what it begins with, and what follows; whole up to the end of the word.
_SHAPES: tuple[tuple[str, tuple[bytes, ...], bytes], ...] = (
    ("an access key of AWS", (b"AKIA", b"ASIA"), rb"[A-Z2-7]{16}"),
    ("a token of GitHub", (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"), rb"[A-Za-z0-9]{36,255}"),
    ("a token of GitHub", (b"github_pat_",), rb"[A-Za-z0-9_]{40,255}"),
    ("a token of GitLab", (b"glpat-",), rb"[\w-]{20,255}"),
    ("a token of Slack", (b"xoxb-", b"xoxp-", b"xoxa-", b"xoxr-", b"xoxs-"), rb"[A-Za-z0-9-]{20,255}"),
    ("a token of npm", (b"npm_",), rb"[A-Za-z0-9]{36}"),
    ("a token of PyPI", (b"pypi-AgE",), rb"[\w-]{50,255}"),
    ("a token of crates.io", (b"cio",), rb"[A-Za-z0-9]{32}"),
    ("a token of Docker Hub", (b"dckr_pat_",), rb"[\w-]{27}"),
    ("a key of Stripe", (b"sk_live_", b"rk_live_"), rb"[A-Za-z0-9]{24,255}"),
    ("a key of Google", (b"AIza",), rb"[\w-]{35}"),
    ("a key of SendGrid", (b"SG.",), rb"[\w-]{22}\.[\w-]{43}"),
    ("a key of Anthropic", (b"sk-ant-",), rb"[\w-]{60,255}"),
    ("a key of OpenAI", (b"sk-proj-",), rb"[\w-]{40,255}"),
    ("a token of Hugging Face", (b"hf_",), rb"[A-Za-z]{34}"),
    ("a token of DigitalOcean", (b"dop_v1_",), rb"[0-9a-f]{64}"),
    ("a token of Vault", (b"hvs.",), rb"[\w-]{90,255}"),
)
_KEY = (
    rb"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\r?\n|\\n)"
    rb"(?:[A-Za-z-]{1,40}: [^\n]{0,200}\n){0,9}(?:\r?\n)?[A-Za-z0-9+/]{32}"
)
_PATTERNS = (
    ("a private key", b"-----BEGIN ", re.compile(_KEY)),
    *(
        (kind, prefix, re.compile(re.escape(prefix) + rest + rb"(?![\w-])"))
        for kind, prefixes, rest in _SHAPES
        for prefix in prefixes
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
