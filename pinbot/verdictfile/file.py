"""Verdicts in a file that one job leaves for another."""

from collections.abc import Iterable
from pathlib import Path

from pinbot import storage
from pinbot.errors import SourceError, UsageError
from pinbot.model.build import Verdict
from pinbot.verdictfile import document


def read(path: Path) -> tuple[Verdict, ...]:
    """What another job said; nothing in it is taken for granted.

    Raises:
        UsageError: the file cannot be read, or is not what `write` makes.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(document.LARGEST + 1)
        return document.from_bytes(data)
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}",
            hint="name the file that --save-verdicts wrote",
            file=str(path),
        ) from error
    except ValueError as error:
        raise UsageError(
            f"holds no verdicts of this version of pinbot's: {error}",
            hint="have it written by --save-verdicts of the same version",
            file=str(path),
        ) from error


def write(path: Path, verdicts: Iterable[Verdict]) -> None:
    """Leave them for another job.

    Raises:
        SourceError: the file cannot be written, or cannot hold them.
    """
    try:
        storage.replace(path, document.to_bytes(verdicts))
    except OSError as error:
        raise SourceError(
            f"cannot be written: {error.strerror}",
            hint="name a file in a folder that can be written",
            file=str(path),
        ) from error
    except ValueError as error:
        raise SourceError(
            f"cannot hold the verdicts: {error}",
            hint="make what pinbot.yaml says of the target shorter",
            file=str(path),
        ) from error
