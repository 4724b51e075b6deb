"""Which parts of an image's config look like secrets, so that they are not shown whole. Pure.

An image's config is public to whoever may pull it, but a pull request may be public to everybody.
"""

import re
from collections.abc import Iterable, Iterator

from pinbot.tokenshapes import SHAPES

_NAME = re.compile(
    r"(?:^|[_.-])(?:PASS(?:WORD|WD|PHRASE)?|SECRETS?|TOKENS?|CREDENTIALS?|AUTH|"
    r"(?:API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION|MASTER)[_.-]?KEYS?(?:[_.-]?ID)?|PAT|DSN)(?:$|[_.-])",
    re.IGNORECASE,
)
# The beginnings of all tokens, and of more than are known to be some: what is cut for nothing does no harm.
_PREFIXES = (*(prefix for shape in SHAPES for prefix in shape.prefixes), "pypi-", "sk-", "xoxe-", "xoxo-")
_VALUE = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY|"
    rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, _PREFIXES))})[A-Za-z0-9_-]{{16}}|"
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.|"
    r"://[^/\s:@]*:[^/\s@]+@"
)
_LEAST_SHOWN = 16
_SHOWN = 4


def is_secret(name: str, value: str) -> bool:
    """Whether a value should not be shown whole: its name says so, or it has the form of a known secret."""
    return bool(value) and (_NAME.search(name) is not None or _VALUE.search(value) is not None)


def cut(value: str) -> str:
    """So much of a secret that its owner knows it again: the first four characters of a long one."""
    return f"{value[:_SHOWN]}…" if len(value) >= _LEAST_SHOWN else "…"


def told(value: str | None) -> str | None:
    """A value that has no name, cut if it has the form of a known secret."""
    return cut(value) if value and is_secret("", value) else value


def command(words: Iterable[str]) -> Iterator[str]:
    """The words of a command, those cut that are the value of an option or variable which is secret."""
    option = ""
    for word in words:
        name, equals, value = word.partition("=")
        if equals and is_secret(name, value) and " " not in name:
            yield f"{name}={cut(value)}"
        else:
            yield cut(word) if is_secret("" if word.startswith("-") else option, word) else word
        option = word if word.startswith("--") and not equals else ""
