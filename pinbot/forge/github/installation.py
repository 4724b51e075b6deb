"""The installation of a GitHub App on one account: a token an hour, with no more than pinbot needs."""

from collections.abc import Mapping

from pinbot.errors import ForgeDenied
from pinbot.forge.github.app import App, Installed
from pinbot.forge.github.connection import Lease

_WRITING = {"contents": "write", "pull_requests": "write"}
_USEFUL = {"issues": "write", "statuses": "write", "workflows": "write"}
_READING = {"contents": "read"}
_LEVELS = ("read", "write", "admin")

_LEASE = 3000.0  # seconds of the hour that a token is good for
_MOST_NAMED = 500  # repositories that GitHub lets one token name


class Installation:
    """A `Lessor` for one account.

    Args:
        app: whose installation it is.
        account: the organisation or person that it is on.
        repositories: `owner/name` of those that the token is for; none means all of the installation.
        writes: whether it is to open pull requests; otherwise files are read, and no more.
        known: the installation, where it was listed already.
    """

    def __init__(
        self,
        app: App,
        account: str,
        *,
        repositories: tuple[str, ...] = (),
        writes: bool = True,
        known: Installed | None = None,
    ) -> None:
        self._app = app
        self._account = account
        self._named = repositories if len(repositories) <= _MOST_NAMED else ()
        self._required, self._useful = (_WRITING, _USEFUL) if writes else (_READING, {})
        self._found = known
        self._absent = False
        self._target = self._named[0] if len(self._named) == 1 else account

    def __repr__(self) -> str:
        return f"Installation({self._app!r} on {self._target!r})"

    @property
    def calls(self) -> int:
        """See `Lessor.calls`."""
        return self._app.calls(self._target)

    async def lease(self) -> Lease:
        """See `Lessor.lease`: one request, and before the first one or two that find the installation.

        What it raises would be so for each repository of the account.

        Raises:
            ForgeDenied: the app is not known, not installed, or was not given what pinbot needs.
            ForgeError: GitHub could not be asked.
        """
        if self._absent:  # those that waited for their turn need not look again
            raise self._not_installed()
        if self._found is None:
            self._found = await self._look()
        permissions = self._permissions(self._found)
        token = await self._token(self._found, permissions)
        if token is None:  # one wrong name is not to be the others' end
            self._named = await self._reachable()
            token = await self._token(self._found, permissions)
        if token is None:
            raise self._not_installed()
        return Lease(token=token, seconds=_LEASE)

    async def _look(self) -> Installed:
        kinds = (
            (f"repos/{self._target}",)
            if self._is_one
            else (f"orgs/{self._account}", f"users/{self._account}")
        )
        for place in kinds:
            found = await self._app.installation(place, target=self._target)
            if found is not None:
                return found
        raise self._not_installed()

    async def _token(self, found: Installed, permissions: Mapping[str, str]) -> str | None:
        return await self._app.token(found.number, permissions, self._named, target=self._target)

    async def _reachable(self) -> tuple[str, ...]:
        """The named repositories that the app is installed on: one request for each."""
        reachable = tuple(
            [
                name
                for name in self._named
                if await self._app.installation(f"repos/{name}", target=self._target) is not None
            ]
        )
        if not reachable:
            raise self._not_installed()
        return reachable

    def _permissions(self, found: Installed) -> dict[str, str]:
        """What to ask for, of what was granted."""
        if found.suspended:
            raise ForgeDenied(
                f"the installation of app {self._app.number} on {self._target} is suspended",
                hint="who installed it can end that, in the settings of the account",
            ).about_all()
        missing = [
            name for name, level in self._required.items() if not _covers(found.permissions, name, level)
        ]
        if missing:
            raise ForgeDenied(
                f"the installation of app {self._app.number} on {self._target} lacks permissions",
                hint="grant the app "
                + " and ".join(f"{name.replace('_', '-')}: {self._required[name]}" for name in missing)
                + " in its settings, and accept that where it is installed",
            ).about_all()
        return self._required | {
            name: level for name, level in self._useful.items() if _covers(found.permissions, name, level)
        }

    @property
    def _is_one(self) -> bool:
        return len(self._named) == 1

    def _not_installed(self) -> ForgeDenied:
        self._absent = True
        what = "repository" if self._is_one else "account"
        return ForgeDenied(
            f"app {self._app.number} is not installed on {self._target}, or there is no such {what}",
            hint="install the app on it (the app's settings > Install App), or check the name",
        ).about_all()


def _covers(granted: Mapping[str, str], name: str, level: str) -> bool:
    """Whether an installation was given that much of a permission."""
    has = granted.get(name, "")
    return has in _LEVELS and _LEVELS.index(has) >= _LEVELS.index(level)
