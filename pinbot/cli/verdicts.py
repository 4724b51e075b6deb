"""`--save-verdicts` and `--verdicts`: one job builds, another proposes by what that came to."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from pinbot.cli.session import Parameter
from pinbot.config import Config
from pinbot.errors import UsageError
from pinbot.model.build import Verdict
from pinbot.ports.building import Verifying
from pinbot.wiring import building

VERDICTS: tuple[Parameter, ...] = (
    click.option(
        "--save-verdicts",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Leave what the builds of a dry run came to for another run, which proposes.",
    ),
    click.option(
        "--verdicts",
        "known_verdicts",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Build nothing, and take what another run left there with --save-verdicts.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What this run leaves for another, or has from one.

    Attributes:
        save: where to leave verdicts; None where nobody asks for them.
        known: where verdicts are; None where this run makes its own.
    """

    save: Path | None = None
    known: Path | None = None

    def check(self, *, dry_run: bool, build: bool | None, builds: bool) -> None:
        """Refuse what makes no sense.

        Args:
            dry_run: whether nothing is written.
            build: what the command line says of building; None for nothing.
            builds: what follows, with the configuration.

        Raises:
            UsageError: the options do not go together.
        """
        if self.known is not None and (build or self.save is not None):
            other = "--build" if build else "--save-verdicts"
            raise UsageError(
                f"--verdicts and {other} cannot go together",
                hint="let one job build and save its verdicts, and another propose by them",
            )
        if self.save is None:
            return
        if not dry_run:
            raise UsageError(
                "--save-verdicts is for another run to propose by", hint="add --dry-run: this one only builds"
            )
        if not builds:
            raise UsageError("--save-verdicts has nothing to save where nothing is built", hint="add --build")
        if not self.save.absolute().parent.is_dir():
            raise UsageError(
                "is in a folder that is not there", hint="make it, or name another", file=str(self.save)
            )
        if self.save.exists() and not self.save.is_file():  # it would be replaced, also if it is a device
            raise UsageError("is no regular file", hint="name another", file=str(self.save))

    def recall(self, config: Config) -> Verifying | None:
        """What answers by the verdicts of another run; None where this one makes its own.

        Raises:
            UsageError: the file holds none.
        """
        return None if self.known is None else building.recall(self.known, config)

    def rehearsed(self, verifier: Verifying, config: Config) -> Verifying:
        """The verifier, made to build what another run will propose if that is what this one is for."""
        return verifier if self.save is None else building.rehearsal(verifier, config)

    def leave(self, verdicts: Iterable[Verdict]) -> None:
        """Save them, if somebody asks for them.

        Raises:
            SourceError: they cannot be saved.
        """
        if self.save is not None:
            building.save_verdicts(self.save, verdicts)
