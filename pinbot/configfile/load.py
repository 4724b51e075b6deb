"""Reading pinbot.yaml: every mistake at once, each with its place and what was probably meant."""

from pathlib import Path

from ruamel.yaml.nodes import Node

from pinbot import yamlnodes
from pinbot.config import Config
from pinbot.configfile.audit import read_audit
from pinbot.configfile.build import read_build
from pinbot.configfile.policy import POLICY_KEYS, read_policy
from pinbot.configfile.pull_requests import read_pull_requests
from pinbot.configfile.registries import read_registries
from pinbot.configfile.vulnerabilities import read_vulnerabilities
from pinbot.errors import Several
from pinbot.yamlnodes import NodeReader, read

SECTIONS = ("registries", "build", "audit", "vulnerabilities", "pull_requests")
"""What stands at the top of the file, beside the policy."""


def load(path: Path) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: it cannot be read, or is no YAML.
        Several: it holds mistakes, each a ConfigError with file, line and column.
    """
    return _config_of(read(path), str(path))


def parse(data: bytes, file: str) -> Config:
    """As `load`, for what was read elsewhere; `file` is what it is called in messages.

    Raises:
        ConfigError, Several: as for `load`.
    """
    return _config_of(yamlnodes.parse(data, file), file)


def _config_of(document: Node | None, file: str) -> Config:
    if document is None:
        return Config()
    reader = NodeReader(file)
    config = _config(reader, document)
    if reader.mistakes:
        raise Several(sorted(reader.mistakes, key=lambda mistake: (mistake.line, mistake.column)))
    return config


def _config(reader: NodeReader, document: Node) -> Config:
    root = reader.section(document, *SECTIONS, *POLICY_KEYS)
    return Config(
        registries=tuple(read_registries(reader, root.get("registries"))),
        build=read_build(reader, root.get("build")),
        audit=read_audit(reader, root.get("audit")),
        vulnerabilities=read_vulnerabilities(reader, root.get("vulnerabilities")),
        policy=read_policy(reader, root),
        pull_requests=read_pull_requests(reader, root.get("pull_requests")),
    )
