"""registries.conf, as podman, buildah and skopeo read it: containers-registries.conf(5), version 2. Pure."""

import re
from collections.abc import Iterator
from typing import Any, Never

from pinbot.config import Mirror, RegistrySettings
from pinbot.errors import ConfigError
from pinbot.model.reference import is_registry_host

_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")
_TABLE = re.compile(r"\s*\[\[\s*registry\s*\]\]")
_MIRROR = re.compile(r"\s*\[\[\s*registry\s*\.\s*mirror\s*\]\]")
_PATH = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_ONE_IMAGE = re.compile(r"(?::[\w][\w.-]{0,127}|@[a-z0-9]+:[0-9a-f]+)$", re.ASCII)
_HEADER = re.compile(r"\s*\[")
_SHOWN = 80


def parse(text: str, file: str) -> tuple[RegistrySettings, ...]:
    """The `[[registry]]` tables of a file, in their order; what else stands there is for other tools.

    Raises:
        ConfigError: it is no TOML, of version 1, or a table says what cannot be.
    """
    import tomllib  # noqa: PLC0415 - most machines have no such file

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, place = str(error), _PLACE.search(str(error))
        raise ConfigError(
            f"is not valid TOML: {_PLACE.sub('', message)}",
            hint="mend the syntax at that place",
            file=file,
            line=int(place[1]) if place else None,
            column=int(place[2]) if place else None,
        ) from error
    except RecursionError as error:
        raise ConfigError("is nested too deeply", hint="is this the right file?", file=file) from error
    if "registries" in document:
        _refuse("is of version 1, which is not read any more", file, _line_of(text, r"\s*\[\s*registries\b"))
    tables = document.get("registry", [])
    lines = list(_lines(text))
    if not _are_tables(tables):
        _refuse("`registry` is no list of tables", file, None)
    if len(lines) != len(tables):  # written in line: then the places are not known
        lines = [(None, ())] * len(tables)
    return tuple(_Table(table, file, *place).settings() for table, place in zip(tables, lines, strict=True))


Lines = tuple[tuple[int, str], ...]
"""Numbered lines."""


class _Table:
    """One `[[registry]]`, and where it stands."""

    def __init__(self, table: dict[str, Any], file: str, line: int | None, lines: Lines) -> None:
        self._table = table
        self._file = file
        self._line = line
        self._lines = lines
        self._is_one = False

    def settings(self) -> RegistrySettings:
        location = self._text(self._table, "location")
        name = self._text(self._table, "prefix") or location
        if name is None:
            self._wrong("prefix", "a registry needs a prefix or a location")
        # A prefix can be one tag or digest: it is no name that is asked for, and goes on to buildah as it is.
        self._is_one = "/" in name and _ONE_IMAGE.search(name) is not None
        if location is not None:
            self._judge("location", location)
        self._judge("prefix", name.removeprefix("*."))
        if location is None and not name.startswith("*."):
            self._wrong("prefix", "there is no location for this prefix")
        mirrors = self._table.get("mirror", [])
        if not _are_tables(mirrors):
            self._wrong("mirror", "`mirror` is no list of tables")
        return RegistrySettings(
            name=name,
            location=None if location == name else location,
            insecure=self._flag(self._table, "insecure"),
            blocked=self._flag(self._table, "blocked"),
            mirrors=tuple(self._mirror(mirror) for mirror in mirrors),
            source=self._file if self._line is None else f"{self._file}:{self._line}",
        )

    def _mirror(self, table: dict[str, Any]) -> Mirror:
        location = self._text(table, "location")
        if location is None:
            self._wrong("mirror", "a mirror needs a location")
        self._judge("mirror", location)
        return Mirror(location=location, insecure=self._flag(table, "insecure"))

    def _judge(self, key: str, place: str) -> None:
        host, slash, path = (_ONE_IMAGE.sub("", place) if self._is_one else place).partition("/")
        if not is_registry_host(host) or (slash and not _PATH.fullmatch(path)):
            self._wrong(key, f"{_brief(place)} is not host[:port][/path]")

    def _text(self, table: dict[str, Any], key: str) -> str | None:
        value = table.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self._wrong(key, f"`{key}` is no text")
        return value

    def _flag(self, table: dict[str, Any], key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            self._wrong(key, f"`{key}` is neither true nor false")
        return value

    def _wrong(self, key: str, message: str) -> Never:
        pattern = re.compile(rf"\s*(?:\[\[\s*registry\s*\.\s*)?{key}\b")
        line = next((number for number, text in self._lines if pattern.match(text)), self._line)
        _refuse(message, self._file, line)


def _refuse(message: str, file: str, line: int | None) -> Never:
    raise ConfigError(message, hint="see containers-registries.conf(5)", file=file, line=line)


def _are_tables(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _lines(text: str) -> Iterator[tuple[int | None, Lines]]:
    """For each `[[registry]]` its line, and the numbered lines up to the next that is not about it.

    Python's reader of TOML tells no places.
    """
    start: int | None = None
    body: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if _HEADER.match(line) and not _MIRROR.match(line):
            if start is not None:
                yield start, tuple(body)
            start, body = (number if _TABLE.match(line) else None), []
        else:
            body.append((number, line))
    if start is not None:
        yield start, tuple(body)


def _line_of(text: str, pattern: str) -> int | None:
    return next((n for n, line in enumerate(text.split("\n"), start=1) if re.match(pattern, line)), None)


def _brief(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
