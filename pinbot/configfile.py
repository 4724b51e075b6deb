"""Reading pinbot.yaml: every mistake at once, each with its place and what was probably meant."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pinbot.config import BuildSettings, Config, Driver, Network, RegistrySettings
from pinbot.errors import ConfigError, Several
from pinbot.model.build import BuildTarget

_LARGEST = 1024 * 1024
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)?")
_SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600}
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9A-Fa-f:]+\](?::\d{1,5})?")

_Choice = TypeVar("_Choice", Driver, Network)


def load(path: Path) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: it cannot be read, or is no YAML.
        Several: it holds mistakes, each a ConfigError with file, line and column.
    """
    shown = str(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError("more than 1 MiB of configuration", hint="is this the right file?", file=shown)
        document = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", hint="check --config", file=shown) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8 text", hint="save it as UTF-8", file=shown) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise ConfigError(
            f"is not valid YAML: {error.problem}",
            hint="mend the syntax at that place",
            file=shown,
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
        ) from error
    except YAMLError as error:
        raise ConfigError(f"is not valid YAML: {error}", hint="mend the syntax", file=shown) from error
    reader = _Reader(shown)
    config = reader.config(document if document is not None else CommentedMap())
    if reader.mistakes:
        raise Several(reader.mistakes)
    return config


class _Reader:
    """Walks the document; a mistake is noted and a default takes its place, so that all are found."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.mistakes: list[ConfigError] = []

    def config(self, document: object) -> Config:
        root = self._mapping(document, None, None, allowed=("registries", "build"))
        registries = self._mapping(root.get("registries", CommentedMap()), root, "registries")
        return Config(
            registries=tuple(self._registry(registries, name) for name in registries),
            build=self._build(root),
        )

    def _registry(self, parent: Mapping[Any, Any], name: object) -> RegistrySettings:
        keys = ("location", "insecure", "ca", "username_variable", "password_variable")
        entry = self._mapping(parent[name], parent, name, allowed=keys)
        location = self._text(entry, "location")
        if location is not None and not _HOST.fullmatch(location):
            self._wrong(entry, "location", f"{location!r} is not a host", "write host or host:port alone")
        if not isinstance(name, str) or not _HOST.fullmatch(name):
            self._wrong(parent, name, f"{name!r} is not a registry", "write its host, e.g. ghcr.io")
        variables = {key: self._text(entry, key) for key in ("username_variable", "password_variable")}
        for key, other in zip(variables, reversed(variables), strict=True):
            if variables[key] is not None and variables[other] is None:
                self._wrong(entry, key, f"{key} stands without {other}", "name both variables, or neither")
        return RegistrySettings(
            name=str(name),
            location=location,
            insecure=self._flag(entry, "insecure"),
            ca=self._text(entry, "ca"),
            username_variable=variables["username_variable"],
            password_variable=variables["password_variable"],
        )

    def _build(self, root: Mapping[Any, Any]) -> BuildSettings:
        keys = ("driver", "network", "timeout", "targets")
        entry = self._mapping(root.get("build", CommentedMap()), root, "build", allowed=keys)
        default = BuildSettings()
        return BuildSettings(
            driver=self._choice(entry, "driver", Driver, default.driver),
            network=self._choice(entry, "network", Network, default.network),
            timeout=self._duration(entry, "timeout", default.timeout),
            targets=tuple(self._targets(entry)),
        )

    def _targets(self, build: Mapping[Any, Any]) -> Iterator[BuildTarget]:
        entries = build.get("targets", [])
        if not isinstance(entries, list):
            self._wrong(build, "targets", "expected a list", "begin each target with a dash")
            return
        keys = ("dockerfile", "context", "stage", "platform", "args")
        for position, item in enumerate(entries):
            entry = self._mapping(item, entries, position, allowed=keys)
            dockerfile = self._path(entry, "dockerfile")
            if "dockerfile" not in entry:
                self._wrong(entries, position, "a target needs a dockerfile", "add `dockerfile: Dockerfile`")
            folder = str(PurePosixPath(dockerfile or ".").parent)
            arguments = self._mapping(entry.get("args", CommentedMap()), entry, "args")
            yield BuildTarget(
                dockerfile=dockerfile or "",
                context=self._path(entry, "context") or folder,
                stage=self._text(entry, "stage"),
                platform=self._text(entry, "platform"),
                args=tuple((str(key), str(value)) for key, value in arguments.items()),
            )

    def _mapping(
        self, value: object, parent: Any, key: object, *, allowed: tuple[str, ...] = ()
    ) -> Mapping[Any, Any]:
        """`value` as a mapping; where `allowed` is empty, its keys are the user's own names."""
        if not isinstance(value, CommentedMap):
            self._wrong(parent, key, "expected `key: value` lines here", "see docs/configuration.md")
            return CommentedMap()
        for name in value:
            if allowed and name not in allowed:
                near = difflib.get_close_matches(str(name), allowed, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"allowed here: {', '.join(allowed)}"
                self._wrong(value, name, f"unknown key {name!r}", hint)
        return value

    def _value(self, entry: Mapping[Any, Any], key: str, ok: Callable[[Any], bool], expected: str) -> Any:
        value = entry.get(key)
        if value is None or ok(value):
            return value
        self._wrong(entry, key, f"{key}: expected {expected}, not {value!r}", "see docs/configuration.md")
        return None

    def _text(self, entry: Mapping[Any, Any], key: str) -> str | None:
        value = self._value(entry, key, lambda found: isinstance(found, str) and bool(found), "a text")
        return None if value is None else str(value)

    def _flag(self, entry: Mapping[Any, Any], key: str) -> bool:
        return bool(self._value(entry, key, lambda found: isinstance(found, bool), "true or false"))

    def _path(self, entry: Mapping[Any, Any], key: str) -> str | None:
        value = self._text(entry, key)
        if value is None:
            return None
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts:
            self._wrong(entry, key, f"{key}: {value!r} leads out of the repository", "write it from the root")
        return str(path)

    def _choice(self, entry: Mapping[Any, Any], key: str, kind: type[_Choice], default: _Choice) -> _Choice:
        known = [str(member) for member in kind]
        value = self._value(entry, key, lambda found: found in known, "one of " + ", ".join(known))
        return default if value is None else kind(value)

    def _duration(self, entry: Mapping[Any, Any], key: str, default: float) -> float:
        def ok(found: object) -> bool:
            if isinstance(found, bool) or not isinstance(found, int | float | str):
                return False
            match = _DURATION.fullmatch(str(found))
            return match is not None and float(match[1]) > 0

        value = self._value(entry, key, ok, "a duration like 90s, 10m or 1h")
        if value is None:
            return default
        match = _DURATION.fullmatch(str(value))
        assert match is not None  # noqa: S101 - `ok` has just seen it
        return float(match[1]) * _SECONDS[match[2]]

    def _wrong(self, parent: Any, key: object, message: str, hint: str) -> None:
        line = column = None
        if parent is not None:
            at = parent.lc.data[key]
            line, column = at[0] + 1, at[1] + 1
        self.mistakes.append(ConfigError(message, hint=hint, file=self._file, line=line, column=column))
