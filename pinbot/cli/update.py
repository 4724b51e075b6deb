"""`pinbot update` and `pinbot pin`: change what is there, on disk or by pull request."""

from contextlib import AsyncExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pinbot.cli import running
from pinbot.cli.names import owner_names, repository_names
from pinbot.cli.outcome import exit_code
from pinbot.cli.session import Parameter, Session, nothing_found
from pinbot.cli.session import command as make_command
from pinbot.cli.verdicts import VERDICTS, Handover
from pinbot.cli.vulnerabilities import VULNERABILITIES, lookup
from pinbot.config import BuildSettings, Config, Driver
from pinbot.errors import NothingToDo, UsageError
from pinbot.model.report import UpdateReport
from pinbot.pipeline.proposal import Terms
from pinbot.pipeline.scan import search
from pinbot.pipeline.update import Work
from pinbot.pipeline.update import update as run_update
from pinbot.ports.forges import Hosting
from pinbot.render import json, text
from pinbot.wiring import building, forges, images, machine, registries
from pinbot.worktree import files
from pinbot.worktree.tree import Tree

SHARED: tuple[Parameter, ...] = (
    click.argument("paths", nargs=-1, metavar="[PATH]..."),
    click.option("-n", "--dry-run", is_flag=True, help="Print the change as a diff; write nothing."),
    click.option("--only", multiple=True, metavar="GLOB", help="Look only at such images, e.g. 'rust:*'."),
    click.option(
        "--build/--no-build",
        default=None,
        envvar="PINBOT_BUILD",
        help="Test-build what changes before anything is written; on where pinbot.yaml has build targets.",
    ),
    click.option(
        "--explain/--no-explain",
        default=None,
        envvar="PINBOT_EXPLAIN",
        help="Tell what changed between the old and the new images; on with --pull-request.",
    ),
    *VULNERABILITIES,
    click.option(
        "--builder",
        type=click.Choice([str(driver) for driver in Driver]),
        envvar="PINBOT_BUILDER",
        help="Which builder to use, instead of the configured one.",
    ),
)

PULL_REQUEST: tuple[Parameter, ...] = (
    click.option(
        "--pull-request",
        is_flag=True,
        envvar="PINBOT_PULL_REQUEST",
        help="Propose the change on GitHub, with GITHUB_TOKEN or as PINBOT_APP_ID; write nothing here.",
    ),
    click.option(
        "--repository",
        envvar=list(forges.REPOSITORY_VARIABLES),
        metavar="OWNER/NAME",
        show_envvar=True,
        help="The repository on GitHub.",
    ),
    click.option(
        "--api-url",
        envvar=list(forges.API_VARIABLES),
        default=forges.PUBLIC_API,
        show_default=True,
        show_envvar=True,
        help="Where GitHub's API is.",
    ),
    click.option(
        "--repo",
        "repos",
        multiple=True,
        metavar="OWNER/NAME",
        callback=repository_names,
        help="Work on a repository on GitHub without a clone; may be given many times.",
    ),
    click.option(
        "--owner",
        "owners",
        multiple=True,
        metavar="NAME",
        callback=owner_names,
        help="Work on all repositories of an organisation or person; may be given many times.",
    ),
    click.option(
        "--installed",
        is_flag=True,
        help="Work on all repositories of all accounts that the GitHub App is installed on.",
    ),
    click.option("--base", metavar="BRANCH", help="The branch to merge into; without it the default branch."),
    click.option("--label", "labels", multiple=True, help="A label for a pull request that is opened."),
)


@make_command(
    "update",
    *SHARED,
    *PULL_REQUEST,
    *VERDICTS,
    epilog="\b\nExamples:\n  pinbot update --dry-run\n  pinbot update --build --only 'rust:*'\n"
    "  pinbot update --build --pull-request --label dependencies\n"
    "  pinbot update --dry-run | git apply\n"
    "  pinbot update --owner acme --pull-request",
)
def command(
    session: Session,
    *,
    pull_request: bool,
    repository: str | None,
    api_url: str,
    base: str | None,
    labels: tuple[str, ...],
    repos: tuple[str, ...],
    owners: tuple[str, ...],
    installed: bool,
    save_verdicts: Path | None,
    known_verdicts: Path | None,
    **shared: Any,
) -> int:
    """Pin references that have no digest, and move digests to what their tags mean now.

    Tags themselves move as far as `tags` in pinbot.yaml lets them; without it they stay.

    PATH is a folder or a file. Without it, the current folder. With --build nothing is written unless the
    changed Dockerfiles were built, in a copy of the tree; a file whose build fails is left as it is.
    """
    handover = Handover(save=save_verdicts, known=known_verdicts)
    if repos or owners or installed:
        if handover != Handover():
            raise UsageError(
                "verdicts are about one repository, not for --repo, --owner and --installed",
                hint="run pinbot in a checkout of it",
            )
        from pinbot.cli import fleet  # noqa: PLC0415 - most runs are about the folder they run in

        asked = fleet.Asked(
            repos=repos,
            owners=owners,
            installed=installed,
            api_url=api_url,
            pull_request=pull_request,
            base=base,
            labels=labels,
            **shared,
        )
        return fleet.run(session, asked)
    hosting = forges.hosting(repository, api_url) if pull_request and not shared["dry_run"] else None
    return change(session, hosting=hosting, base=base, labels=labels, handover=handover, **shared)


