"""All rules, by what they look at. Each kind has a room of its own, whose `rules` are all in one place."""

from collections.abc import Collection, Iterable
from typing import Any

from pinbot.audit import smoke
from pinbot.audit.binary import rules as binary
from pinbot.audit.binary.subject import BinarySubject
from pinbot.audit.check import Check
from pinbot.audit.dockerfile import rules as dockerfile
from pinbot.audit.dockerfile.subject import DockerfileSubject
from pinbot.audit.image import rules as image
from pinbot.audit.image.subject import ImageSubject
from pinbot.audit.smoke import SmokeSubject
from pinbot.errors import UsageError
from pinbot.model.finding import Rule, rule_order


def _in_order(checks: Iterable[Check[Any]]) -> tuple[Check[Any], ...]:
    return tuple(sorted(checks, key=lambda check: rule_order(check.rule.id)))


DOCKERFILE: tuple[Check[DockerfileSubject], ...] = _in_order(dockerfile.CHECKS)
IMAGE: tuple[Check[ImageSubject], ...] = _in_order(image.CHECKS)
BINARY: tuple[Check[BinarySubject], ...] = _in_order(binary.CHECKS)
SMOKE: tuple[Check[SmokeSubject], ...] = _in_order(smoke.CHECKS)

RULES: dict[str, Rule] = {
    check.rule.id: check.rule for check in _in_order((*DOCKERFILE, *IMAGE, *BINARY, *SMOKE))
}
"""Each rule by its id, in the order of the ids."""


def settle(ids: Collection[str]) -> frozenset[str]:
    """The ids of rules that a user switches off.

    Raises:
        UsageError: one of them is no rule's.
    """
    for rule in ids:
        if rule not in RULES:
            raise UsageError(f"there is no rule {rule!r}", hint=f"the rules are {', '.join(RULES)}")
    return frozenset(ids)
