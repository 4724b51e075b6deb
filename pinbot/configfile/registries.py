"""The section `registries`: where they are and who asks."""

import re
from collections.abc import Iterator

from ruamel.yaml.nodes import MappingNode, Node

from pinbot.config import Mirror, RegistrySettings
from pinbot.errors import InvalidReference
from pinbot.model.reference import ImageReference
from pinbot.yamlnodes import NodeReader, brief, is_empty

REGISTRY_KEYS = (
    "location",
    "insecure",
    "ca",
    "cert",
    "key",
    "username_variable",
    "password_variable",
    "mirror",
    "follow_private",
)
"""What can be said of a registry."""

MIRROR_KEYS = ("location", "insecure", "authoritative")
"""What can be said of one of its mirrors."""

LOCATION = re.compile(
    r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[1-9][0-9]{0,4})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
)

_BOTS_OWN = re.compile(r"(?:GITHUB|GH|ACTIONS|INPUT|RUNNER|PINBOT_GITHUB|PINBOT_APP)_.*")
_BOTS_REGISTRY = "ghcr.io"
"""Variables that may hold the token pinbot works with, and the one registry that is GitHub's too: a file that
anybody can propose a change to must not be able to send that token elsewhere."""


def read_registries(reader: NodeReader, node: Node | None) -> Iterator[RegistrySettings]:
    """Each registry that is named, with what is said of it."""
    for key, value in reader.pairs(node):
        name = _registry_name(reader, key)
        entry = reader.section(value, *REGISTRY_KEYS)
        settings = RegistrySettings(
            name=name,
            location=_location(reader, entry.get("location")),
            insecure=reader.flag(entry.get("insecure")),
            ca=reader.beside(entry.get("ca")),
            cert=reader.beside(entry.get("cert")),
            key=reader.beside(entry.get("key")),
            username_variable=reader.variable(entry.get("username_variable")),
            password_variable=reader.variable(entry.get("password_variable")),
            mirrors=tuple(_mirrors(reader, entry.get("mirror"))),
            follow_private=reader.flag(entry.get("follow_private")),
            source=f"{reader.file}:{key.start_mark.line + 1}",
        )
        _judge_pair(reader, entry, "cert", "key", "files")
        _judge_variables(reader, entry, settings)
        yield settings


def _location(reader: NodeReader, node: Node | None) -> str | None:
    return reader.matching(node, LOCATION, "host, host:port or host/path")


def _mirrors(reader: NodeReader, node: Node | None) -> Iterator[Mirror]:
    for item in reader.items(node):
        entry = reader.section(item, *MIRROR_KEYS)
        if "location" not in entry and (isinstance(item, MappingNode) or is_empty(item)):
            reader.wrong(item, "a mirror needs a location", "add `location: mirror.example.com`")
        yield Mirror(
            location=_location(reader, entry.get("location")) or "",
            insecure=reader.flag(entry.get("insecure")),
            authoritative=reader.flag(entry.get("authoritative")),
        )


def _registry_name(reader: NodeReader, node: Node) -> str:
    """The registry as references name it; another name would never be met."""
    name = reader.text(node)
    if name is None:
        return ""
    try:
        image = ImageReference.parse(f"{name}/owner/name")
    except InvalidReference:
        image = None
    path = name.partition("/")[2]
    if image is None or image.repository != f"{path}/owner/name".lstrip("/"):
        reader.wrong(node, f"{brief(name)} is not a registry", "write its host, e.g. ghcr.io")
    elif image.name != f"{name}/owner/name":
        called = image.name.removesuffix("/owner/name")
        reader.wrong(node, f"references call {brief(name)} {called}", f"write {called} here")
    return name


def _judge_pair(reader: NodeReader, entry: dict[str, Node], one: str, two: str, things: str) -> None:
    for key, other in ((one, two), (two, one)):
        if key in entry and other not in entry:
            reader.wrong(entry[key], f"{key} stands without {other}", f"name both {things}, or neither")


def _judge_variables(reader: NodeReader, entry: dict[str, Node], settings: RegistrySettings) -> None:
    keys = ("username_variable", "password_variable")
    _judge_pair(reader, entry, *keys, "variables")
    safe = settings.host == _BOTS_REGISTRY and not settings.insecure
    for key, name in zip(keys, (settings.username_variable, settings.password_variable), strict=True):
        if name is not None and _BOTS_OWN.fullmatch(name) and not safe:
            reader.wrong(
                entry[key],
                f"{name} may hold a secret of the bot, which {brief(settings.host)} must not be given",
                f"name a variable of its own; only https://{_BOTS_REGISTRY} is given such ones",
            )
