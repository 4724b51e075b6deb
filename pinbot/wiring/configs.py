"""What holds for a run: its configuration, and beneath it what this machine says."""

import os
from pathlib import Path

from pinbot.config import Config
from pinbot.model.occurrence import SourceFile
from pinbot.wiring import machine

CONFIG_NAMES = ("pinbot.yaml", ".github/pinbot.yaml")
"""Where a repository keeps its configuration; the first that exists is read."""


def configuration(file: Path | None, root: Path) -> Config:
    """The configuration in `file`, or that of the repository at `root`; beneath it what this machine says.

    Raises:
        UsageError: a file is missing or holds mistakes.
    """
    from pinbot.machine import registries

    return registries.beneath(own_configuration(file, root), os.environ, machine.home())


def foreign_configuration(own: SourceFile | None, bot: Config) -> tuple[Config, tuple[str, ...]]:
    """The configuration that holds in a repository elsewhere, and what of its own file does not count.

    Raises:
        UsageError: the repository's file holds mistakes.
    """
    from pinbot.configfile.foreign import configure

    return configure(own, bot)


def own_configuration(file: Path | None, root: Path) -> Config:
    """The configuration alone, for what asks no registry.

    Raises:
        UsageError: a file is missing or holds mistakes.
    """
    path = file or next((root / name for name in CONFIG_NAMES if (root / name).is_file()), None)
    if path is None:
        return Config()
    from pinbot.configfile.load import load

    return load(path)
