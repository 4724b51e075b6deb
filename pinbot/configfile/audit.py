"""The section `audit`: what images are held to."""

import re
from collections.abc import Iterator

from ruamel.yaml.nodes import Node

from pinbot.config import AuditSettings
from pinbot.model.finding import Profile
from pinbot.yamlnodes import NodeReader

AUDIT_KEYS = ("profile", "max_size", "ignore", "start")
"""What can be said of the audit."""

RULE_ID = re.compile(r"[DIB][1-9][0-9]?")


def read_audit(reader: NodeReader, node: Node | None) -> AuditSettings:
    """What images are held to."""
    entry = reader.section(node, *AUDIT_KEYS)
    return AuditSettings(
        profile=reader.choice(entry.get("profile"), Profile, None),
        max_size=reader.size(entry.get("max_size")),
        ignore=tuple(_rules(reader, entry.get("ignore"))),
        start=reader.flag(entry.get("start")),
    )


def _rules(reader: NodeReader, node: Node | None) -> Iterator[str]:
    for item in reader.items(node):
        rule = reader.matching(item, RULE_ID, "the id of a rule, like I12")
        if rule is not None:
            yield rule
