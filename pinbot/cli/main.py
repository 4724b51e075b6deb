"""The command line."""


def run() -> None:
    """Run the command that the arguments name."""
