"""Reading pinbot.yaml: every mistake at once, each with its place and what was probably meant.

The YAML is read as nodes and never turned into Python values: a node knows its place and its text as it is
written, so that `1.10`, `no` or `0644` mean just that, and aliases cannot blow up.
"""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pinbot.config import BuildSettings, Config, Driver, Network, RegistrySettings
from pinbot.errors import ConfigError, InvalidReference, Several
from pinbot.model.build import BuildTarget
from pinbot.model.reference import ImageReference

_REGISTRY_KEYS = (
    "location",
    "insecure",
    "ca",
    "cert",
    "key",
    "username_variable",
    "password_variable",
)
_LARGEST = 128 * 1024
_DEEPEST = 16
_LONGEST_BUILD = 24 * 3600.0
_SHOWN = 80

_TAG = "tag:yaml.org,2002:"
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([smh]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
_LOCATION = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[1-9][0-9]{0,4})?(?:/[a-z0-9._-]+)*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?")
_IMPOSSIBLE = re.compile("[\0\ud800-\udfff]")
"""What no program can be given as an argument or a path."""

_BOTS_OWN = re.compile(r"(?:GITHUB|GH|ACTIONS|INPUT|RUNNER|PINBOT_GITHUB)_.*")
_BOTS_REGISTRY = "ghcr.io"
"""Variables that may hold the token pinbot works with, and the one registry that is GitHub's too: a file that
anybody can propose a change to must not be able to send that token elsewhere."""

_Choice = TypeVar("_Choice", Driver, Network)


