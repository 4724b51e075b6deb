"""The section `build`: what is test-built, and how."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pinbot.config import BuildSettings, Driver, Network
from pinbot.model.build import BuildTarget
from pinbot.model.finding import Profile
from pinbot.yamlnodes import NodeReader, is_empty

BUILD_KEYS = ("driver", "network", "timeout", "memory", "cpus", "processes", "disk", "targets")
"""What can be said of builds."""

TARGET_KEYS = ("dockerfile", "context", "stage", "platform", "args", "audit", "max_size")
"""What can be said of one target."""

STAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?")


def read_build(reader: NodeReader, node: Node | None) -> BuildSettings:
    """How test builds are made."""
    entry = reader.section(node, *BUILD_KEYS)
    default = BuildSettings()
    return BuildSettings(
        driver=reader.choice(entry.get("driver"), Driver, default.driver),
        network=reader.choice(entry.get("network"), Network, default.network),
        timeout=reader.duration(entry.get("timeout"), default.timeout),
        memory=reader.memory(entry.get("memory")),
        cpus=reader.number(entry.get("cpus"), "a number of processors like 1.5"),
        processes=_processes(reader, entry.get("processes")),
        disk=reader.memory(entry.get("disk")),
        targets=tuple(_targets(reader, entry.get("targets"))),
    )


def _targets(reader: NodeReader, node: Node | None) -> Iterator[BuildTarget]:
    for item in reader.items(node):
        entry = reader.section(item, *TARGET_KEYS)
        dockerfile = reader.path(entry.get("dockerfile")) or ""
        if "dockerfile" not in entry and (isinstance(item, MappingNode) or is_empty(item)):
            reader.wrong(item, "a target needs a dockerfile", "add `dockerfile: Dockerfile`")
        target = BuildTarget(
            dockerfile=dockerfile,
            context=reader.path(entry.get("context")) or str(PurePosixPath(dockerfile).parent),
            stage=reader.matching(entry.get("stage"), STAGE, "the name of a stage"),
            args=tuple(_arguments(reader, entry.get("args"))),
            audit=reader.choice(entry.get("audit"), Profile, None),
            max_size=reader.size(entry.get("max_size")),
        )
        for platform in _platforms(reader, entry.get("platform")):
            yield replace(target, platform=platform)


def _platforms(reader: NodeReader, node: Node | None) -> Iterator[str | None]:
    """The one that stands there, or each of a list; without any, the builder's own."""
    items = node.value if isinstance(node, SequenceNode) else ()
    for item in items or (node,):
        yield reader.matching(item, PLATFORM, "one platform like linux/amd64")


def _processes(reader: NodeReader, node: Node | None) -> int | None:
    number = reader.number(node, "a number of processes like 512")
    if node is None or number is None:
        return None
    if not number.is_integer():
        reader.wrong(node, "expected a whole number", "a process is there, or it is not")
    return int(number)


def _arguments(reader: NodeReader, node: Node | None) -> Iterator[tuple[str, str]]:
    for key, value in reader.pairs(node):
        name = reader.variable(key)
        # Whatever YAML makes of `1.10` or `no`, a build argument is the text that stands there.
        if is_empty(value):
            reader.wrong(key, "expected a text after it", 'write "" for an empty one')
        elif not isinstance(value, ScalarNode):
            reader.wrong(value, "expected a text", "a build argument has no parts")
        elif name is not None and reader.is_possible(value):
            yield name, value.value
