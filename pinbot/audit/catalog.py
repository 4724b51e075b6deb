"""All rules, by what they look at. A module with rules exports `CHECKS`; this one knows where they are."""

from collections.abc import Collection, Iterable
from typing import Any

from pinbot.audit import (
    binary_hardening,
    binary_origin,
    binary_runtime,
    dockerfile,
    image_access,
    image_data,
    image_parts,
    image_secrets,
    image_size,
    image_start,
    image_surface,
    image_user,
    smoke,
)
from pinbot.audit.binary_subject import BinarySubject
from pinbot.audit.check import Check
from pinbot.audit.dockerfile_subject import DockerfileSubject
from pinbot.audit.smoke import SmokeSubject
from pinbot.audit.subject import ImageSubject
from pinbot.errors import UsageError
from pinbot.model.finding import Rule, rule_order


def _in_order(checks: Iterable[Check[Any]]) -> tuple[Check[Any], ...]:
    return tuple(sorted(checks, key=lambda check: rule_order(check.rule.id)))


DOCKERFILE: tuple[Check[DockerfileSubject], ...] = _in_order(dockerfile.CHECKS)
IMAGE: tuple[Check[ImageSubject], ...] = _in_order(
    (
        *image_user.CHECKS,
        *image_access.CHECKS,
        *image_start.CHECKS,
        *image_surface.CHECKS,
        *image_data.CHECKS,
        *image_secrets.CHECKS,
        *image_size.CHECKS,
        *image_parts.CHECKS,
    )
)
BINARY: tuple[Check[BinarySubject], ...] = _in_order(
    (*binary_hardening.CHECKS, *binary_runtime.CHECKS, *binary_origin.CHECKS)
)
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
