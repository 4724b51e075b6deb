"""`pinbot build`: whether everything builds as it is, and what is built is as it should be."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import click

from pinbot.audit import catalog
from pinbot.cli import running
from pinbot.cli.session import AUDIT_FAILED, BUILD_FAILED, FAILED, Session, nothing_found
from pinbot.cli.session import command as make_command
from pinbot.config import Config, Driver
from pinbot.errors import PinbotError
from pinbot.model.build import BuildTarget, Verdict
from pinbot.model.finding import Audit
from pinbot.model.inspection import Inspection
from pinbot.pipeline.bench import Bench
from pinbot.pipeline.build import build
from pinbot.pipeline.scan import search
from pinbot.pipeline.verify import targets_of
from pinbot.render import json, text
from pinbot.render.audit import annotations, sarif
from pinbot.wiring import building, registries
from pinbot.worktree.tree import Tree


@make_command(
    "build",
    click.argument("path", default=".", metavar="[PATH]"),
    click.option(
        "--builder",
        type=click.Choice([str(driver) for driver in Driver]),
        envvar="PINBOT_BUILDER",
        help="Which builder to use, instead of the configured one.",
    ),
    formats=("text", "json", "sarif", "github"),
    epilog="\b\nExamples:\n  pinbot build\n  pinbot build services/api/Dockerfile\n"
    "  pinbot build --format sarif > audit.sarif",
)
def command(session: Session, path: str, builder: str | None) -> int:
    """Test-build the targets of pinbot.yaml as they are, and hold them to the rules of docs/rules.md.

    PATH is a folder or a Dockerfile: the targets in it are built. Without configured targets, each Dockerfile
    is built where it seems to belong. Nothing is written. The exit code is 11 if one does not build, or an
    error is found in it.
    """
    tree = Tree.around(Path(path))
    config = session.config(tree)
    config.build.check_targets(tree.has, where=f"in {tree.root}")
    targets = _targets(config, tree, path)
    settings = replace(config.build, driver=Driver(builder)) if builder else config.build
    choose = building.builder(settings, config)

    async def work() -> tuple[Verdict, ...]:
        async with registries.registry(config, observer=session.observer) as registry:
            auditor = building.auditor(config.audit, registry)
            bench = Bench(tree=tree, builder=await choose(), auditor=auditor, progress=session.progress)
            return await build(targets, bench)

    verdicts = running.run(work())
    _show(session, verdicts)
    return _exit_code(verdicts)


def _targets(config: Config, tree: Tree, path: str) -> tuple[BuildTarget, ...]:
    found = search((path,), policy=config.policy, naming=tree.name)
    here = [tree.relative(source.path) for source in found.sources]
    configured = [target for target in config.build.targets if target.dockerfile in here]
    targets = tuple(configured) if config.build.targets else targets_of(here, (), tree)
    if found.errors:
        raise found.errors[0]
    if not targets:
        raise nothing_found()
    return targets


def _show(session: Session, verdicts: tuple[Verdict, ...]) -> None:
    match session.output_format:
        case "json":
            session.emit(json.build(verdicts))
        case "sarif":
            log = sarif.sarif(list(_audits(verdicts)), tuple(catalog.RULES.values()))
            session.out.file.write(sarif.dumps(log) + "\n")
        case "github":
            for audit in _audits(verdicts):
                session.out.file.writelines(f"{line}\n" for line in annotations.lines(audit))
        case _:
            text.builds(session.out, verdicts)
    if session.output_format in {"sarif", "github"}:
        text.builds(session.err, verdicts)
    # `text.builds` told the others beside what they are about.
    session.complain(one.inspection for one in verdicts if isinstance(one.inspection, PinbotError))


def _audits(verdicts: Iterable[Verdict]) -> Iterator[Audit]:
    for verdict in verdicts:
        if isinstance(verdict.inspection, Inspection):
            yield verdict.inspection.audit


def _errors(verdicts: Iterable[Verdict]) -> Iterator[PinbotError]:
    """What went wrong that says nothing about the target."""
    for verdict in verdicts:
        for found in (verdict.after, verdict.inspection):
            if isinstance(found, PinbotError):
                yield found


def _exit_code(verdicts: tuple[Verdict, ...]) -> int:
    if any(_errors(verdicts)):
        return FAILED
    if not all(verdict.built for verdict in verdicts):
        return BUILD_FAILED
    return 0 if all(audit.passed for audit in _audits(verdicts)) else AUDIT_FAILED
