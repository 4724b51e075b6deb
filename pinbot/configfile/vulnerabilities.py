"""The section `vulnerabilities`: whether and where to look up what an update fixes."""

import re

from ruamel.yaml.nodes import Node

from pinbot.config import VulnerabilitySettings
from pinbot.yamlnodes import NodeReader

URL = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?")
"""An address without credentials, query or fragment."""


def read_vulnerabilities(reader: NodeReader, node: Node | None) -> VulnerabilitySettings:
    """Whether and where to look them up."""
    entry = reader.section(node, "enabled", "url")
    usual = VulnerabilitySettings()
    url = reader.matching(entry.get("url"), URL, "an address like https://api.osv.dev")
    return VulnerabilitySettings(enabled=reader.flag(entry.get("enabled")), url=url or usual.url)
