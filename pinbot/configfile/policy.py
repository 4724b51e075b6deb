"""What may move, where and when: `include`, `exclude`, `rules`, and what holds without a rule."""

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml.nodes import Node

from pinbot.errors import InvalidReference
from pinbot.model.reference import Platform
from pinbot.model.treatment import CooldownMode, Digests, Reach
from pinbot.policy import Policy, Rule
from pinbot.tags import VERSIONS
from pinbot.yamlnodes import NodeReader, brief

_TIMES = ("cooldown", "settle", "interval")
STANDARD_KEYS = (
    "tags",
    "versions",
    "digests",
    *_TIMES,
    "cooldown_mode",
    "trust_registry_dates",
    "platforms",
)
"""What can be said of all images, and in a rule of some."""

POLICY_KEYS = ("include", "exclude", "rules", *STANDARD_KEYS)
"""The sections of the file that make up the policy."""

RULE_KEYS = ("images", "paths", "ignore", *STANDARD_KEYS, "group", "labels", "reviewers")
"""What can be said in a rule."""

GROUP = re.compile(r"(?!.*(\.\.|\.lock$|\.$))[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What is part of the name of a branch; git-check-ref-format(1) forbids some."""

OLD_FLAG = re.compile(r"[Yy]([Ee][Ss])?|[Nn][Oo]?|[Oo]([Nn]|[Ff][Ff])")
"""What YAML 1.1 took for true and false."""

LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}")
LONGEST_LABEL = 50


def read_policy(reader: NodeReader, root: dict[str, Node]) -> Policy:
    """The policy that these sections make."""
    standard = Rule(**_said(reader, root)).applied(Policy().standard)
    return Policy(
        include=_patterns(reader, root.get("include")),
        exclude=_patterns(reader, root.get("exclude")),
        rules=tuple(_rules(reader, root.get("rules"))),
        standard=standard,
    )


def _rules(reader: NodeReader, node: Node | None) -> Iterator[Rule]:
    for item in reader.items(node):
        entry = reader.section(item, *RULE_KEYS)
        yield Rule(
            images=reader.texts(entry.get("images")),
            paths=_patterns(reader, entry.get("paths")),
            ignore=_ignore(reader, entry.get("ignore")),
            group=reader.matching(entry.get("group"), GROUP, "a name like rust or base-images"),
            labels=labels(reader, entry.get("labels")),
            reviewers=logins(reader, entry.get("reviewers")),
            **_said(reader, entry),
        )


def _said(reader: NodeReader, entry: dict[str, Node]) -> dict[str, Any]:
    """What can be said of all images and of some alike; None for what is not said."""
    times = {key: reader.wait(entry.get(key)) for key in _TIMES}
    trust, platforms = entry.get("trust_registry_dates"), entry.get("platforms")
    return {
        "tags": reader.choice(entry.get("tags"), Reach, None),
        "versions": reader.matching(entry.get("versions"), VERSIONS, "a limit like <4 or >=3.18,!=3.21"),
        "digests": reader.choice(entry.get("digests"), Digests, None),
        **times,
        "cooldown_mode": reader.choice(entry.get("cooldown_mode"), CooldownMode, None),
        "trust_registry_dates": None if trust is None else reader.flag(trust),
        "platforms": None if platforms is None else tuple(_platforms(reader, platforms)),
    }


def _ignore(reader: NodeReader, node: Node | None) -> str | None:
    """The reason that is written, or that there is a rule; None where it is not ignored."""
    written = str(getattr(node, "value", "")).lower()
    if node is None or written == "false":
        return None
    if written == "true":
        return "a rule in pinbot.yaml says to leave it alone"
    if OLD_FLAG.fullmatch(written):
        reader.wrong(
            node, f"{brief(written)} is neither true nor false, and no reason", "write true or false"
        )
        return None
    text = reader.text(node)
    return None if text is None else f"{text} (pinbot.yaml)"


def _platforms(reader: NodeReader, node: Node) -> Iterator[Platform]:
    for item in reader.items(node):
        text = reader.text(item)
        if text is None:
            continue
        try:
            yield Platform.parse(text)
        except InvalidReference as error:
            reader.wrong(item, error.message, error.hint)


def _patterns(reader: NodeReader, node: Node | None) -> tuple[str, ...]:
    patterns: list[str] = []
    for item in reader.items(node):
        text = reader.text(item)
        if text is None:
            continue
        if text.startswith("!"):
            reader.wrong(item, f"{brief(text)} takes back what no pattern says", "use include and exclude")
        patterns.append(text)
    return tuple(patterns)


def labels(reader: NodeReader, node: Node | None) -> tuple[str, ...]:
    """Names of labels, as a list."""
    found: list[str] = []
    for item in reader.items(node):
        text = reader.text(item)
        if text is not None and len(text) > LONGEST_LABEL:
            reader.wrong(item, f"{brief(text)} is too long for a label", "50 characters are the most")
        elif text is not None:
            found.append(text)
    return tuple(found)


def logins(reader: NodeReader, node: Node | None) -> tuple[str, ...]:
    """Names of people on the forge, as a list."""
    names = (reader.matching(item, LOGIN, "the name of a user") for item in reader.items(node))
    return tuple(name for name in names if name is not None)
