"""What all the rooms of a repository on GitHub share: how it is asked, and how its answers are read."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pinbot.errors import UsageError
from pinbot.forge.github.connection import Answer, Connection, Expected

READ = "contents: read"
WRITE = "contents: write"
PULLS_READ = "pull-requests: read"
PULLS_WRITE = "pull-requests: write"
ISSUES_READ = "issues: read"
ISSUES_WRITE = "issues: write"
STATUSES_WRITE = "commit statuses: write"

PAGE = 100
MOST_PAGES = 20

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/(?!\.{1,2}$)[A-Za-z0-9._-]+")

T = TypeVar("T")


class Asking:
    """One repository, asked through a connection.

    Args:
        connection: to GitHub, as a token that may see the repository.
        repository: `owner/name`.

    Raises:
        UsageError: the repository's name cannot be right.
    """

    def __init__(self, connection: Connection, repository: str) -> None:
        if not is_repository(repository):
            raise UsageError(f"{repository!r} is no repository on GitHub", hint="name it as owner/name")
        self.repository = repository
        self._connection = connection
        self._owner = repository.partition("/")[0]
        self._default_branch: str | None = None

    async def _ask(
        self,
        verb: str,
        path: str,
        read: Callable[[Answer], T],
        *,
        doing: str,
        needs: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        expected: Mapping[Expected, T] | None = None,
    ) -> T:
        """One request about this repository; see `Connection.ask`."""
        return await self._connection.ask(
            verb,
            f"/repos/{self.repository}{path}",
            read,
            target=self.repository,
            doing=doing,
            needs=needs,
            query=query,
            body=body,
            expected=expected,
        )

    async def _mutate(self, name: str, variables: Mapping[str, Any], *, doing: str, needs: str) -> None:
        """One mutation of GraphQL, for what the REST API does not offer."""
        kind = name[0].upper() + name[1:]
        document = f"mutation($input: {kind}Input!) {{ {name}(input: $input) {{ clientMutationId }} }}"
        await self._connection.mutate(document, variables, target=self.repository, doing=doing, needs=needs)


def is_repository(name: str) -> bool:
    """Whether this can be the `owner/name` of a repository on GitHub."""
    return _NAME.fullmatch(name) is not None


def text(value: Answer) -> str:
    """The value, which must be a string."""
    if not isinstance(value, str):
        raise TypeError(f"a string is promised, and {type(value).__name__} is given")
    return value


def items(value: Answer) -> list[Answer]:
    """The value, which must be a list."""
    if not isinstance(value, list):
        raise TypeError(f"a list is promised, and {type(value).__name__} is given")
    return value


def sha(data: Answer) -> str:
    """The name of an object."""
    return text(data["sha"])


def done(data: Answer) -> bool:
    """A reference was written: the answer holds it, which that of a redirection does not."""
    return bool(text(data["ref"]))
