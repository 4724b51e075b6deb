"""`pinbot diff`: what changed between two images."""

from pathlib import Path

import click

from pinbot.cli import running
from pinbot.cli.session import CHANGES_WAIT, FAILED, Session
from pinbot.cli.session import command as make_command
from pinbot.cli.vulnerabilities import VULNERABILITIES, lookup
from pinbot.comparison.compare import compare
from pinbot.comparison.learning import Learner
from pinbot.comparison.scope import Scope
from pinbot.errors import ImageError, InvalidReference, UsageError
from pinbot.image.sources.opening import open_image
from pinbot.model.comparison import Comparison
from pinbot.model.reference import Platform
from pinbot.pipeline.vulnerabilities import look_up
from pinbot.render import json
from pinbot.render.comparison import markdown, text
from pinbot.render.markdown import LIMIT
from pinbot.wiring import images, machine, registries
from pinbot.worktree.tree import Tree


@make_command(
    "diff",
    click.argument("old"),
    click.argument("new"),
    click.option(
        "--platform",
        "platforms",
        multiple=True,
        metavar="OS/ARCH[/VARIANT]",
        help="Compare the images for this platform; without it for the only one, or linux/amd64.",
    ),
    click.option("--all-platforms", is_flag=True, help="Compare the images for all platforms."),
    click.option(
        "--all-layers",
        is_flag=True,
        help="Read all layers that differ, also those below the one with the package database.",
    ),
    *VULNERABILITIES,
    formats=("text", "json", "markdown"),
    epilog="\b\nExamples:\n  pinbot diff alpine:3.21 alpine:3.22\n"
    "  pinbot diff --all-platforms alpine@sha256:4bcf… alpine\n"
    "  pinbot diff --format markdown app:1.0 oci:build/app",
)
def command(
    session: Session,
    *,
    old: str,
    new: str,
    platforms: tuple[str, ...],
    all_platforms: bool,
    all_layers: bool,
    vulnerabilities: bool | None,
    osv_url: str | None,
) -> int:
    """Tell what changed from image OLD to image NEW: packages, config, layers, and where they come from.

    OLD and NEW are references to a registry, oci:FOLDER, oci-archive:FILE or docker-archive:FILE. Of their
    layers only those are fetched that differ, and as few of them as are needed.
    """
    if platforms and all_platforms:
        raise UsageError("--platform and --all-platforms contradict each other", hint="give one")
    config = session.config(Tree.around(Path()))
    settings = lookup(config, vulnerabilities=vulnerabilities, osv_url=osv_url)
    scope = Scope(
        platforms=tuple(map(_platform, platforms)),
        every=all_platforms,
        thorough=all_layers,
        system=settings.enabled,
    )
    learner = Learner(machine.cache())

    async def work() -> Comparison:
        async with registries.registry_on_demand(config, observer=session.observer) as connect:
            both = await open_image(old, connect), await open_image(new, connect)
            with session.progress.step("Comparing"):
                found = await compare(*both, wanted=scope, learner=learner)
        if not settings.enabled:
            return found
        async with images.vulnerability_database(settings) as database:
            return await look_up(database, found)

    comparison = running.run(work())
    errors = [ImageError(unread.reason, image=new) for unread in comparison.unread]
    match session.output_format:
        case "json":
            session.emit(json.diff(comparison, errors))
        case "markdown":
            session.out.file.write(markdown.document(comparison, room=LIMIT - 1))
        case _:
            text.show(session.out, comparison)
    session.complain(errors)
    session.tell_quotas()
    return exit_code(comparison)


def exit_code(comparison: Comparison) -> int:
    """Whether something changed; what could not be compared is a failure."""
    if comparison.unread:
        return FAILED
    return 0 if comparison.equal else CHANGES_WAIT


def _platform(name: str) -> Platform:
    try:
        return Platform.parse(name)
    except InvalidReference as error:
        raise UsageError(f"--platform: {error.message}", hint=error.hint) from error
