"""As whom pinbot asks about whom: one token for everybody, or an app with an installation on each account."""

from collections.abc import Callable, Iterable
from typing import Protocol

from pinbot.errors import UsageError
from pinbot.forge.github.app import App, Installed
from pinbot.forge.github.connection import Connection, Lessor
from pinbot.forge.github.installation import Installation
from pinbot.model.fleet import Account


class Access(Protocol):
    """Gives the connection to ask through; `name` is an owner or `owner/name` throughout."""

    @property
    def calls(self) -> int:
        """How many requests were sent so far, by all identities."""
        ...

    def identity(self, name: str) -> str:
        """What is the same for all that one token is for."""
        ...

    def connection(self, name: str) -> Connection:
        """The one connection of an identity. No request is sent before it is asked something."""
        ...

    async def accounts(self) -> tuple[Account, ...]:
        """All accounts that it was given access to.

        Raises:
            UsageError: nobody knows them.
            ForgeError: they cannot be listed.
        """
        ...


class OneToken:
    """An `Access` with one token, whatever it sees."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def calls(self) -> int:
        """See `Access.calls`."""
        return self._connection.calls

    def identity(self, name: str) -> str:
        """See `Access.identity`."""
        del name
        return ""

    def connection(self, name: str) -> Connection:
        """See `Access.connection`."""
        del name
        return self._connection

    async def accounts(self) -> tuple[Account, ...]:
        """See `Access.accounts`.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            "--installed needs a GitHub App, and there is only a token",
            hint="set PINBOT_APP_ID and PINBOT_APP_KEY to those of an app, or name accounts with --owner",
        )


class Installations:
    """An `Access` as a GitHub App: each account has a connection, a token and a quota of its own.

    Args:
        app: the app.
        connect: makes a connection of what gives it tokens.
        repositories: `owner/name` of those that are to be worked on.
        owners: accounts whose tokens are not for these repositories alone.
        writes: whether tokens are to allow pull requests.
    """

    def __init__(
        self,
        app: App,
        connect: Callable[[Lessor], Connection],
        *,
        repositories: Iterable[str] = (),
        owners: Iterable[str] = (),
        writes: bool = True,
    ) -> None:
        self._app = app
        self._connect = connect
        self._writes = writes
        self._named: dict[str, dict[str, str]] = {}
        for name in repositories:
            self._named.setdefault(self.identity(name), {}).setdefault(name.casefold(), name)
        for owner in owners:
            self._named.pop(self.identity(owner), None)
        self._listed: dict[str, Installed] = {}
        self._connections: dict[str, Connection] = {}

    @property
    def calls(self) -> int:
        """See `Access.calls`."""
        return self._app.calls() + sum(connection.sent for connection in self._connections.values())

    def identity(self, name: str) -> str:
        """See `Access.identity`: the account, whose name is the same in capitals."""
        return name.partition("/")[0].casefold()

    def connection(self, name: str) -> Connection:
        """See `Access.connection`."""
        account = self.identity(name)
        if account not in self._connections:
            lessor = Installation(
                self._app,
                name.partition("/")[0],
                repositories=tuple(self._named.get(account, {}).values()),
                writes=self._writes,
                known=self._listed.get(account),
            )
            self._connections[account] = self._connect(lessor)
        return self._connections[account]

    async def accounts(self) -> tuple[Account, ...]:
        """See `Access.accounts`. One request for each hundred; their tokens are for all repositories."""
        found = await self._app.installations()
        self._listed = {self.identity(one.account): one for one in found}
        for account in self._listed:
            self._named.pop(account, None)
        return tuple(
            Account(
                name=one.account,
                closed=f"the installation of app {self._app.number} is suspended" if one.suspended else None,
            )
            for one in found
        )
