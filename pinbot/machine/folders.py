"""Folders that may or may not be there."""

from pathlib import Path

from pinbot.errors import ConfigError


def entries(folder: Path) -> list[Path]:
    """What is in a folder, by name; nothing if there is none, or if this user may not look into it.

    Raises:
        ConfigError: it cannot be read for another reason.
    """
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    except OSError as error:
        raise ConfigError(
            f"cannot be read: {error.strerror}", hint="mend the folder or move it away", file=str(folder)
        ) from error
