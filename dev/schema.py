"""Writes docs/schema/pinbot-yaml.json, what editors know of pinbot.yaml: `make schema`.

Nothing is said twice: the keys, their words and their patterns are the reader's, and what they mean is taken
from the tables of docs/configuration.md. Here stands only which form each value has. A schema cannot say all
that the reader says; tests/test_schema.py shows where they differ.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pinbot.config import SERVICE_ADDRESS, Driver, Network
from pinbot.configfile.audit import AUDIT_KEYS, RULE_ID
from pinbot.configfile.build import BUILD_KEYS, PLATFORM, STAGE, TARGET_KEYS
from pinbot.configfile.load import SECTIONS
from pinbot.configfile.policy import GROUP, LOGIN, LONGEST_LABEL, OLD_FLAG, POLICY_KEYS, RULE_KEYS
from pinbot.configfile.pull_requests import PULL_REQUEST_KEYS, SCHEDULE_KEYS, TEAM, TIME, TITLES
from pinbot.configfile.registries import LOCATION, MIRROR_KEYS, REGISTRY_KEYS
from pinbot.configfile.vulnerabilities import VULNERABILITY_KEYS
from pinbot.model.finding import Profile
from pinbot.model.proposing import DAYS, Grouping, MergeMethod
from pinbot.model.treatment import CooldownMode, Digests, Reach
from pinbot.scaffold.repository import schema_address
from pinbot.tags import VERSIONS
from pinbot.yamlnodes import DURATION, LONGEST_SECONDS, NUMBER, VARIABLE, WAIT

Form = dict[str, Any]
"""A schema."""

DOCS = Path(__file__).parents[1] / "docs"
FILE = DOCS / "schema" / "pinbot-yaml.json"
PAGE = DOCS / "configuration.md"

_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
_CODE = re.compile(r"`([^`]*)`")
_OTHER_KEY = re.compile(r"`[a-z]+\.[a-z_]+`")
_SENTENCE = re.compile(r"(.+?[.;:])(?:\s|$)", re.DOTALL)


def document() -> Form:
    """The whole schema, in draft 7: the newest that editors agree on."""
    rows = {name: dict(_rows(lines)) for name, lines in _tables().items()}
    policy = _section(rows["policy"], POLICY_KEYS, _policy(rows))
    sections = {name: {**form, "description": _about(name)} for name, form in _sections(rows).items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": schema_address("main"),
        "title": "pinbot.yaml",
        "description": "What pinbot can be told: docs/configuration.md.",
        **policy,
        "properties": {name: sections[name] for name in SECTIONS} | policy["properties"],
    }


def _sections(rows: Mapping[str, Mapping[str, "_Row"]]) -> dict[str, Form]:
    mirror = _section(rows["mirror"], MIRROR_KEYS, _REGISTRY)
    registry = _section(rows["registry"], REGISTRY_KEYS, {**_REGISTRY, "mirror": _several(mirror)})
    target = _section(rows["target"], TARGET_KEYS, _TARGET)
    schedule = _section(rows["schedule"], SCHEDULE_KEYS, _SCHEDULE)
    return {
        "registries": {
            "type": ["object", "null"],
            # As `distribution/reference` tells a registry from a part of a name.
            "propertyNames": {"pattern": r"^(?:localhost|[^/]*[.:A-Z][^/]*)(?:/|$)"},
            "additionalProperties": registry
            | {
                "dependencies": {
                    "cert": ["key"],
                    "key": ["cert"],
                    "username_variable": ["password_variable"],
                    "password_variable": ["username_variable"],
                }
            },
        },
        "build": _section(rows["build"], BUILD_KEYS, {**_BUILD, "targets": _several(target)}),
        "audit": _section(rows["audit"], AUDIT_KEYS, _AUDIT),
        "vulnerabilities": _section(rows["vulnerabilities"], VULNERABILITY_KEYS, _VULNERABILITIES),
        "pull_requests": _section(
            rows["pull_requests"], PULL_REQUEST_KEYS, {**_PULL_REQUESTS, "schedule": schedule}
        ),
    }


def _policy(rows: Mapping[str, Mapping[str, "_Row"]]) -> dict[str, Form]:
    inherited = {key: row.without_default for key, row in rows["policy"].items()}
    said = {key: inherited[key] if row.default == "as above" else row for key, row in rows["rule"].items()}
    return {**_STANDARD, "rules": _several(_section(said, RULE_KEYS, _STANDARD))}


def _section(rows: Mapping[str, "_Row"], keys: Iterable[str], forms: Mapping[str, Form]) -> Form:
    """A mapping with these keys, each with or without a value."""
    required = [key for key in keys if rows[key].default == "required"]
    return {
        "type": ["object", "null"],
        "properties": {key: rows[key].told(forms[key], optional=key not in required) for key in keys},
        "additionalProperties": False,
    } | ({"required": required, "type": "object"} if required else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What the page says of a key: both cells as they are written there."""

    default: str
    meaning: str

    @property
    def without_default(self) -> "_Row":
        return _Row(default="", meaning=self.meaning)

    def told(self, form: Form, *, optional: bool) -> Form:
        """A form with what the page says of it, and with null where the value may be left out."""
        literal = None if _OTHER_KEY.fullmatch(self.default) else _CODE.fullmatch(self.default)
        known = {"default": YAML(typ="safe", pure=True).load(literal[1])} if literal else {}
        words = f" Default: {_plain(self.default)}." if self.default and not literal and optional else ""
        meaning = _plain(self.meaning)
        text = f"{meaning[:1].upper()}{meaning[1:]}{'' if meaning.endswith('.') else '.'}{words}"
        return {"description": text, **(_or_nothing(form) if optional else form), **known}


