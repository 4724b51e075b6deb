"""What tags mean, and which there are, for people and pipes."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from pinbot.model.plan import Resolution, TagList
from pinbot.render.printable import printable


def resolve(out: Console, resolutions: Iterable[Resolution]) -> None:
    """`image@digest`, one a line, and below it the platforms where they were asked for."""
    for resolution in resolutions:
        image = resolution.image
        asked = image if image.effective_tag is None else image.tagged
        out.print(Text(str(asked.with_digest(resolution.digest))), soft_wrap=True)
        for platform in resolution.platforms or ():
            out.print(Text(f"  {printable(str(platform))}"), soft_wrap=True)


def tags(out: Console, lists: Iterable[TagList]) -> None:
    """`repository:tag`, one a line."""
    for entry in lists:
        for tag in entry.tags:
            out.print(Text(f"{entry.repository}:{tag}"), soft_wrap=True)
