"""`pinbot init`: what a repository begins with."""

import os
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import click

from pinbot.cli import running
from pinbot.cli.session import CHANGES_WAIT, FAILED, Session
from pinbot.cli.session import command as make_command
from pinbot.errors import ForgeError, UsageError
from pinbot.model.setup import Draft, DraftStatus, SetupReport
from pinbot.pipeline.scan import search
from pinbot.pipeline.setup import set_up
from pinbot.render import setup
from pinbot.scaffold import repository, rust
from pinbot.wiring import forges, registries
from pinbot.worktree import files
from pinbot.worktree.tree import Tree


@make_command(
    "init",
    click.argument("path", default=".", metavar="[PATH]"),
    click.option("--rust", "package", metavar="NAME", help="Also a Rust service in an image from scratch."),
    click.option("-n", "--dry-run", is_flag=True, help="Tell what would be written; write nothing."),
    click.option("--offline", is_flag=True, help="Ask nobody; leave images and the Action with their tags."),
    epilog="\b\nExamples:\n  pinbot init\n  pinbot init --rust my-service\n"
    "  pinbot init --rust my-service --dry-run services/my-service",
)
def command(session: Session, path: str, *, package: str | None, dry_run: bool, offline: bool) -> int:
    """Write pinbot.yaml and a workflow; with --rust a Dockerfile and a service that keep all rules, too.

    pinbot.yaml and the workflow belong to the repository, the service to the folder PATH. A file that is
    there already is left as it is, and told.
    """
    if os.path.lexists(path) and not files.is_folder(Path(path)):
        raise UsageError(f"{path} is no folder", hint="name the folder that the files are to be in")
    tree = Tree.around(Path(path))
    folder = tree.relative(path).removeprefix(".")
    has_workflow = any(os.path.lexists(tree.root / name) for name in repository.WORKFLOWS)
    commit, reason = (None, None) if has_workflow else _commit(offline=offline)
    drafts = (
        _configuration(path, tree, folder if package is not None else None),
        repository.workflow(commit),
        *(() if package is None else _project(package, path, folder)),
    )

    async def work() -> SetupReport:
        connection = (
            nullcontext() if offline else registries.registry(session.config(tree), observer=session.observer)
        )
        async with connection as registry:
            return await set_up(
                drafts, root=tree.root, resolver=registry, progress=session.progress, dry_run=dry_run
            )

    report = running.run(work())
    if not has_workflow:
        report = replace(report, action=repository.action(commit), unpinned_action=reason)
    if session.as_json:
        session.emit(setup.document(report))
    else:
        setup.text(session.out, report)
    session.complain(report.errors)
    if report.errors:
        return FAILED
    return CHANGES_WAIT if report.paths(DraftStatus.PLANNED) else 0


def _commit(*, offline: bool) -> tuple[str | None, str | None]:
    """The commit of this release's Action, or why it is not known."""
    if offline:
        return None, "nobody was asked"
    try:
        return forges.commit_of_release(repository.REPOSITORY, repository.TAG), None
    except ForgeError as error:
        return None, error.message


def _configuration(path: str, tree: Tree, project: str | None) -> Draft:
    if project is not None:
        return repository.configuration((), scratch="/".join(filter(None, (project, "Dockerfile"))))
    found = search((path,)).sources
    return repository.configuration([tree.relative(source.path) for source in found])


def _project(name: str, path: str, folder: str) -> tuple[Draft, ...]:
    """The drafts of the service.

    Raises:
        UsageError: the name is none, or there is another package in the folder.
    """
    drafts = rust.project(name, folder=folder)
    manifest = Path(path, "Cargo.toml")
    if manifest.exists():
        rust.check_package(files.read(manifest, shown=str(manifest)).data, name)
    return drafts
