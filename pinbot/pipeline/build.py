"""`pinbot build`: build the targets as they are, and audit what came of it."""

from collections.abc import Iterable

from pinbot.model.build import BuildTarget, Verdict
from pinbot.pipeline.bench import Bench


async def build(targets: Iterable[BuildTarget], bench: Bench) -> tuple[Verdict, ...]:
    """One verdict for each target; what goes wrong with one does not keep the others."""
    verdicts: list[Verdict] = []
    for target in targets:
        trial = await bench.attempt(target, {})
        verdicts.append(Verdict(target=target, after=trial.outcome, inspection=trial.inspection))
    return tuple(verdicts)
