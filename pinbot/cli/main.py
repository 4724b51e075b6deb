"""The command line: which commands there are, and how a run ends."""

import importlib
import signal
import sys
from typing import NoReturn

import click

from pinbot import __version__
from pinbot.cli.streams import hang_up, open_streams

COMMANDS = {
    "scan": "List every image reference; asks no registry.",
    "resolve": "Print the digest that each image has now.",
    "check": "Tell what is unpinned, outdated or gone; change nothing.",
    "pin": "Add digests where there are none; move nothing.",
    "update": "Pin, and move digests to what their tags mean now.",
    "build": "Test-build the targets as they are, and audit them.",
    "diff": "Tell what changed between two images.",
    "audit": "Hold an image to the rules.",
    "init": "Write what a repository begins with.",
    "doctor": "Tell whether registries, builders and git can be used from here.",
}
"""Name and one-line help of each command. Its module is imported only when it runs."""

INTERRUPTED = 130


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pinbot.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 an image, file, build or pull request could not be handled; 2 wrong usage; "
    "3 no image reference found; 10 --dry-run or check found something to change, or diff a change; "
    "11 the test build failed; 130 interrupted.",
)
@click.version_option(__version__, prog_name="pinbot", message="%(prog)s %(version)s")
def pinbot() -> None:
    """Keep container base images pinned to digests, up to date, and building.

    \b
    Examples:
      pinbot scan                          what is there, and what is pinned
      pinbot check                         what is unpinned, outdated or gone
      pinbot update --dry-run              show what would change, as a diff
      pinbot update --build                change it, once the test build has passed
      pinbot update --build --pull-request propose it on GitHub
    """  # noqa: D301 - \b is click's mark for lines that are not to be joined


def run(arguments: list[str] | None = None) -> NoReturn:
    """Run the command that the arguments name, and exit with its code."""
    open_streams()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = _code_of(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = INTERRUPTED
    except OSError as error:
        hang_up(sys.stdout)
        click.echo(f"error: the result cannot be written: {error.strerror}", err=True)
        code = 1
    sys.exit(code)


def _code_of(arguments: list[str]) -> int:
    try:
        code: int = pinbot.main(args=arguments, prog_name="pinbot", standalone_mode=False)
    except click.ClickException as error:
        from pinbot.cli import usage  # noqa: PLC0415 - what it needs would slow down every start

        usage.show(error, arguments, COMMANDS)
        return error.exit_code
    return code
