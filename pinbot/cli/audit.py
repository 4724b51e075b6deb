"""`pinbot audit`: whether an image is as it should be."""

from datetime import UTC, datetime
from pathlib import Path

import click

from pinbot.audit import catalog
from pinbot.audit.inspect import Terms, inspect
from pinbot.cli import running
from pinbot.cli.session import AUDIT_FAILED, Session
from pinbot.cli.session import command as make_command
from pinbot.config import AuditSettings
from pinbot.errors import InvalidReference, UsageError
from pinbot.image.sources.opening import open_image
from pinbot.model.finding import Profile
from pinbot.model.inspection import Inspection
from pinbot.model.reference import Platform
from pinbot.model.size import parse_size
from pinbot.render import json
from pinbot.render.audit import annotations, sarif, text
from pinbot.render.audit import json as audit_json
from pinbot.wiring import building, registries
from pinbot.worktree.tree import Tree


@make_command(
    "audit",
    click.argument("image"),
    click.option(
        "--platform",
        metavar="OS/ARCH[/VARIANT]",
        help="Look at the image for this platform; without it at the only one, or linux/amd64.",
    ),
    click.option(
        "--profile",
        type=click.Choice([str(profile) for profile in Profile]),
        help="What kind of image is meant; without it as the image looks like.",
    ),
    click.option(
        "--max-size",
        metavar="SIZE",
        help="Compressed bytes that it may have, e.g. 15MB; a MB is a million bytes.",
    ),
    click.option(
        "--ignore", "ignored", multiple=True, metavar="RULE", help="Switch this rule off; can be repeated."
    ),
    click.option(
        "--start",
        is_flag=True,
        help="Also start it once, in a sandbox of podman or docker, to see whether it starts.",
    ),
    formats=("text", "json", "sarif", "github"),
    epilog="\b\nExamples:\n  pinbot audit ghcr.io/owner/name:1.2\n"
    "  pinbot audit --max-size 12MB oci:build/app\n"
    "  pinbot audit --profile scratch --ignore I8 docker-archive:app.tar\n"
    "  pinbot audit --format sarif oci-archive:app.tar > audit.sarif",
)
def command(
    session: Session,
    *,
    image: str,
    platform: str | None,
    profile: str | None,
    max_size: str | None,
    ignored: tuple[str, ...],
    start: bool,
) -> int:
    """Hold IMAGE to the rules of docs/rules.md.

    IMAGE is a reference to a registry, oci:FOLDER, oci-archive:FILE or docker-archive:FILE. It is read, and
    started only with --start. The exit code is 11 if something in it is an error.
    """
    config = session.config(Tree.around(Path()))
    terms = _terms(config.audit, profile=profile, max_size=max_size, ignored=ignored)
    wanted = None if platform is None else _platform(platform)

    async def work() -> Inspection:
        async with registries.registry_on_demand(config, observer=session.observer) as connect:
            runner = await building.runner() if start else None
            with session.progress.step("Looking into the image"):
                return await inspect(await open_image(image, connect), terms, wanted, runner=runner)

    found = running.run(work())
    match session.output_format:
        case "json":
            session.emit(json.envelope("audit", (), **audit_json.inspection(found)))
        case "sarif":
            rules = tuple(catalog.RULES.values())
            session.out.file.write(sarif.dumps(sarif.sarif([found.audit], rules)) + "\n")
        case "github":
            session.out.file.writelines(f"{line}\n" for line in annotations.lines(found.audit))
        case _:
            text.show(session.out, found, verbose=session.verbose)
    session.tell_quotas()
    return 0 if found.audit.passed else AUDIT_FAILED


def _terms(
    settings: AuditSettings, *, profile: str | None, max_size: str | None, ignored: tuple[str, ...]
) -> Terms:
    """What the options say, and for the rest what the configuration says; rules switched off add up."""
    size = None if max_size is None else parse_size(max_size)
    if max_size is not None and size is None:
        raise UsageError(f"--max-size: {max_size!r} is not a size", hint="write it like 15MB or 800kB")
    return Terms(
        profile=settings.profile if profile is None else Profile(profile),
        max_size=size or settings.max_size,
        ignore=catalog.settle((*settings.ignore, *ignored)),
        at=datetime.now(UTC),
    )


def _platform(name: str) -> Platform:
    try:
        return Platform.parse(name)
    except InvalidReference as error:
        raise UsageError(f"--platform: {error.message}", hint=error.hint) from error
