"""A GitHub App: from its id and private key to a token for one repository.

The app proves who it is with a JSON Web Token of a few minutes, and gets a token of its installation for an
hour ("Authenticating as a GitHub App installation"). That one is asked for with no more than pinbot needs:
for this repository alone, with those permissions alone.
"""

from dataclasses import dataclass
from typing import Any

import github
import jwt

from pinbot.errors import ForgeDenied, ForgeError, UsageError
from pinbot.forge.github.asking import is_repository, text
from pinbot.forge.github.connection import Answer, Connection, Lease
from pinbot.ports.machine import Clock

_REQUIRED = {"contents": "write", "pull_requests": "write"}
_USEFUL = {"issues": "write", "statuses": "write", "workflows": "write"}
_LEVELS = ("read", "write", "admin")

_PROOF = 540  # seconds; GitHub takes ten minutes at most
_LEASE = 3000.0  # seconds of the hour that a token is good for


@dataclass(frozen=True, slots=True, kw_only=True)
class _Installation:
    number: int
    permissions: dict[str, str]


class App:
    """A `Lessor` for one repository.

    Args:
        number: the app's id, or its client id.
        key: its private key, as PEM.
        repository: `owner/name`.
        clock, api_url, write_interval: as for `Connection`.

    Raises:
        UsageError: the key is none, or the repository's name cannot be right.
    """

    def __init__(
        self,
        number: str,
        key: str,
        *,
        repository: str,
        clock: Clock,
        api_url: str,
        write_interval: float = 0.0,
    ) -> None:
        if not is_repository(repository):
            raise UsageError(f"{repository!r} is no repository on GitHub", hint="name it as owner/name")
        self._number = number.strip()
        self._key = key.strip().replace("\\n", "\n")  # some stores of secrets keep one line only
        self._repository = repository
        self._clock = clock
        self._api_url = api_url
        self._write_interval = write_interval
        self._proof()

    def __repr__(self) -> str:
        return f"App({self._number!r} for {self._repository!r})"

    async def lease(self) -> Lease:
        """See `Lessor.lease`. Two requests.

        Raises:
            ForgeDenied: the app is not known, not installed, or was not given what pinbot needs.
            ForgeError: GitHub could not be asked.
        """
        connection = Connection(
            token=self._proof(),
            kind="Bearer",
            clock=self._clock,
            api_url=self._api_url,
            write_interval=self._write_interval,
        )
        found = await self._installation(connection)
        missing = [name for name, level in _REQUIRED.items() if not _covers(found.permissions, name, level)]
        if missing:
            raise ForgeDenied(
                f"the installation of app {self._number} on {self._repository} lacks permissions",
                hint="grant the app "
                + " and ".join(f"{name.replace('_', '-')}: {_REQUIRED[name]}" for name in missing)
                + " in its settings, and accept that where it is installed",
            )
        wanted = _REQUIRED | {
            name: level for name, level in _USEFUL.items() if _covers(found.permissions, name, level)
        }
        token = await self._token(connection, found.number, wanted)
        return Lease(token=token, seconds=_LEASE, calls=connection.calls)

    async def _installation(self, connection: Connection) -> _Installation:
        try:
            return await connection.ask(
                "GET",
                f"/repos/{self._repository}/installation",
                _installation,
                target=self._repository,
                doing=f"look for the installation of app {self._number} on",
                needs="an installation",
            )
        except ForgeDenied as error:
            raise self._unknown(error) from error

    async def _token(self, connection: Connection, installation: int, permissions: dict[str, str]) -> str:
        wanted: dict[str, Any] = {
            "repositories": [self._repository.partition("/")[2]],
            "permissions": permissions,
        }
        return await connection.ask(
            "POST",
            f"/app/installations/{installation}/access_tokens",
            lambda data: text(data["token"]),
            target=self._repository,
            doing=f"get a token of app {self._number} for",
            needs="an installation",
            body=wanted,
        )

    def _unknown(self, error: ForgeError) -> ForgeDenied:
        """What to mend when GitHub does not know the app, or the app not the repository."""
        if "does not exist" in error.message:
            return ForgeDenied(
                f"app {self._number} is not installed on {self._repository}, or there is no such repository",
                hint="install the app on it (the app's settings > Install App), or check the name",
            )
        return ForgeDenied(
            f"{error.message.partition(': the token is')[0]}",
            hint="check that PINBOT_APP_ID and the private key belong to one app, that the key was not "
            "deleted there, and that the clock of this machine is right",
        )

    def _proof(self) -> str:
        """A JSON Web Token that says: I am this app."""
        try:
            return str(github.Auth.AppAuth(self._number, self._key).create_jwt(_PROOF))
        except (jwt.PyJWTError, ValueError, TypeError, AssertionError) as error:
            raise UsageError(
                "the private key of the GitHub App cannot be read",
                hint="give the whole file that GitHub let you download, from -----BEGIN to the last line, in "
                "PINBOT_APP_KEY, or its path in PINBOT_APP_KEY_FILE; and the app's id in PINBOT_APP_ID",
            ) from error


def _installation(data: Answer) -> _Installation:
    permissions = {text(name): text(level) for name, level in dict(data["permissions"]).items()}
    return _Installation(number=int(data["id"]), permissions=permissions)


def _covers(granted: dict[str, str], name: str, level: str) -> bool:
    """Whether an installation was given that much of a permission."""
    has = granted.get(name, "")
    return has in _LEVELS and _LEVELS.index(has) >= _LEVELS.index(level)
