"""`pinbot pin`: add what is missing, move nothing."""

from typing import Any

from pinbot.cli.session import Session
from pinbot.cli.session import command as make_command
from pinbot.cli.update import SHARED, change


@make_command(
    "pin",
    *SHARED,
    epilog="\b\nExamples:\n  pinbot pin --dry-run\n  pinbot pin services/api/Dockerfile",
)
def command(session: Session, **shared: Any) -> int:
    """Add digests to references that have none; digests that are there stay as they are.

    PATH is a folder or a file. Without it, the current folder.
    """
    return change(session, move=False, **shared)
