"""What a repository needs for pinbot: pinbot.yaml and a workflow."""

import json
import re
from collections.abc import Sequence

from pinbot import __version__
from pinbot.model.setup import Draft
from pinbot.scaffold.templates import render

REPOSITORY = "pinbot/pinbot"
TAG = f"v{__version__}"
"""Where the Action of this release is."""

CONFIGURATIONS = ("pinbot.yaml", ".github/pinbot.yaml")
WORKFLOWS = (".github/workflows/pinbot.yml", ".github/workflows/pinbot.yaml")

_MOST_TARGETS = 20
_PLAIN = re.compile(r"(?!-)[A-Za-z0-9_./-]*file[A-Za-z0-9_./-]*")


def action(commit: str | None) -> str:
    """How a workflow names the Action: by the commit of the release, or by its tag."""
    return f"{REPOSITORY}@{TAG}" if commit is None else f"{REPOSITORY}@{commit} # {TAG}"


def schema_address(version: str) -> str:
    """Where editors find what they need to know of pinbot.yaml, as of a tag or branch."""
    return f"https://raw.githubusercontent.com/{REPOSITORY}/{version}/docs/schema/pinbot-yaml.json"


def workflow(commit: str | None) -> Draft:
    """A workflow that builds in one job and proposes in another."""
    path, *others = WORKFLOWS
    text = render("workflow.yml", {"ACTION": action(commit)})
    return Draft(path=path, data=text.encode(), instead=tuple(others))


def configuration(dockerfiles: Sequence[str], *, scratch: str | None = None) -> Draft:
    """A pinbot.yaml.

    Args:
        dockerfiles: those that are there, from the root of the repository, to be proposed as build targets.
        scratch: one that makes an image from scratch, and is a build target.
    """
    if scratch is not None:
        lines = _targets([scratch], "      audit: scratch")
    else:
        shown = list(dockerfiles[:_MOST_TARGETS]) or ["Dockerfile"]
        lines = [f"# {line}" for line in _targets(shown)]
    path, *others = CONFIGURATIONS
    values = {"SCHEMA": schema_address(TAG), "VERSION": TAG, "TARGETS": "\n".join(lines) + "\n"}
    text = render("pinbot.yaml", values)
    return Draft(path=path, data=text.encode(), instead=tuple(others))


def _targets(dockerfiles: Sequence[str], *more: str) -> list[str]:
    named = [line for path in dockerfiles for line in (f"    - dockerfile: {_scalar(path)}", *more)]
    return ["build:", "  targets:", *named]


def _scalar(text: str) -> str:
    """A text as YAML takes it; what is not plain as a string of JSON, which is YAML too."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