def load(path: Path) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: it cannot be read, or is no YAML.
        Several: it holds mistakes, each a ConfigError with file, line and column.
    """
    file = str(path)
    document = _compose(_text_of(path, file), file)
    if document is None:
        return Config()
    reader = _Reader(file)
    config = reader.config(document)
    if reader.mistakes:
        raise Several(sorted(reader.mistakes, key=lambda mistake: (mistake.line, mistake.column)))
    return config


def _text_of(path: Path, file: str) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ConfigError("more than 128 KiB of configuration", hint="is this the right file?", file=file)
        return data.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", hint="check --config", file=file) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8 text", hint="save it as UTF-8", file=file, line=line) from error


def _compose(text: str, file: str) -> Node | None:
    """The one document in the text; None where there is nothing but comments."""
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


class _Reader:
    """Walks the document; a mistake is noted and a default takes its place, so that all are found."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.mistakes: list[ConfigError] = []

    def config(self, document: Node) -> Config:
        root = self._section(document, "registries", "build")
        return Config(
            registries=tuple(self._registries(root.get("registries"))),
            build=self._build(root.get("build")),
        )

    def _registries(self, node: Node | None) -> Iterator[RegistrySettings]:
        for key, value in self._pairs(node):
            name = self._registry_name(key)
            entry = self._section(value, *_REGISTRY_KEYS)
            settings = RegistrySettings(
                name=name,
                location=self._matching(entry.get("location"), _LOCATION, "host, host:port or host/path"),
                insecure=self._flag(entry.get("insecure")),
                ca=self._beside(entry.get("ca")),
                cert=self._beside(entry.get("cert")),
                key=self._beside(entry.get("key")),
                username_variable=self._variable(entry.get("username_variable")),
                password_variable=self._variable(entry.get("password_variable")),
                source=f"{self._file}:{key.start_mark.line + 1}",
            )
            self._judge_pair(entry, "cert", "key", "files")
            self._judge_variables(entry, settings)
            yield settings

    def _registry_name(self, node: Node) -> str:
        """The registry as references name it; another name would never be met."""
        name = self._text(node)
        if name is None:
            return ""
        try:
            image = ImageReference.parse(f"{name}/owner/name")
        except InvalidReference:
            image = None
        path = name.partition("/")[2]
        if image is None or image.repository != f"{path}/owner/name".lstrip("/"):
            self._wrong(node, f"{_brief(name)} is not a registry", "write its host, e.g. ghcr.io")
        elif image.name != f"{name}/owner/name":
            called = image.name.removesuffix("/owner/name")
            self._wrong(node, f"references call {_brief(name)} {called}", f"write {called} here")
        return name

    def _judge_pair(self, entry: dict[str, Node], one: str, two: str, things: str) -> None:
        for key, other in ((one, two), (two, one)):
            if key in entry and other not in entry:
                self._wrong(entry[key], f"{key} stands without {other}", f"name both {things}, or neither")

    def _judge_variables(self, entry: dict[str, Node], settings: RegistrySettings) -> None:
        keys = ("username_variable", "password_variable")
        self._judge_pair(entry, *keys, "variables")
        safe = settings.host == _BOTS_REGISTRY and not settings.insecure
        for key, name in zip(keys, (settings.username_variable, settings.password_variable), strict=True):
            if name is not None and _BOTS_OWN.fullmatch(name) and not safe:
                self._wrong(
                    entry[key],
                    f"{name} may hold a secret of the bot, which {_brief(settings.host)} must not be given",
                    f"name a variable of its own; only https://{_BOTS_REGISTRY} is given such ones",
                )

    def _build(self, node: Node | None) -> BuildSettings:
        entry = self._section(node, "driver", "network", "timeout", "targets")
        default = BuildSettings()
        return BuildSettings(
            driver=self._choice(entry.get("driver"), Driver, default.driver),
            network=self._choice(entry.get("network"), Network, default.network),
            timeout=self._duration(entry.get("timeout"), default.timeout),
            targets=tuple(self._targets(entry.get("targets"))),
        )

    def _targets(self, node: Node | None) -> Iterator[BuildTarget]:
        if node is None or _is_empty(node):
            return
        if not isinstance(node, SequenceNode):
            self._wrong(node, "expected a list", "begin each target with a dash")
            return
        for item in node.value:
            entry = self._section(item, "dockerfile", "context", "stage", "platform", "args")
            dockerfile = self._path(entry.get("dockerfile")) or ""
            if "dockerfile" not in entry and (isinstance(item, MappingNode) or _is_empty(item)):
                self._wrong(item, "a target needs a dockerfile", "add `dockerfile: Dockerfile`")
            yield BuildTarget(
                dockerfile=dockerfile,
                context=self._path(entry.get("context")) or str(PurePosixPath(dockerfile).parent),
                stage=self._matching(entry.get("stage"), _STAGE, "the name of a stage"),
                platform=self._matching(entry.get("platform"), _PLATFORM, "one platform like linux/amd64"),
                args=tuple(self._arguments(entry.get("args"))),
            )

    def _arguments(self, node: Node | None) -> Iterator[tuple[str, str]]:
        for key, value in self._pairs(node):
            name = self._variable(key)
            # Whatever YAML makes of `1.10` or `no`, a build argument is the text that stands there.
            if _is_empty(value):
                self._wrong(key, "expected a text after it", 'write "" for an empty one')
            elif not isinstance(value, ScalarNode):
                self._wrong(value, "expected a text", "a build argument has no parts")
            elif name is not None and self._is_possible(value):
                yield name, value.value

    def _section(self, node: Node | None, *known: str) -> dict[str, Node]:
        """The values of a mapping with these keys; keys without a value are left out."""
        entry: dict[str, Node] = {}
        for key, value in self._pairs(node):
            name = key.value if isinstance(key, ScalarNode) else "(not a text)"
            if name in known:
                if not _is_empty(value):
                    entry[name] = value
                continue
            near = difflib.get_close_matches(name[:_SHOWN], known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"allowed here: {', '.join(known)}"
            self._wrong(key, f"unknown key {_brief(name)}", hint)
        return entry

    def _pairs(self, node: Node | None) -> Iterator[tuple[Node, Node]]:
        """Keys and values of a mapping, each key once."""
        if node is None or _is_empty(node):
            return
        if not isinstance(node, MappingNode):
            self._wrong(node, "expected `key: value` lines here", "see docs/configuration.md")
            return
        lines: dict[str, int] = {}
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                if key.value in lines:
                    told = f"{_brief(key.value)} stands in line {lines[key.value]} already"
                    self._wrong(key, told, "take one of them out")
                    continue
                lines[key.value] = key.start_mark.line + 1
            yield key, value

    def _text(self, node: Node | None) -> str | None:
        if node is None or not self._is_possible(node):
            return None
        if not isinstance(node, ScalarNode) or not node.value:
            self._wrong(node, "expected a text", "see docs/configuration.md")
            return None
        if node.tag != _TAG + "str":
            self._wrong(node, f"expected a text, not {_brief(node.value)}", "put it between quotes")
            return None
        return str(node.value)

    def _matching(self, node: Node | None, pattern: re.Pattern[str], expected: str) -> str | None:
        text = self._text(node)
        if node is None or text is None or pattern.fullmatch(text):
            return text
        self._wrong(node, f"{_brief(text)} is not {expected}", "see docs/configuration.md")
        return None

    def _variable(self, node: Node | None) -> str | None:
        return self._matching(node, _VARIABLE, "the name of a variable")

    def _path(self, node: Node | None) -> str | None:
        text = self._text(node)
        if node is None or text is None:
            return None
        path = PurePosixPath(text)
        if path.is_absolute() or ".." in path.parts:
            self._wrong(node, f"{_brief(text)} leads out of the repository", "write it from the root")
            return None
        return str(path)

    def _beside(self, node: Node | None) -> str | None:
        """A path that is relative to the configuration file, wherever pinbot is started."""
        text = self._text(node)
        return None if text is None else str(Path(self._file).parent / text)

    def _flag(self, node: Node | None) -> bool:
        return node is not None and self._one_of(node, ("true", "false")) == "true"

    def _choice(self, node: Node | None, kind: type[_Choice], default: _Choice) -> _Choice:
        value = node and self._one_of(node, [str(member) for member in kind])
        return kind(value) if value else default

    def _one_of(self, node: Node, known: list[str] | tuple[str, ...]) -> str | None:
        if isinstance(node, ScalarNode) and node.value.lower() in known:
            return str(node.value.lower())
        found = f", not {_brief(node.value)}" if isinstance(node, ScalarNode) else ""
        self._wrong(node, f"expected one of {', '.join(known)}{found}", "see docs/configuration.md")
        return None

    def _duration(self, node: Node | None, default: float) -> float:
        if node is None:
            return default
        match = _DURATION.fullmatch(node.value) if isinstance(node, ScalarNode) else None
        seconds = float(match[1]) * _SECONDS[match[2]] if match else 0
        if 0 < seconds <= _LONGEST_BUILD:
            return seconds
        found = f", not {_brief(node.value)}" if isinstance(node, ScalarNode) else ""
        self._wrong(node, f"expected a duration like 90s, 10m or 1h{found}", "one day is the longest")
        return default

    def _is_possible(self, node: Node) -> bool:
        if isinstance(node, ScalarNode) and _IMPOSSIBLE.search(node.value):
            self._wrong(node, f"{_brief(node.value)} holds an impossible character", "take it out")
            return False
        return True

    def _wrong(self, node: Node, message: str, hint: str) -> None:
        mark = node.start_mark
        self.mistakes.append(
            ConfigError(message, hint=hint, file=self._file, line=mark.line + 1, column=mark.column + 1)
        )


def _is_empty(node: Node) -> bool:
    """Whether nothing stands there, as after `key:` at the end of a line, or `null`."""
    return isinstance(node, ScalarNode) and node.tag == _TAG + "null"


def _brief(text: str) -> str:
    """The text between quotes, not too much of it."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
