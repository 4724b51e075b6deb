"""`python -m pinbot`."""

from pinbot.cli.main import run

run()
