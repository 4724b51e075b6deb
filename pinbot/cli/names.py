"""Names of repositories and owners on the command line."""

import re
from collections.abc import Iterable

import click

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")


def repository_names(
    context: click.Context, parameter: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Let through what looks like `owner/name`."""
    return _checked(context, parameter, names, _REPOSITORY, "a repository is named as owner/name")


def owner_names(
    context: click.Context, parameter: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Let through what looks like the name of an organisation or person."""
    return _checked(context, parameter, names, _OWNER, "an owner is named without a slash")


def _checked(
    context: click.Context,
    parameter: click.Parameter,
    names: Iterable[str],
    pattern: re.Pattern[str],
    expected: str,
) -> tuple[str, ...]:
    for name in names:
        if not pattern.fullmatch(name):
            raise click.BadParameter(f"{name!r}: {expected}", ctx=context, param=parameter)
    return tuple(names)
