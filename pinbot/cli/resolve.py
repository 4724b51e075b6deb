"""`pinbot resolve`: what tags mean now."""

from functools import partial
from pathlib import Path

import click

from pinbot.cli import running
from pinbot.cli.session import FAILED, Session
from pinbot.cli.session import command as make_command
from pinbot.errors import InvalidReference, PinbotError, UsageError
from pinbot.model.plan import Resolution, TagList
from pinbot.model.reference import ImageReference, Platform
from pinbot.pipeline.resolve import Question, list_all, resolve_all
from pinbot.render import resolutions as text
from pinbot.wiring import registries
from pinbot.worktree.tree import Tree


@make_command(
    "resolve",
    click.argument("images", nargs=-1, required=True, metavar="IMAGE..."),
    click.option("--platforms", is_flag=True, help="Also list the platforms; one more request an image."),
    click.option(
        "--platform",
        metavar="OS/ARCH[/VARIANT]",
        help="Print the digest of the image for this platform, not that of the index of all.",
    ),
    click.option("--tags", is_flag=True, help="List the tags of each image's repository instead."),
    epilog="\b\nExamples:\n  pinbot resolve alpine rust:alpine\n"
    "  pinbot resolve --platforms ghcr.io/owner/name:1.2\n"
    "  pinbot resolve --platform linux/arm64 alpine:3.22\n"
    "  pinbot resolve --tags alpine\n"
    "  pinbot resolve --format json debian:13 | jq -r '.images[].digest'",
)
def command(
    session: Session, images: tuple[str, ...], *, platforms: bool, platform: str | None, tags: bool
) -> int:
    """Print each IMAGE with the digest that its tag has now, one a line."""
    if platforms + (platform is not None) + tags > 1:
        raise UsageError("--platforms, --platform and --tags each ask for something else", hint="give one")
    wanted = None if platform is None else _platform(platform)
    references, errors = _parse(images)
    config = session.config(Tree.around(Path()))

    async def ask() -> list[Resolution | TagList | PinbotError]:
        async with registries.registry(config, observer=session.observer) as registry:
            if tags:
                return [*(await list_all(registry, references, session.progress)).values()]
            question: Question = registry.describe if platforms else registry.resolve
            if wanted is not None:
                question = partial(registry.resolve_platform, platform=wanted)
            return [*(await resolve_all(question, references, session.progress)).values()]

    answers = running.run(ask())
    errors += [answer for answer in answers if isinstance(answer, PinbotError)]
    resolutions = [answer for answer in answers if isinstance(answer, Resolution)]
    lists = [answer for answer in answers if isinstance(answer, TagList)]
    if session.as_json:
        from pinbot.render import json  # noqa: PLC0415 - it knows all of the model

        session.emit(json.tags(lists, errors) if tags else json.resolve(resolutions, errors))
    else:
        text.resolve(session.out, resolutions)
        text.tags(session.out, lists)
    session.complain(errors)
    session.tell_quotas()
    return FAILED if errors else 0


def _platform(name: str) -> Platform:
    try:
        return Platform.parse(name)
    except InvalidReference as error:
        raise UsageError(f"--platform: {error.message}", hint=error.hint) from error


def _parse(images: tuple[str, ...]) -> tuple[list[ImageReference], list[PinbotError]]:
    references: list[ImageReference] = []
    errors: list[PinbotError] = []
    for image in images:
        try:
            references.append(ImageReference.parse(image))
        except PinbotError as error:
            error.image = image
            errors.append(error)
    return references, errors
