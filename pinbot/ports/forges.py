"""Where repositories and their pull requests live, and what is remembered from run to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

# What the signatures name is not needed to run, and would load half of the model.
if TYPE_CHECKING:
    from pathlib import Path

    from pinbot.model.fleet import Account, ListedFile, Listing, RepositoryFacts
    from pinbot.model.ledger import Ledger, Rejection
    from pinbot.model.notice import Notice
    from pinbot.model.proposal import OwnPull, Proposal, PullRequest, Survey


class Forge(Protocol):
    """Where pull requests live."""

    @property
    def calls(self) -> int:
        """How many requests were sent to it so far, the ledger's among them."""
        ...

    async def survey(self, base: str | None) -> Survey:
        """See how things stand: the branch to merge into (None: the default one), and pinbot's pull requests.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def find(self, proposal: Proposal, survey: Survey) -> PullRequest | None:
        """The open pull request that needs nothing done, if so.

        It makes the changes of this proposal already, on the base as it is now; or people worked on it, and
        it is theirs, which is said there once. Title and body are not compared: they may tell what another
        run found out on the way.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def rejected(self, branch: str) -> tuple[Rejection, ...]:
        """What people turned down that came from a branch: pull requests that were closed without a merge.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def settle(self, branch: str, number: int) -> tuple[Rejection, ...] | None:
        """See to the end of a pull request that was open once, and is not any more.

        The branch of one that was merged, or closed by pinbot itself, is deleted where nothing came onto it
        since, and where that can be done. Gives what people turned down by closing it without a merge; None
        if it is open after all.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def notice(self, number: int) -> Notice | None:
        """The dashboard, whose number may be known; None where there is none.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def post(self, notice: Notice | None, body: str) -> Notice:
        """Have the dashboard say this; None: there is none yet.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def close(self, pull: OwnPull, why: str) -> PullRequest:
        """Close a pull request with a comment, and delete its branch; one that people worked on stays open.

        Raises:
            ForgeError: as for `propose`.
        """
        ...

    async def propose(self, proposal: Proposal) -> PullRequest:
        """Make one pull request hold exactly this proposal: open it, update it, or find it as it should be.

        Raises:
            ForgeError: it could not be done; the message names a missing permission.
        """
        ...


class Hosting(NamedTuple):
    """One repository on a forge: its pull requests, and the ledger that is kept beside them."""

    forge: Forge
    ledger: LedgerStore


class Repositories(Protocol):
    """All that a forge has, as tokens of pinbot's see them; read without a clone.

    Each method raises ForgeError where it cannot be done, or may not be.
    """

    async def accounts(self) -> tuple[Account, ...]:
        """All organisations and people that gave pinbot access.

        Raises:
            UsageError: nobody keeps a list of them for what pinbot asks with.
        """
        ...

    def asked_as(self, name: str) -> str:
        """As whom it is asked about a repository or owner: an error that is `for_all` is for that one's."""
        ...

    async def named(self, name: str) -> RepositoryFacts:
        """The repository `owner/name`."""
        ...

    async def owned_by(self, owner: str) -> tuple[RepositoryFacts, ...]:
        """All repositories of an organisation or person that the token can see."""
        ...

    async def listing(self, repository: RepositoryFacts, branch: str) -> Listing | None:
        """The files of a branch; None where the repository is empty."""
        ...

    async def read(self, repository: RepositoryFacts, file: ListedFile) -> bytes:
        """The content of a file, or of a link the path that it leads to; never unverified."""
        ...

    async def check_out(self, repository: RepositoryFacts, branch: str, tree: str, folder: Path) -> None:
        """Put the files of a branch into a new folder, as they were listed; nothing in it is secret."""
        ...

    def calls(self, name: str | None = None) -> int:
        """How many requests were sent so far: about one repository, or at all."""
        ...


class LedgerStore(Protocol):
    """Where the ledger is kept from run to run."""

    async def read(self) -> Ledger:
        """What is known; an empty ledger where there is none yet.

        Raises:
            PinbotError: it cannot be read, which is not the same as empty.
        """
        ...

    async def add(self, ledger: Ledger) -> None:
        """Merge this into what is there by then; nothing is written where nothing is new.

        Raises:
            PinbotError: it cannot be written.
        """
        ...
