"""`pinbot resolve`: what tags mean now."""

from pathlib import Path

import click

from pinbot import wiring
from pinbot.cli import running
from pinbot.cli.session import FAILED, Session
from pinbot.cli.session import command as make_command
from pinbot.errors import PinbotError
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference
from pinbot.pipeline.resolve import Answer, resolve_all
from pinbot.render import json, text
from pinbot.worktree.tree import Tree


@make_command(
    "resolve",
    click.argument("images", nargs=-1, required=True, metavar="IMAGE..."),
    click.option("--platforms", is_flag=True, help="Also list the platforms; one more request an image."),
    epilog="\b\nExamples:\n  pinbot resolve alpine rust:alpine\n"
    "  pinbot resolve --platforms ghcr.io/owner/name:1.2\n"
    "  pinbot resolve --format json debian:13 | jq -r '.images[].digest'",
)
def command(session: Session, images: tuple[str, ...], *, platforms: bool) -> int:
    """Print each IMAGE with the digest that its tag has now, one a line."""
    references, errors = _parse(images)
    config = session.config(Tree.around(Path()))

    async def ask() -> list[Answer]:
        async with wiring.registry(config, observer=session.observer) as registry:
            question = registry.describe if platforms else registry.resolve
            answers = await resolve_all(question, references, session.progress)
        return list(answers.values())

    answers = running.run(ask())
    resolutions = [answer for answer in answers if isinstance(answer, Resolution)]
    errors += [answer for answer in answers if isinstance(answer, PinbotError)]
    if session.as_json:
        session.emit(json.resolve(resolutions, errors))
    else:
        text.resolve(session.out, resolutions)
    session.complain(errors)
    session.tell_quotas()
    return FAILED if errors else 0


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
