"""What every command shares: its common options, its two streams, and how an error ends it."""

import errno
import functools
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from pinbot.cli.requests import Requests
from pinbot.config import Config
from pinbot.errors import NothingToDo, PinbotError
from pinbot.policy import Policy
from pinbot.ports.machine import Progress
from pinbot.render import console
from pinbot.render.progress import Lines, Quiet
from pinbot.wiring import configs, registries
from pinbot.worktree.tree import Tree

FAILED = 1
CHANGES_WAIT = 10
BUILD_FAILED = 11
AUDIT_FAILED = 11

Parameter = Callable[[Callable[..., int]], Callable[..., int]]
"""What click's `argument` and `option` make: a decorator that adds a parameter to a function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of one command: stdout is the result, stderr is the talk."""

    command: str
    output_format: str
    out: Console
    err: Console
    progress: Progress
    verbose: bool
    config_file: Path | None
    requests: Requests

    @property
    def as_json(self) -> bool:
        """Whether the result is a JSON document."""
        return self.output_format == "json"

    def config(self, tree: Tree) -> Config:
        """The configuration named by --config, or else the tree's own."""
        return configs.configuration(self.config_file, tree.root)

    def policy(self, tree: Tree) -> Policy:
        """What the configuration says of files and images; whatever registries this machine knows."""
        return configs.own_configuration(self.config_file, tree.root).policy

    def emit(self, document: dict[str, Any]) -> None:
        """Write a JSON document to stdout."""
        from pinbot.render import json  # noqa: PLC0415 - it knows all of the model

        self.out.file.write(json.dumps(document) + "\n")

    def complain(self, errors: Iterable[PinbotError]) -> None:
        """Tell people of errors that the rest of the run survived (JSON holds them itself)."""
        if not self.as_json:
            console.errors(self.err, errors)

    @property
    def observer(self) -> registries.Observer | None:
        """What shows each request to a registry, with -v."""
        return self.requests if self.verbose else None

    def detail(self, text: str) -> None:
        """Say, with -v, what only those who look closely want to know."""
        if self.verbose:
            self.progress.note(text)

    def tell_quotas(self) -> None:
        """Tell, with -v, what the registries said is left of their limits."""
        for host, quota in self.requests.quotas.items():
            console.line(self.err, f"{host}: {quota}")


def nothing_found() -> NothingToDo:
    """What to raise where there is nothing to work on."""
    return NothingToDo("no file holds an image reference", hint="name a Dockerfile, or a folder with some")


def command(
    name: str,
    *parameters: Parameter,
    formats: Sequence[str] = ("text", "json"),
    epilog: str | None = None,
) -> Callable[[Callable[..., int]], click.Command]:
    """Make a click command of a function that takes a Session and its parameters, and returns an exit code.

    This is the error boundary: a PinbotError becomes a message (or a JSON document) and its exit code.
    """

    def decorate(function: Callable[..., int]) -> click.Command:
        @functools.wraps(function)
        def run(
            *,
            output_format: str,
            config_file: Path | None,
            verbose: bool,
            quiet: bool,
            color: bool | None,
            **own: Any,
        ) -> int:
            session = _open(name, output_format, config_file, verbose=verbose, quiet=quiet, color=color)
            try:
                return function(session, **own)
            except PinbotError as error:
                return _fail(session, error)
            except (click.ClickException, click.Abort, KeyboardInterrupt):
                raise
            except Exception as error:
                if _is_of_output(error):
                    raise  # `main.run` tells it: here a JSON document would be written to the same stream
                return _report_bug(session)  # the last boundary: a bug is reported as one, not as a traceback

        decorated: Callable[..., int] = run
        for parameter in reversed((*parameters, _format(formats), *_COMMON)):
            decorated = parameter(decorated)
        return click.command(name, epilog=epilog)(decorated)

    return decorate


def _format(names: Sequence[str]) -> Parameter:
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(names),
        default="text",
        envvar="PINBOT_FORMAT",
        help="How to write the result.",
    )


_COMMON: tuple[Parameter, ...] = (
    click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        envvar="PINBOT_CONFIG",
        help="Configuration file; without it pinbot.yaml or .github/pinbot.yaml of the repository.",
    ),
    click.option("-v", "--verbose", is_flag=True, envvar="PINBOT_VERBOSE", help="Tell every request."),
    click.option("-q", "--quiet", is_flag=True, envvar="PINBOT_QUIET", help="Tell no progress."),
    click.option("--color/--no-color", default=None, help="Colours; else as the terminal and NO_COLOR say."),
)


def _open(
    name: str, output_format: str, config_file: Path | None, *, verbose: bool, quiet: bool, color: bool | None
) -> Session:
    err = console.console(sys.stderr, colour=color)
    progress: Progress
    if quiet:
        progress = Quiet()
    elif sys.stderr.isatty() and not verbose:
        from pinbot.render.bars import Bars  # noqa: PLC0415 - only people see it

        progress = Bars(err)
    else:
        progress = Lines(err, details=verbose)
    return Session(
        command=name,
        output_format=output_format,
        out=console.console(sys.stdout, colour=color),
        err=err,
        progress=progress,
        verbose=verbose,
        config_file=config_file,
        requests=Requests(progress),
    )


def _fail(session: Session, error: PinbotError) -> int:
    if session.as_json:
        from pinbot.render import json  # noqa: PLC0415 - it knows all of the model

        session.emit(json.envelope(session.command, (error,)))
    console.errors(session.err, (error,))
    return error.exit_code


def _is_of_output(error: Exception) -> bool:
    """Whether it says that a stream takes no more; what goes wrong with a file names that file."""
    full = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
    return isinstance(error, OSError) and error.filename is None and error.errno in full


def _report_bug(session: Session) -> int:
    if session.verbose:
        session.err.print(traceback.format_exc())
    kind, value, _ = sys.exc_info()
    problem = PinbotError(
        f"pinbot itself failed: {kind.__name__ if kind else 'error'}: {value}",
        hint="this is a bug; please report it with the output of the same command and --verbose",
    )
    return _fail(session, problem)