def _or_nothing(form: Form) -> Form:
    """The form, or no value at all: the key then counts as left out."""
    if "anyOf" in form:
        return {**form, "anyOf": [*form["anyOf"], {"type": "null"}]}
    types = form["type"] if isinstance(form["type"], list) else [form["type"]]
    words = {"enum": [*form["enum"], None]} if "enum" in form else {}
    return {**form, "type": list(dict.fromkeys([*types, "null"])), **words}


_TABLES = (
    "registry",
    "mirror",
    "build",
    "target",
    "audit",
    "policy",
    "rule",
    "vulnerabilities",
    "pull_requests",
    "schedule",
)
"""What the tables of the page are about, in their order."""


def _tables() -> dict[str, list[str]]:
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"^\| key \| default \| \|\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    return dict(zip(_TABLES, (table.splitlines() for table in found), strict=True))


def _rows(lines: Iterable[str]) -> Iterator[tuple[str, _Row]]:
    """Every key of a table; a row may be about several, with one default for each or one for all."""
    for line in lines:
        keys, default, meaning = (cell.strip() for cell in line.strip("|").split("|"))
        names, defaults = _CODE.findall(keys), default.split(", ")
        if len(defaults) != len(names):
            defaults = [default] * len(names)
        for name, own in zip(names, defaults, strict=True):
            yield name, _Row(default=own, meaning=meaning)


