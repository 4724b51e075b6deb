"""`pinbot scan`: what is there."""

import sys

import click

from pinbot.cli.session import FAILED, Session
from pinbot.cli.session import command as make_command
from pinbot.errors import NothingToDo, PinbotError
from pinbot.formats.discover import format_of
from pinbot.model.occurrence import SourceFile
from pinbot.pipeline.scan import scan as scan_sources
from pinbot.render import json, text
from pinbot.worktree.search import Found, find


@make_command(
    "scan",
    click.argument("paths", nargs=-1, metavar="[PATH]..."),
    epilog="\b\nExamples:\n  pinbot scan\n  pinbot scan services/api/Dockerfile\n"
    "  pinbot scan --format json | jq '.references[].image'\n  git show v1:Dockerfile | pinbot scan -",
)
def command(session: Session, paths: tuple[str, ...]) -> int:
    """List every image reference below PATH; asks no registry and changes nothing.

    PATH is a folder, a file, or - for a Dockerfile on standard input. Without it, the current folder.
    """
    found = _read(paths or (".",))
    scanned = scan_sources(found.sources)
    errors: tuple[PinbotError, ...] = (*found.errors, *scanned.errors)
    if not scanned.occurrences and not errors:
        raise NothingToDo("no file holds an image reference", hint="name a Dockerfile, or a folder with some")
    if session.as_json:
        session.emit(json.scan(scanned.occurrences, errors))
    else:
        text.scan(session.out, scanned.occurrences)
    session.complain(errors)
    return FAILED if errors else 0


def _read(paths: tuple[str, ...]) -> Found:
    found = find((path for path in paths if path != "-"), wanted=_is_wanted)
    if "-" not in paths:
        return found
    piped = SourceFile(path="-", data=sys.stdin.buffer.read())
    return Found(sources=(piped, *found.sources), errors=found.errors)


def _is_wanted(path: str) -> bool:
    return format_of(path) is not None
