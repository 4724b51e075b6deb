"""The section `vulnerabilities`: whether and where to look up what an update fixes."""

from ruamel.yaml.nodes import Node

from pinbot.config import SERVICE_ADDRESS, VulnerabilitySettings
from pinbot.yamlnodes import NodeReader

VULNERABILITY_KEYS = ("enabled", "url")
"""What can be said of looking up vulnerabilities."""


def read_vulnerabilities(reader: NodeReader, node: Node | None) -> VulnerabilitySettings:
    """Whether and where to look them up."""
    entry = reader.section(node, *VULNERABILITY_KEYS)
    usual = VulnerabilitySettings()
    url = reader.matching(entry.get("url"), SERVICE_ADDRESS, "an address like https://api.osv.dev")
    return VulnerabilitySettings(enabled=reader.flag(entry.get("enabled")), url=url or usual.url)
