"""How benchmarks show and keep what they measured."""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from pinbot.render import console

RESULTS = Path(__file__).parent / "results"


def show(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    console.table(console.console(sys.stdout, colour=None), header, rows)


def save(name: str, figures: object) -> Path:
    """Write the figures as `results/NAME.json`; returns its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(figures, indent=2) + "\n")
    return path
