"""What can be told of a token by looking at it."""

from pinbot.errors import ForgeDenied

_INSTALLATION = "ghs_"


def of_installation(token: str) -> bool:
    """Whether it is that of an app's installation, which ends within the hour; the Action's own is one."""
    return token.startswith(_INSTALLATION)


def checked(token: str) -> str:
    """The token without blanks around it; it must be one that can be sent."""
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ForgeDenied(
            "the GitHub token is empty or holds characters that no token has",
            hint="give a valid token in GITHUB_TOKEN",
        )
    return token
