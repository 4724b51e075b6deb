"""Wrong usage: what click says of it, for people and, where it was asked for, as a JSON document."""

import os
from collections.abc import Collection, Iterable

import click

from pinbot.errors import UsageError
from pinbot.render import json


def show(error: click.ClickException, arguments: Iterable[str], commands: Collection[str]) -> None:
    """Tell people what is wrong, and write the document to stdout if the arguments ask for JSON.

    `commands` are the names of all that there are.
    """
    if _wants_json(arguments):
        context = error.ctx if isinstance(error, click.UsageError) else None
        path = context.command_path if context is not None else "pinbot"
        name = path.rpartition(" ")[2]
        problem = UsageError(error.format_message(), hint=f"`{path} --help` tells what can be given")
        click.echo(json.dumps(json.envelope(name if name in commands else None, (problem,))))
    error.show()


def _wants_json(arguments: Iterable[str]) -> bool:
    """What `--format` says, of which the last counts; click does not tell it when it could not go on."""
    wanted, before = os.environ.get("PINBOT_FORMAT"), ""
    for argument in arguments:
        if argument == "--":
            break
        if before == "--format":
            wanted = argument
        elif argument.startswith("--format="):
            wanted = argument.partition("=")[2]
        before = argument
    return wanted == "json"
