"""`pinbot scan`: what is there."""

import sys
from pathlib import Path

import click

from pinbot.cli.session import FAILED, Session, nothing_found
from pinbot.cli.session import command as make_command
from pinbot.model.occurrence import SourceFile
from pinbot.pipeline.scan import scan as scan_sources
from pinbot.pipeline.scan import search
from pinbot.policy import Policy
from pinbot.render import json, text
from pinbot.worktree.search import Found
from pinbot.worktree.tree import Tree


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
    paths = paths or (".",)
    tree = Tree.around(*map(Path, paths))
    found = _read(paths, session.policy(tree), tree)
    scanned = scan_sources(found.sources)
    errors = (*found.errors, *scanned.errors)
    if not scanned.occurrences and not errors:
        raise nothing_found()
    if session.as_json:
        session.emit(json.scan(scanned.occurrences, errors))
    else:
        text.scan(session.out, scanned.occurrences)
    session.complain(errors)
    return FAILED if errors else 0


def _read(paths: tuple[str, ...], policy: Policy, tree: Tree) -> Found:
    found = search((path for path in paths if path != "-"), policy=policy, naming=tree.name)
    if "-" not in paths:
        return found
    piped = SourceFile(path="-", data=sys.stdin.buffer.read())
    return Found(sources=(piped, *found.sources), errors=found.errors)
