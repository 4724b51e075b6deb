"""What the updates of a plan mean: each old image compared with the new one."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from pinbot.comparison import cautions
from pinbot.comparison.compare import compare
from pinbot.comparison.learning import Learner
from pinbot.comparison.scope import Scope
from pinbot.errors import PinbotError, Unreachable
from pinbot.model.build import BuildTarget
from pinbot.model.comparison import Comparison, Explanation, Pair
from pinbot.model.ledger import Ledger
from pinbot.model.plan import Update
from pinbot.model.reference import Digest, ImageReference
from pinbot.pipeline.candidates import known_platforms
from pinbot.pipeline.vulnerabilities import look_up
from pinbot.ports.images import ImageSource
from pinbot.ports.machine import Progress
from pinbot.ports.registries import VulnerabilityDatabase

MOST_SECONDS = 300.0
"""For one image; what takes longer is left unexplained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    """Explains updates, and never stands in their way: what goes wrong takes the place of the explanation.

    Attributes:
        open: gives what can be looked into of an image.
        learner: reads layers.
        targets: the configured build targets, which tell the platforms in use.
        database: where vulnerabilities are looked up; None where that is not wanted.
        seconds: how long one image may take.
    """

    open: Callable[[ImageReference], ImageSource]
    learner: Learner
    targets: tuple[BuildTarget, ...] = ()
    database: VulnerabilityDatabase | None = None
    seconds: float = MOST_SECONDS

    async def explain(
        self, updates: Iterable[Update], naming: Callable[[str], str], known: Ledger, progress: Progress
    ) -> tuple[Explanation, ...]:
        """Compare both images of each update that has two.

        Args:
            updates: what moves.
            naming: makes the paths of files those of the targets.
            known: what earlier runs saw.
            progress: is told of each.
        """
        moves = [
            (update, old, new)
            for update in updates
            if (old := update.old.digest) is not None and (new := update.new.digest) is not None
        ]
        if not moves:
            return ()
        with progress.step("Comparing", len(moves)) as done:

            async def one(update: Update, old: Digest, new: Digest) -> Explanation:
                before, after = update.image, update.followed
                images = self.open(before.with_digest(old)), self.open(after.with_digest(new))
                outcome = await self._outcome(*images, self._scope(update, naming))
                if isinstance(outcome, Comparison):
                    seen = Pair(old=known.first_seen(str(before), old), new=known.first_seen(str(after), new))
                    outcome = replace(outcome, cautions=(*cautions.of_sightings(seen), *outcome.cautions))
                done(update.image.familiar)
                return Explanation(image=update.image, old=old, new=new, outcome=outcome, tag=update.new_tag)

            return tuple(await asyncio.gather(*(one(*move) for move in moves)))

    async def _outcome(self, old: ImageSource, new: ImageSource, scope: Scope) -> Comparison | PinbotError:
        try:
            async with asyncio.timeout(self.seconds):
                found = await compare(old, new, wanted=scope, learner=self.learner)
                return found if self.database is None else await look_up(self.database, found)
        except PinbotError as error:
            return error
        except TimeoutError:
            return Unreachable(f"the images were not compared within {self.seconds:.0f} s")
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the update itself is right
            return PinbotError(f"the images cannot be compared: {type(error).__name__}: {error}")

    def _scope(self, update: Update, naming: Callable[[str], str]) -> Scope:
        """The platforms that the files which use the image are for, as far as they say."""
        files = {naming(path) for path in update.files}
        named = [
            *(occurrence.platform for occurrence in update.occurrences),
            *(target.platform for target in self.targets if target.dockerfile in files),
        ]
        return Scope(platforms=tuple(dict.fromkeys(known_platforms(named))), system=self.database is not None)
