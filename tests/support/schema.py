"""What an editor makes of a pinbot.yaml: the document as YAML 1.2 reads it, held against the schema."""

import json
import re
from collections.abc import Iterable
from functools import cache

from jsonschema import Draft7Validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from dev import schema

ONLY_PINBOT_KNOWS = (
    "may hold a secret of the bot",
    "holds an impossible character",
    "references call",
    "is no time zone",
    "stands without",  # where the other one is there, but empty
    "expected a duration.* not '[0-9]",  # longer than a day, or a number as only YAML writes it
    "expected a time like.* not '[0-9]",  # longer than a year
    r"expected a size.* not '0*\.",  # less than one byte
    "expected a text, not '[0-9]{4}-[0-9]{2}-[0-9]{2}'",  # a date for YAML, a text in JSON
)
"""Mistakes that a schema cannot see."""


def schema_takes(text: str | bytes) -> bool:
    """Whether an editor would find nothing wrong with a file."""
    try:
        loaded = json.dumps(YAML(typ="safe", pure=True).load(text), default=str)
    except (YAMLError, TypeError):  # JSON has no list for a key
        return False
    return validator().is_valid(json.loads(loaded))


def editor_sees(text: str, messages: Iterable[str]) -> bool:
    """Whether an editor finds something wrong, too, or need not."""
    hidden = (any(re.search(pattern, message) for pattern in ONLY_PINBOT_KNOWS) for message in messages)
    return all(hidden) or not schema_takes(text)


@cache
def validator() -> Draft7Validator:
    """The schema that stands in the repository."""
    return Draft7Validator(json.loads(schema.FILE.read_text(encoding="utf-8")))
