"""`pinbot doctor`: whether everything that pinbot needs is there."""

from dataclasses import replace
from pathlib import Path

import click

from pinbot.cli import running
from pinbot.cli.session import FAILED, Session
from pinbot.cli.session import command as make_command
from pinbot.model.diagnosis import Diagnosis
from pinbot.pipeline.diagnose import diagnose
from pinbot.pipeline.scan import scan, search
from pinbot.render import doctor, json
from pinbot.wiring import building, forges, registries
from pinbot.worktree import git
from pinbot.worktree.tree import Tree


@make_command(
    "doctor",
    click.argument("path", default=".", metavar="[PATH]"),
    epilog="\b\nExamples:\n  pinbot doctor\n"
    "  pinbot doctor --format json | jq '.registries[] | select(.failed > 0)'",
)
def command(session: Session, path: str) -> int:
    """Ask every registry that the files below PATH name, and look for builders, git and GitHub.

    Nothing is changed. GitHub is asked for the pull requests, where variables say as whom and about which
    repository. The exit code is 1 if something would make `update` fail, which needs no GitHub.
    """
    tree = Tree.around(Path(path))
    config = session.config(tree)
    found = search((path,), policy=config.policy, naming=tree.name)
    scanned = scan(found.sources)

    async def look() -> Diagnosis:
        async with registries.registry(config, observer=session.observer) as registry:
            return await diagnose(
                replace(scanned, errors=(*found.errors, *scanned.errors)),
                registry=registry,
                prefix=lambda name: config.registry(name).name,
                builders=building.builders(config),
                driver=config.build.driver,
                needs_builder=bool(config.build.targets),
                git=git.version(),
                forge=await forges.forge_finding(),
                progress=session.progress,
            )

    diagnosis = running.run(look())
    if session.as_json:
        session.emit(json.doctor(diagnosis))
    else:
        doctor.doctor(session.out, diagnosis)
    session.complain(diagnosis.all_errors)
    return FAILED if diagnosis.all_errors else 0
