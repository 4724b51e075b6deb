"""YAML as nodes, which know their place and their text as it is written: what reading a configuration needs.

Nothing is ever turned into Python values: `1.10`, `no` or `0644` mean just that, and aliases cannot blow up.
"""

import difflib
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pinbot.errors import ConfigError
from pinbot.model.size import parse_size

_LARGEST = 128 * 1024
_DEEPEST = 16
_SHOWN = 80
LONGEST_SECONDS = 24 * 3600.0
_TAG = "tag:yaml.org,2002:"
_IMPOSSIBLE = re.compile("[\0\ud800-\udfff]")
"""What no program can be given as an argument or a path."""

DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([smh]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
WAIT = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?([mhdw])")
_WAIT_SECONDS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_LONGEST_WAIT = 366 * 86400.0
_BINARY = re.compile(r"[1-9][0-9]{0,9}[kmg]", re.IGNORECASE)
NUMBER = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Choice = TypeVar("Choice", bound=StrEnum)
Default = TypeVar("Default")


def read(path: Path) -> Node | None:
    """The one document in a file; None where there is nothing but comments.

    Raises:
        ConfigError: it cannot be read, or is no YAML.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(
            f"cannot be read: {error.strerror}", hint="check --config", file=str(path)
        ) from error
    return parse(data, str(path))


def parse(data: bytes, file: str) -> Node | None:
    """The one document in these bytes, as `read`.

    Raises:
        ConfigError: it is no YAML.
    """
    return _compose(_text_of(data, file), file)


def _text_of(data: bytes, file: str) -> str:
    if len(data) > _LARGEST:
        raise ConfigError("more than 128 KiB of configuration", hint="is this the right file?", file=file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8 text", hint="save it as UTF-8", file=file, line=line) from error


def _compose(text: str, file: str) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = _DEEPEST
    yaml.composer.warn_double_anchors = False
    try:
        document: Node | None = yaml.compose(text)
    except MaxDepthExceededError as error:
        raise ConfigError("is nested too deeply", hint="is this the right file?", file=file) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(
            f"is not valid YAML: {error.problem or error.context}",
            hint="mend the syntax at that place",
            file=file,
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
        ) from error
    except YAMLError as error:
        # The reader gives no place: the text holds a character that YAML does not allow.
        problem = str(error).splitlines()[0]
        raise ConfigError(f"is not valid YAML: {problem}", hint="take it out", file=file) from error
    return document


class NodeReader:
    """Reads nodes of one file; a mistake is noted and a default takes its place, so that all are found."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.mistakes: list[ConfigError] = []

    def section(self, node: Node | None, *known: str) -> dict[str, Node]:
        """The values of a mapping with these keys; keys without a value are left out."""
        entry: dict[str, Node] = {}
        for key, value in self.pairs(node):
            name = key.value if isinstance(key, ScalarNode) else "(not a text)"
            if name in known:
                if not is_empty(value):
                    entry[name] = value
                continue
            near = difflib.get_close_matches(name[:_SHOWN], known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"allowed here: {', '.join(known)}"
            self.wrong(key, f"unknown key {brief(name)}", hint)
        return entry

    def pairs(self, node: Node | None) -> Iterator[tuple[Node, Node]]:
        """Keys and values of a mapping, each key once."""
        if node is None or is_empty(node):
            return
        if not isinstance(node, MappingNode):
            self.wrong(node, "expected `key: value` lines here", "see docs/configuration.md")
            return
        lines: dict[str, int] = {}
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                if key.value in lines:
                    told = f"{brief(key.value)} stands in line {lines[key.value]} already"
                    self.wrong(key, told, "take one of them out")
                    continue
                lines[key.value] = key.start_mark.line + 1
            yield key, value

    def items(self, node: Node | None) -> Iterator[Node]:
        """What stands in a list."""
        if node is None or is_empty(node):
            return
        if isinstance(node, SequenceNode):
            yield from node.value
        else:
            self.wrong(node, "expected a list", "begin each entry with a dash")

    def text(self, node: Node | None) -> str | None:
        """The text that stands there; what YAML takes for a number or a truth is none."""
        if node is None or not self.is_possible(node):
            return None
        if not isinstance(node, ScalarNode) or not node.value:
            self.wrong(node, "expected a text", "see docs/configuration.md")
            return None
        if node.tag != _TAG + "str":
            self.wrong(node, f"expected a text, not {brief(node.value)}", "put it between quotes")
            return None
        return str(node.value)

    def matching(self, node: Node | None, pattern: re.Pattern[str], expected: str) -> str | None:
        """A text of this form; `expected` says in words which that is."""
        text = self.text(node)
        if node is None or text is None or pattern.fullmatch(text):
            return text
        self.wrong(node, f"{brief(text)} is not {expected}", "see docs/configuration.md")
        return None

    def variable(self, node: Node | None) -> str | None:
        """The name of an environment variable."""
        return self.matching(node, VARIABLE, "the name of a variable")

    def path(self, node: Node | None) -> str | None:
        """A path that stays within the repository, from its root."""
        text = self.text(node)
        if node is None or text is None:
            return None
        path = PurePosixPath(text)
        if path.is_absolute() or ".." in path.parts:
            self.wrong(node, f"{brief(text)} leads out of the repository", "write it from the root")
            return None
        return str(path)

    def beside(self, node: Node | None) -> str | None:
        """A path that is relative to the configuration file, wherever pinbot is started."""
        text = self.text(node)
        return None if text is None else str(Path(self.file).parent / text)

    def flag(self, node: Node | None) -> bool:
        """True or false; false where nothing stands."""
        return node is not None and self.one_of(node, ("true", "false")) == "true"

    def choice(self, node: Node | None, kind: type[Choice], default: Default) -> Choice | Default:
        """One of the values of a kind."""
        value = node and self.one_of(node, [str(member) for member in kind])
        return kind(value) if value else default

    def one_of(self, node: Node, known: list[str] | tuple[str, ...]) -> str | None:
        """One of these words, in whatever case."""
        if isinstance(node, ScalarNode) and node.value.lower() in known:
            return str(node.value.lower())
        found = f", not {brief(node.value)}" if isinstance(node, ScalarNode) else ""
        self.wrong(node, f"expected one of {', '.join(known)}{found}", "see docs/configuration.md")
        return None

    def duration(self, node: Node | None, default: float) -> float:
        """Seconds, up to a day; written with a unit or without."""
        if node is None:
            return default
        match = DURATION.fullmatch(node.value) if isinstance(node, ScalarNode) else None
        seconds = float(match[1]) * _SECONDS[match[2]] if match else 0
        if 0 < seconds <= LONGEST_SECONDS:
            return seconds
        found = f", not {brief(node.value)}" if isinstance(node, ScalarNode) else ""
        self.wrong(node, f"expected a duration like 90s, 10m or 1h{found}", "one day is the longest")
        return default

    def wait(self, node: Node | None) -> float | None:
        """Seconds, up to a year or none at all; written with a unit. None where nothing stands."""
        if node is None:
            return None
        match = WAIT.fullmatch(node.value) if isinstance(node, ScalarNode) else None
        seconds = float(match[1]) * _WAIT_SECONDS[match[2]] if match else _LONGEST_WAIT + 1
        if seconds <= _LONGEST_WAIT:
            return seconds
        found = f", not {brief(node.value)}" if isinstance(node, ScalarNode) else ""
        self.wrong(node, f"expected a time like 90m, 12h, 3d or 0h{found}", "one year is the longest")
        return None

    def texts(self, node: Node | None) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(text for item in self.items(node) if (text := self.text(item)) is not None)

    def size(self, node: Node | None) -> int | None:
        """Bytes, written with a decimal unit or without; None where nothing stands."""
        if node is None:
            return None
        size = parse_size(node.value) if isinstance(node, ScalarNode) else None
        if size is None:
            found = f", not {brief(node.value)}" if isinstance(node, ScalarNode) else ""
            self.wrong(node, f"expected a size like 15MB or 800kB{found}", "1 MB is a million bytes")
        return size

    def memory(self, node: Node | None) -> int | None:
        """A size as builders are told it: also `2g`, `512m`, which count by 1024."""
        if isinstance(node, ScalarNode) and _BINARY.fullmatch(node.value):
            return parse_size(f"{node.value}iB")
        return self.size(node)

    def number(self, node: Node | None, expected: str) -> float | None:
        """A number above nothing; `expected` says in words which."""
        if node is None:
            return None
        number = float(node.value) if isinstance(node, ScalarNode) and NUMBER.fullmatch(node.value) else 0.0
        if number:
            return number
        found = f", not {brief(node.value)}" if isinstance(node, ScalarNode) else ""
        self.wrong(node, f"expected {expected}{found}", "see docs/configuration.md")
        return None

    def is_possible(self, node: Node) -> bool:
        """Whether a program can be given what stands there."""
        if isinstance(node, ScalarNode) and _IMPOSSIBLE.search(node.value):
            self.wrong(node, f"{brief(node.value)} holds an impossible character", "take it out")
            return False
        return True

    def wrong(self, node: Node, message: str, hint: str) -> None:
        """Note a mistake at its place."""
        mark = node.start_mark
        self.mistakes.append(
            ConfigError(message, hint=hint, file=self.file, line=mark.line + 1, column=mark.column + 1)
        )


def is_empty(node: Node) -> bool:
    """Whether nothing stands there, as after `key:` at the end of a line, or `null`."""
    return isinstance(node, ScalarNode) and node.tag == _TAG + "null"


def brief(text: str) -> str:
    """The text between quotes, not too much of it."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