def _about(name: str) -> str:
    """The first sentence of a section."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## `{name}`\n\n")[2]
    sentence = _SENTENCE.match(text)
    assert sentence, name
    return _plain(" ".join(sentence[1].split())).rstrip(";:.") + "."


def _plain(text: str) -> str:
    return _LINK.sub(r"\1", text).replace(", see below", "")


def _matching(pattern: re.Pattern[str], *examples: str) -> Form:
    shown = {"examples": list(examples)} if examples else {}
    return {"type": "string", "pattern": f"^(?:{pattern.pattern})$"} | shown


def _choice(kind: type[StrEnum] | tuple[str, ...]) -> Form:
    return {"type": "string", "enum": [str(word) for word in kind]}


def _several(item: Form) -> Form:
    return {"type": ["array", "null"], "items": item}


_TEXT: Form = {"type": "string", "minLength": 1}
_FLAG: Form = {"type": "boolean"}
_COUNT: Form = {
    "type": ["integer", "string"],
    "minimum": 0,
    "maximum": 9999,
    "pattern": "^[0-9]{1,4}$",
}
_PATH: Form = {"type": "string", "pattern": r"^(?!/)(?!(?:.*/)?\.\.(?:/|$))[\s\S]"}
_DURATION: Form = _matching(DURATION, "90s", "10m", "1h") | {
    "type": ["string", "number"],
    "exclusiveMinimum": 0,
    "maximum": LONGEST_SECONDS,
}
_TIME_TO_WAIT = _matching(WAIT, "12h", "3d", "1w")
_UNIT = r" ?(?:[kKmMgG][iI]?)?[bB]"
_SOME = r"(?=[0.]*[1-9])"
_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_SIZE: Form = {
    "type": ["string", "number"],
    "pattern": rf"^{_SOME}{_NUMBER}(?:{_UNIT})?$",
    "exclusiveMinimum": 0,
    "examples": ["15MB", "800kB", "14MiB"],
}
_MEMORY: Form = _SIZE | {
    "pattern": rf"^(?:{_SOME}{_NUMBER}(?:{_UNIT})?|[1-9][0-9]{{0,9}}[kmgKMG])$",
    "examples": ["2g", "512m", "2GiB", "2GB"],
}
_WORD = r"[A-Za-z0-9._-]+"
_PLATFORMS = _several({"type": "string", "pattern": rf"^{_WORD}/{_WORD}(?:/{_WORD})?$"}) | {
    "examples": [["linux/amd64", "linux/arm64"]]
}
_TARGET_PLATFORM = _matching(PLATFORM, "linux/amd64", "linux/arm64")
_PATTERNS = _several({"type": "string", "pattern": "^[^!]"})
_LABELS = _several(_TEXT | {"maxLength": LONGEST_LABEL})
_LOGINS = _several(_matching(LOGIN))

_REGISTRY: dict[str, Form] = {
    "location": _matching(LOCATION, "mirror.example.com:5000"),
    "insecure": _FLAG,
    "authoritative": _FLAG,
    "ca": _TEXT,
    "cert": _TEXT,
    "key": _TEXT,
    "username_variable": _matching(VARIABLE, "REGISTRY_USER"),
    "password_variable": _matching(VARIABLE, "REGISTRY_PASSWORD"),
    "follow_private": _FLAG,
}
_BUILD: dict[str, Form] = {
    "driver": _choice(Driver),
    "network": _choice(Network),
    "timeout": _DURATION,
    "memory": _MEMORY,
    "cpus": {
        "type": ["number", "string"],
        "pattern": f"^{_SOME}{NUMBER.pattern}$",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1_000_000,
        "examples": [2, 0.5],
    },
    "processes": {
        "type": ["integer", "string"],
        "minimum": 1,
        "maximum": 999_999,
        "pattern": rf"^{_SOME}[0-9]{{1,6}}(?:\.0{{1,3}})?$",
        "examples": [512],
    },
    "disk": _MEMORY,
}
_TARGET: dict[str, Form] = {
    "dockerfile": _PATH,
    "context": _PATH,
    "stage": _matching(STAGE),
    "platform": {
        "anyOf": [_TARGET_PLATFORM, {"type": "array", "items": _TARGET_PLATFORM, "minItems": 1}],
    },
    "args": {
        "type": "object",
        "propertyNames": {"pattern": f"^{VARIABLE.pattern}$"},
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    },
    "audit": _choice(Profile),
    "max_size": _SIZE,
}
_AUDIT: dict[str, Form] = {
    "profile": _choice(Profile),
    "max_size": _SIZE,
    "ignore": _several(_matching(RULE_ID, "I12")),
    "start": _FLAG,
}
_VULNERABILITIES: dict[str, Form] = {"enabled": _FLAG, "url": _matching(SERVICE_ADDRESS)}
_STANDARD: dict[str, Form] = {
    "include": _PATTERNS,
    "exclude": _PATTERNS,
    "tags": _choice(Reach),
    "versions": _matching(VERSIONS, "<4"),
    "digests": _choice(Digests),
    "cooldown": _TIME_TO_WAIT,
    "cooldown_mode": _choice(CooldownMode),
    "trust_registry_dates": _FLAG,
    "settle": _TIME_TO_WAIT,
    "interval": _TIME_TO_WAIT,
    "platforms": _PLATFORMS,
    "images": _several(_TEXT),
    "paths": _PATTERNS,
    "ignore": {"type": ["boolean", "string"], "minLength": 1, "not": _matching(OLD_FLAG)},
    "group": _matching(GROUP, "rust"),
    "labels": _LABELS,
    "reviewers": _LOGINS,
}
_PULL_REQUESTS: dict[str, Form] = {
    "group": _choice(Grouping),
    "limit": _COUNT,
    "per_run": _COUNT,
    "title": _matching(TITLES, "build(deps): {title}"),
    "labels": _LABELS,
    "reviewers": _LOGINS,
    "team_reviewers": _several(_matching(TEAM)),
    "assignees": _LOGINS,
    "draft": _FLAG,
    "auto_merge": _choice(MergeMethod),
    "dashboard": _FLAG,
}
_SCHEDULE: dict[str, Form] = {
    "days": _several(_choice(DAYS)),
    "from": _matching(TIME, "6:30"),
    "to": _matching(TIME, "22:00"),
    "zone": _TEXT | {"examples": ["UTC", "Europe/Berlin"]},
}


def text() -> str:
    """The file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
