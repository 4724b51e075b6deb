"""The ledger in the repository itself, on a reference of its own: no clone fetches it, no list shows it.

    refs/pinbot/ledger ──► commit ──► tree ──► ledger.json

Each version is a commit on top of the one that was read, and the reference moves forward only: of two runs
that write at the same time one is refused, reads again, and merges. So nobody's news are lost.
"""

from pinbot.errors import ForgeConflict, ForgeError
from pinbot.forge.remote import GitData, Missing, TreeChange
from pinbot.model.ledger import Ledger, from_bytes, merged, to_bytes

REFERENCE = "refs/pinbot/ledger"
PATH = "ledger.json"
_ATTEMPTS = 8


class ForgeLedger:
    """A `LedgerStore` in the repository that pull requests are made in."""

    def __init__(self, remote: GitData) -> None:
        self._remote = remote
        self._seemed_absent = False

    async def read(self) -> Ledger:
        """See `LedgerStore.read`: one request.

        GitHub documents full names of references for its Git database, but not for reading a file, where they
        work all the same. So its word that no commit has that name is taken here, and held against the
        documented way by `add`.

        Raises:
            ForgeError: it cannot be read, or is no ledger.
        """
        found = await self._remote.file(REFERENCE, PATH)
        self._seemed_absent = found is Missing.COMMIT
        if found is Missing.FILE:  # the token may not see it, or somebody else made the reference
            return (await self._at_tip())[1]
        return Ledger() if isinstance(found, Missing) else _parsed(found)

    async def add(self, ledger: Ledger) -> None:
        """See `LedgerStore.add`: two requests where nothing is new, else five.

        Raises:
            ForgeError: it cannot be read or written, or others write it all the time.
        """
        for _ in range(_ATTEMPTS):
            tip, before = await self._at_tip()
            if self._seemed_absent:
                await self._check_that_it_was(tip)
            after = merged(before, ledger)
            if after == before or await self._write(after, tip):
                return
        raise ForgeConflict(
            f"{REFERENCE} was written by others each time that this run wanted to",
            hint="run again when other runs are done; until then this run's first sightings do not count",
        )

    async def _check_that_it_was(self, tip: str | None) -> None:
        """Make certain that what seemed absent was: it is still, or another run made it meanwhile.

        Raises:
            ForgeError: it was there all the time, and this run knew nothing of what is in it.
        """
        if tip is not None and await self._remote.file(REFERENCE, PATH) is Missing.COMMIT:
            raise ForgeError(
                f"{REFERENCE} is there, and the forge says of its name that no commit has it: "
                "what earlier runs saw did not count in this one",
                hint="nothing was overwritten; please report this, and what kind of GitHub it is",
            )
        self._seemed_absent = False

    async def _at_tip(self) -> tuple[str | None, Ledger]:
        """The commit that the reference points to, and what it holds."""
        tip = await self._remote.tip(REFERENCE)
        found = Missing.COMMIT if tip is None else await self._remote.file(tip, PATH)
        return tip, Ledger() if isinstance(found, Missing) else _parsed(found)

    async def _write(self, ledger: Ledger, tip: str | None) -> bool:
        """Store it on top of what was read; False if that is not what is there by now."""
        change = TreeChange(path=PATH, mode="100644", data=to_bytes(ledger))
        tree = await self._remote.create_tree(None, (change,))
        commit = await self._remote.create_commit("Remember what was seen\n", tree=tree, parent=tip)
        if tip is None:
            return await self._remote.create_ref(REFERENCE, commit)
        return await self._remote.advance_ref(REFERENCE, commit)


def _parsed(data: bytes) -> Ledger:
    try:
        return from_bytes(data)
    except ValueError as error:
        raise ForgeError(
            f"{PATH} on {REFERENCE} is no ledger of pinbot's: {error}",
            hint=f"mend it, or delete the reference (git push origin :{REFERENCE}); "
            "then digests count as seen for the first time in the next run",
        ) from error
