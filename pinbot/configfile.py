"""Reading pinbot.yaml: every mistake at once, each with its place and what was probably meant."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pinbot.config import AuditSettings, BuildSettings, Config, Driver, Network, RegistrySettings
from pinbot.errors import InvalidReference, Several
from pinbot.model.build import BuildTarget
from pinbot.model.finding import Profile
from pinbot.model.reference import ImageReference
from pinbot.yamlnodes import NodeReader, brief, is_empty, read

_REGISTRY_KEYS = (
    "location",
    "insecure",
    "ca",
    "cert",
    "key",
    "username_variable",
    "password_variable",
)
_BUILD_KEYS = ("driver", "network", "timeout", "memory", "cpus", "processes", "disk", "targets")
_TARGET_KEYS = ("dockerfile", "context", "stage", "platform", "args", "audit", "max_size")
_LOCATION = re.compile(
    r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[1-9][0-9]{0,4})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
)
_STAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_RULE = re.compile(r"[DIB][1-9][0-9]?")
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?")

_BOTS_OWN = re.compile(r"(?:GITHUB|GH|ACTIONS|INPUT|RUNNER|PINBOT_GITHUB)_.*")
_BOTS_REGISTRY = "ghcr.io"
"""Variables that may hold the token pinbot works with, and the one registry that is GitHub's too: a file that
anybody can propose a change to must not be able to send that token elsewhere."""


def load(path: Path) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: it cannot be read, or is no YAML.
        Several: it holds mistakes, each a ConfigError with file, line and column.
    """
    document = read(path)
    if document is None:
        return Config()
    reader = _Reader(str(path))
    config = reader.config(document)
    if reader.mistakes:
        raise Several(sorted(reader.mistakes, key=lambda mistake: (mistake.line, mistake.column)))
    return config


