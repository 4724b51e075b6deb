"""The configuration for a repository of somebody else's: theirs and the bot's own, each where it has a say.

Whoever may change a repository's pinbot.yaml does not run the bot. So that file says what is to be done with
the repository: which files and images, when, by what pull requests, and which targets are built. It does not
say where the bot connects to, as whom, what it tells to others, or how much of its machine a build may take.
"""

from dataclasses import replace

from pinbot.config import Config
from pinbot.configfile.load import parse
from pinbot.model.occurrence import SourceFile


def configure(own: SourceFile | None, bot: Config) -> tuple[Config, tuple[str, ...]]:
    """The configuration that holds in a repository, and what of its own file does not count, in words.

    Args:
        own: the repository's file, if it has one.
        bot: that of the bot itself. Where a repository has no file, all of it holds but its build targets.

    Raises:
        UsageError: the repository's file holds mistakes.
    """
    if own is None:
        return replace(bot, build=replace(bot.build, targets=())), ()
    theirs = parse(own.data, own.path)
    usual = Config()
    ignored = [
        key
        for key, differs in (
            ("registries", bool(theirs.registries)),
            ("vulnerabilities", theirs.vulnerabilities != usual.vulnerabilities),
            ("build (but for its targets)", replace(theirs.build, targets=()) != usual.build),
        )
        if differs
    ]
    notes = tuple(f"{own.path}: {key} is the bot's to say, and is left out" for key in ignored)
    return (
        replace(
            theirs,
            registries=bot.registries,
            vulnerabilities=bot.vulnerabilities,
            build=replace(bot.build, targets=theirs.build.targets),
            only_public=bot.only_public,
        ),
        notes,
    )
