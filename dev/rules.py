"""Writes docs/rules.md from the rules themselves: `make rules`."""

import re
from collections.abc import Iterator
from pathlib import Path

from pinbot.audit import catalog
from pinbot.model.finding import Profile, Rule

PAGE = Path(__file__).parents[1] / "docs" / "rules.md"

HEAD = """\
# Rules

What [the audit](audit.md) looks at. D rules read the Dockerfile, I rules the files and the config of an
image, B rules its binaries.

An **error** makes the audit fail; a **warning** should be mended; a **note** is worth knowing. This is how
bad a rule is at worst: a single finding may be milder, for example in an image that is not made from scratch.
Rules for `scratch` alone do not apply to other images. Any rule can be
[switched off](audit.md#switching-rules-off).

This page is written by `make rules` from the code.
"""
_KINDS = {"D": "Dockerfile", "I": "Image", "B": "Binary"}
_INSTRUCTION = re.compile("[A-Z]+ ")


def page() -> str:
    """The whole page."""
    return "\n".join((HEAD, *_table(), *_sections()))


def _table() -> Iterator[str]:
    yield "| rule | at worst | images | broken when |"
    yield "|---|---|---|---|"
    for rule in _in_order():
        yield f"| [{rule.id}](#{rule.id.lower()}) | {rule.severity} | {_images(rule)} | {rule.title} |"
    yield ""


def _sections() -> Iterator[str]:
    kind = ""
    for rule in _in_order():
        if rule.id[0] != kind:
            kind = rule.id[0]
            yield f"# {_KINDS[kind]}\n"
        yield from (
            f"## {rule.id}",
            f"\n**{rule.title[:1].upper()}{rule.title[1:]}.** ({rule.severity})",
            f"\n{rule.why}",
            f"\nWrong:\n\n{_example(rule.wrong)}",
            f"\nRight:\n\n{_example(rule.right)}",
            f"\nTo mend it: {rule.remedy}.",
            f"\nSource: <{rule.source}>\n",
        )


def _in_order() -> list[Rule]:
    """Dockerfile, image, binary: the order in which things come to be."""
    return sorted(catalog.RULES.values(), key=lambda rule: list(_KINDS).index(rule.id[0]))


def _images(rule: Rule) -> str:
    return "all" if rule.profiles == frozenset(Profile) else ", ".join(sorted(rule.profiles))


def _example(text: str) -> str:
    first = next(line for line in text.splitlines() if not line.startswith("#"))
    return f"```{'dockerfile' if _INSTRUCTION.match(first) else ''}\n{text}\n```"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
