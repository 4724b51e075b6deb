"""A repository on GitHub or GitHub Enterprise Server, through the REST API.

Every method sends exactly the requests that it says, so that they can be counted.
"""

from pinbot.forge.github.git_data import GitData
from pinbot.forge.github.issues import Issues
from pinbot.forge.github.pulls import Pulls


class GitHub(GitData, Pulls, Issues):
    """One repository, a `Remote` for the life cycle."""

    def __repr__(self) -> str:
        return f"GitHub({self.repository!r} at {self._connection.host})"

    @property
    def calls(self) -> int:
        """See `Remote`."""
        return self._connection.calls