class _Reader(NodeReader):
    """Knows what can stand where."""

    def config(self, document: Node) -> Config:
        root = self.section(document, "registries", "build", "audit")
        return Config(
            registries=tuple(self._registries(root.get("registries"))),
            build=self._build(root.get("build")),
            audit=self._audit(root.get("audit")),
        )

    def _registries(self, node: Node | None) -> Iterator[RegistrySettings]:
        for key, value in self.pairs(node):
            name = self._registry_name(key)
            entry = self.section(value, *_REGISTRY_KEYS)
            settings = RegistrySettings(
                name=name,
                location=self.matching(entry.get("location"), _LOCATION, "host, host:port or host/path"),
                insecure=self.flag(entry.get("insecure")),
                ca=self.beside(entry.get("ca")),
                cert=self.beside(entry.get("cert")),
                key=self.beside(entry.get("key")),
                username_variable=self.variable(entry.get("username_variable")),
                password_variable=self.variable(entry.get("password_variable")),
                source=f"{self.file}:{key.start_mark.line + 1}",
            )
            self._judge_pair(entry, "cert", "key", "files")
            self._judge_variables(entry, settings)
            yield settings

    def _registry_name(self, node: Node) -> str:
        """The registry as references name it; another name would never be met."""
        name = self.text(node)
        if name is None:
            return ""
        try:
            image = ImageReference.parse(f"{name}/owner/name")
        except InvalidReference:
            image = None
        path = name.partition("/")[2]
        if image is None or image.repository != f"{path}/owner/name".lstrip("/"):
            self.wrong(node, f"{brief(name)} is not a registry", "write its host, e.g. ghcr.io")
        elif image.name != f"{name}/owner/name":
            called = image.name.removesuffix("/owner/name")
            self.wrong(node, f"references call {brief(name)} {called}", f"write {called} here")
        return name

    def _judge_pair(self, entry: dict[str, Node], one: str, two: str, things: str) -> None:
        for key, other in ((one, two), (two, one)):
            if key in entry and other not in entry:
                self.wrong(entry[key], f"{key} stands without {other}", f"name both {things}, or neither")

    def _judge_variables(self, entry: dict[str, Node], settings: RegistrySettings) -> None:
        keys = ("username_variable", "password_variable")
        self._judge_pair(entry, *keys, "variables")
        safe = settings.host == _BOTS_REGISTRY and not settings.insecure
        for key, name in zip(keys, (settings.username_variable, settings.password_variable), strict=True):
            if name is not None and _BOTS_OWN.fullmatch(name) and not safe:
                self.wrong(
                    entry[key],
                    f"{name} may hold a secret of the bot, which {brief(settings.host)} must not be given",
                    f"name a variable of its own; only https://{_BOTS_REGISTRY} is given such ones",
                )

    def _build(self, node: Node | None) -> BuildSettings:
        entry = self.section(node, *_BUILD_KEYS)
        default = BuildSettings()
        return BuildSettings(
            driver=self.choice(entry.get("driver"), Driver, default.driver),
            network=self.choice(entry.get("network"), Network, default.network),
            timeout=self.duration(entry.get("timeout"), default.timeout),
            memory=self.memory(entry.get("memory")),
            cpus=self.number(entry.get("cpus"), "a number of processors like 1.5"),
            processes=self._processes(entry.get("processes"), default.processes),
            disk=self.memory(entry.get("disk")),
            targets=tuple(self._targets(entry.get("targets"))),
        )

    def _audit(self, node: Node | None) -> AuditSettings:
        entry = self.section(node, "profile", "max_size", "ignore")
        return AuditSettings(
            profile=self.choice(entry.get("profile"), Profile, None),
            max_size=self.size(entry.get("max_size")),
            ignore=tuple(self._rules(entry.get("ignore"))),
        )

    def _rules(self, node: Node | None) -> Iterator[str]:
        for item in self.items(node):
            rule = self.matching(item, _RULE, "the id of a rule, like I12")
            if rule is not None:
                yield rule

    def _targets(self, node: Node | None) -> Iterator[BuildTarget]:
        for item in self.items(node):
            entry = self.section(item, *_TARGET_KEYS)
            dockerfile = self.path(entry.get("dockerfile")) or ""
            if "dockerfile" not in entry and (isinstance(item, MappingNode) or is_empty(item)):
                self.wrong(item, "a target needs a dockerfile", "add `dockerfile: Dockerfile`")
            target = BuildTarget(
                dockerfile=dockerfile,
                context=self.path(entry.get("context")) or str(PurePosixPath(dockerfile).parent),
                stage=self.matching(entry.get("stage"), _STAGE, "the name of a stage"),
                args=tuple(self._arguments(entry.get("args"))),
                audit=self.choice(entry.get("audit"), Profile, None),
                max_size=self.size(entry.get("max_size")),
            )
            for platform in self._platforms(entry.get("platform")):
                yield replace(target, platform=platform)

    def _platforms(self, node: Node | None) -> Iterator[str | None]:
        """The one that stands there, or each of a list; without any, the builder's own."""
        items = node.value if isinstance(node, SequenceNode) else ()
        for item in items or (node,):
            yield self.matching(item, _PLATFORM, "one platform like linux/amd64")

    def _processes(self, node: Node | None, default: int) -> int:
        number = self.number(node, "a number of processes like 512")
        if node is None or number is None:
            return default
        if not number.is_integer():
            self.wrong(node, "expected a whole number", "a process is there, or it is not")
        return int(number)

    def _arguments(self, node: Node | None) -> Iterator[tuple[str, str]]:
        for key, value in self.pairs(node):
            name = self.variable(key)
            # Whatever YAML makes of `1.10` or `no`, a build argument is the text that stands there.
            if is_empty(value):
                self.wrong(key, "expected a text after it", 'write "" for an empty one')
            elif not isinstance(value, ScalarNode):
                self.wrong(value, "expected a text", "a build argument has no parts")
            elif name is not None and self.is_possible(value):
                yield name, value.value