def change(
    session: Session,
    *,
    move: bool = True,
    paths: tuple[str, ...],
    dry_run: bool,
    only: tuple[str, ...],
    build: bool | None,
    builder: str | None,
    explain: bool | None,
    vulnerabilities: bool | None,
    osv_url: str | None,
    hosting: Hosting | None = None,
    base: str | None = None,
    labels: tuple[str, ...] = (),
    handover: Handover | None = None,
) -> int:
    """Run `pin` or `update` and show what came of it; returns the exit code.

    Raises:
        PinbotError: the whole run cannot go on, or there is nothing to work on.
    """
    paths, handover = paths or (".",), handover or Handover()
    tree = Tree.around(*map(Path, paths))
    config = session.config(tree)
    settings = _build_settings(config, builder)
    wants_build = build if build is not None else bool(config.build.targets)
    handover.check(dry_run=dry_run, build=build, builds=wants_build)
    recall = handover.recall(config)
    lookups = lookup(config, vulnerabilities=vulnerabilities, osv_url=osv_url)
    wants_explanations = explain if explain is not None else hosting is not None or bool(vulnerabilities)
    config.build.check_targets(tree.has, where=f"in {tree.root}")
    policy = replace(config.policy, move=move, only=only)
    found = search(paths, policy=policy, naming=tree.name)

    async def work() -> UpdateReport:
        async with AsyncExitStack() as stack:
            registry = await stack.enter_async_context(registries.registry(config, observer=session.observer))
            explainer = images.explainer(registry, config, lookups) if wants_explanations else nullcontext()
            verifier = recall
            if recall is None and wants_build:
                verifier = handover.rehearsed(building.verifier(settings, config, registry), config)
            dates = registries.push_dates(config, observer=session.observer, note=session.detail)
            return await run_update(
                found,
                tree=tree,
                registry=registry,
                policy=policy,
                work=Work(
                    verifier=verifier,
                    forge=hosting.forge if hosting else None,
                    terms=Terms(
                        settings=config.pull_requests,
                        base=base,
                        labels=labels,
                        whole=not only and any(files.real(Path(path)) == tree.root for path in paths),
                    ),
                    ledger=hosting.ledger if hosting else machine.ledger(),
                    dates=await stack.enter_async_context(dates),
                    explainer=await stack.enter_async_context(explainer),
                    dry_run=dry_run,
                ),
                progress=session.progress,
            )

    report = running.run(work())
    if report.plan.is_empty:
        if only:
            raise NothingToDo("no image reference matches --only", hint="`pinbot scan` lists those there are")
        raise nothing_found()
    handover.leave(report.verdicts)
    _show(
        session,
        report,
        moves=move,
        dry_run=dry_run,
        build=wants_build or recall is not None,
        pull_request=hosting is not None,
        explain=wants_explanations,
    )
    return exit_code(report, dry_run=dry_run)


def _build_settings(config: Config, builder: str | None) -> BuildSettings:
    return replace(config.build, driver=Driver(builder)) if builder else config.build


def _show(
    session: Session,
    report: UpdateReport,
    *,
    moves: bool,
    dry_run: bool,
    build: bool,
    pull_request: bool,
    explain: bool,
) -> None:
    if session.as_json:
        document = json.update(
            session.command, report, build=build, pull_request=pull_request, explain=explain
        )
        session.emit(document)
        return
    text.changes(session.out, report)
    if dry_run:  # the result is the diff alone, so that it can be piped into `git apply`
        text.update(session.err, report)
    else:
        if report.passed:
            session.out.print()
        text.update(session.out, report)
    session.complain(report.all_errors)
    text.summary(session.err, report, moves=moves, dry_run=dry_run)
    session.tell_quotas()
