"""What commands share that can look up vulnerabilities: the options, and what they come to."""

from dataclasses import replace

import click

from pinbot.cli.session import Parameter
from pinbot.config import SERVICE_ADDRESS, Config, VulnerabilitySettings
from pinbot.errors import UsageError

VULNERABILITIES: tuple[Parameter, ...] = (
    click.option(
        "--vulnerabilities/--no-vulnerabilities",
        default=None,
        envvar="PINBOT_VULNERABILITIES",
        help="Look up which known ones the change fixes or brings; packages are named to OSV for it.",
    ),
    click.option(
        "--osv-url", envvar="PINBOT_OSV_URL", metavar="URL", help="Another service with the API of osv.dev."
    ),
)


def lookup(config: Config, *, vulnerabilities: bool | None, osv_url: str | None) -> VulnerabilitySettings:
    """What is configured, unless the command line says otherwise.

    Raises:
        UsageError: the address is none.
    """
    settings = config.vulnerabilities
    if osv_url is not None:
        if not SERVICE_ADDRESS.fullmatch(osv_url):
            raise UsageError(
                f"--osv-url: {osv_url!r} is no address", hint="write one like https://api.osv.dev"
            )
        settings = replace(settings, url=osv_url)
    return settings if vulnerabilities is None else replace(settings, enabled=vulnerabilities)
