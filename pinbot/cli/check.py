"""`pinbot check`: what is not as it should be; for people, scripts and code scanning."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from pinbot.audit import pins
from pinbot.cli import running
from pinbot.cli.session import CHANGES_WAIT, FAILED, Session, nothing_found
from pinbot.cli.session import command as make_command
from pinbot.model.check import CheckReport
from pinbot.model.ledger import Ledger
from pinbot.pipeline.check import check
from pinbot.pipeline.judge import Judge
from pinbot.pipeline.scan import search
from pinbot.render import check as render
from pinbot.wiring import machine, registries
from pinbot.worktree.tree import Tree


@make_command(
    "check",
    click.argument("paths", nargs=-1, metavar="[PATH]..."),
    click.option("--only", multiple=True, metavar="GLOB", help="Look only at such images, e.g. 'rust:*'."),
    click.option(
        "--platforms",
        is_flag=True,
        help="Also see that pinned indexes are whole: one GET an image, and a HEAD for each platform in use.",
    ),
    formats=("text", "json", "sarif", "github"),
    epilog="\b\nExamples:\n  pinbot check\n  pinbot check --platforms services/\n"
    "  pinbot check --format github\n  pinbot check --format sarif > pinbot.sarif",
)
def command(session: Session, *, paths: tuple[str, ...], only: tuple[str, ...], platforms: bool) -> int:
    """Tell which references below PATH are unpinned, outdated, gone or wrong; changes nothing.

    PATH is a folder or a file. Without it, the current folder. The exit code is 10 if something is to be
    mended; what only waits, or is worth knowing, does not count.
    """
    paths = paths or (".",)
    tree = Tree.around(*map(Path, paths))
    config = session.config(tree)
    policy = replace(config.policy, only=only)
    found = search(paths, policy=policy, naming=tree.name)

    async def work() -> CheckReport:
        known = await machine.ledger().read() if policy.remembers else Ledger()
        async with registries.registry(config, observer=session.observer) as registry:
            return await check(
                found,
                tree=tree,
                registry=registry,
                policy=policy,
                judge=Judge(registry, known, datetime.now(UTC)),
                platforms=platforms,
                progress=session.progress,
            )

    report = running.run(work())
    if report.is_empty:
        raise nothing_found()
    _show(session, report)
    if report.errors:
        return FAILED
    return CHANGES_WAIT if report.wants_change else 0


def _show(session: Session, report: CheckReport) -> None:
    match session.output_format:
        case "json":
            session.emit(render.document(report))
        case "sarif":
            session.out.file.write(render.sarif(report, tuple(pins.RULES.values())) + "\n")
        case "github":
            session.out.file.writelines(f"{line}\n" for line in render.annotations(report))
        case _:
            render.text(session.out, report)
    session.complain(report.errors)
    if not session.as_json:
        render.summary(session.err, report)
    session.tell_quotas()
