"""A GitHub App as itself: who it is, where it is installed, and the tokens of its installations.

The app proves who it is with a JSON Web Token of a few minutes, and gets a token of an installation for an
hour ("Authenticating as a GitHub App installation").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import github
import jwt

from pinbot.errors import ForgeDenied, ForgeError, UsageError
from pinbot.forge.github.asking import PAGE, items, text
from pinbot.forge.github.connection import Answer, Connection, Expected, Lease
from pinbot.forge.github.errors import is_refusal
from pinbot.ports.machine import Clock

_PROOF = 540  # seconds; GitHub takes ten minutes at most
_PROOF_LEASE = 480.0
_MOST_PAGES = 100
_NEEDS = "an installation"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An installation: on whose account, what it was granted there, and whether it is suspended."""

    number: int
    account: str
    permissions: Mapping[str, str]
    suspended: bool


class App:
    """What an app may ask as itself.

    Args:
        number: the app's id, or its client id.
        key: its private key, as PEM.
        clock, api_url: as for `Connection`.

    Attributes:
        number: as given.

    Raises:
        UsageError: the key is none.
    """

    def __init__(self, number: str, key: str, *, clock: Clock, api_url: str) -> None:
        self.number = number.strip()
        self._connection = Connection(
            token=_Prover(self.number, key), kind="Bearer", clock=clock, api_url=api_url, write_interval=0.0
        )
        self._refusal = ""

    def __repr__(self) -> str:
        return f"App({self.number!r})"

    def calls(self, target: str | None = None) -> int:
        """How many requests it sent so far: for a target, or at all."""
        return self._connection.calls if target is None else self._connection.calls_about[target]

    async def installation(self, place: str, *, target: str) -> Installed | None:
        """Its installation at a place, e.g. `repos/acme/shop`; None where there is none. One request.

        Raises:
            ForgeDenied: the app is not known.
            ForgeError: GitHub could not be asked.
        """
        found: Installed | None = await self._ask(
            "GET",
            f"/{place}/installation",
            _installed,
            target=target,
            doing=f"look for the installation of app {self.number} on",
            expected={(404, ""): None},
        )
        return found

    async def installations(self) -> tuple[Installed, ...]:
        """All of them. One request for each hundred.

        Raises:
            ForgeDenied: the app is not known.
            ForgeError: GitHub could not be asked, or there are more than it makes sense to work on at once.
        """
        found: list[Installed] = []
        for page in range(1, _MOST_PAGES + 1):
            # What an enterprise has is no account with repositories, and has no login.
            some, count = await self._ask(
                "GET",
                "/app/installations",
                lambda data: (
                    [_installed(item) for item in items(data) if (item["account"] or {}).get("login")],
                    len(data),
                ),
                target=f"app {self.number}",
                doing="list the installations of",
                query={"per_page": str(PAGE), "page": str(page)},
            )
            found += some
            if count < PAGE:
                return tuple(found)
        raise ForgeError(
            f"app {self.number} has more than {PAGE * _MOST_PAGES} installations",
            hint="name the accounts with --owner",
        )

    async def token(
        self, installation: int, permissions: Mapping[str, str], repositories: tuple[str, ...], *, target: str
    ) -> str | None:
        """A token of an installation for these repositories of its account, or for all. One request.

        None where one of the repositories is not the installation's, or it is there no more.

        Raises:
            ForgeDenied: the app is not known, or may not have it.
            ForgeError: GitHub could not be asked.
        """
        wanted: dict[str, Any] = {"permissions": dict(permissions)}
        if repositories:
            wanted["repositories"] = [name.partition("/")[2] for name in repositories]
        token: str | None = await self._ask(
            "POST",
            f"/app/installations/{installation}/access_tokens",
            lambda data: text(data["token"]),
            target=target,
            doing=f"get a token of app {self.number} for",
            body=wanted,
            expected={(404, ""): None, **({(422, "at least one repository"): None} if repositories else {})},
        )
        return token

    async def _ask(
        self,
        verb: str,
        path: str,
        read: Callable[[Answer], Any],
        *,
        target: str,
        doing: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        expected: Mapping[Expected, Any] | None = None,
    ) -> Any:
        """One request as the app; one that was refused as a whole does not ask again."""
        if self._refusal:
            raise self._unknown(self._refusal)
        try:
            return await self._connection.ask(
                verb,
                path,
                read,
                target=target,
                doing=doing,
                needs=_NEEDS,
                query=query,
                body=body,
                expected=expected,
                keep=False,
            )
        except ForgeDenied as error:
            if error.__cause__ is None or not is_refusal(error.__cause__, HTTPStatus.UNAUTHORIZED, ""):
                raise  # it is about one installation
            self._refusal = error.message.partition(": the token is")[0]
            raise self._unknown(self._refusal) from error

    def _unknown(self, message: str) -> ForgeDenied:
        """What to mend when GitHub does not know the app."""
        return ForgeDenied(
            message,
            hint="check that PINBOT_APP_ID and the private key belong to one app, that the key was not "
            "deleted there, and that the clock of this machine is right",
        ).about_all()


class _Prover:
    """A `Lessor` of the app's proof that it is itself; it takes no request."""

    def __init__(self, number: str, key: str) -> None:
        self._number = number
        self._key = key.strip().replace("\\n", "\n")  # some stores of secrets keep one line only
        self._proof()

    @property
    def calls(self) -> int:
        """See `Lessor.calls`."""
        return 0

    async def lease(self) -> Lease:
        """See `Lessor.lease`."""
        return Lease(token=self._proof(), seconds=_PROOF_LEASE)

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


def _installed(data: Answer) -> Installed:
    return Installed(
        number=int(data["id"]),
        account=text((data["account"] or {}).get("login", "")),
        permissions={text(name): text(level) for name, level in dict(data["permissions"]).items()},
        suspended=bool(data.get("suspended_at")),
    )
