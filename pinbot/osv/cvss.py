"""The base score of a vector (CVSS v3.1, section 7.1; that of v3.0 differs only in how it is rounded)."""

import math
import re

from pinbot.model.vulnerability import Rating

_METRICS = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "PR": {"N": 0.85, "L": 0.62, "H": 0.27},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES_IF_CHANGED = {"N": 0.85, "L": 0.68, "H": 0.5}
_VECTOR = re.compile(r"CVSS:3\.[01]((?:/[A-Z]{1,3}:[A-Z])+)")


def rating(vector: str) -> Rating | None:
    """The rating of a vector; None where it is none of version 3, or says nothing harmful."""
    score = base_score(vector)
    if not score:
        return None
    for lowest, name in ((9.0, Rating.CRITICAL), (7.0, Rating.HIGH), (4.0, Rating.MEDIUM)):
        if score >= lowest:
            return name
    return Rating.LOW


def base_score(vector: str) -> float | None:
    """From 0 to 10; None where the vector is none of version 3."""
    found = _VECTOR.fullmatch(vector)
    if found is None:
        return None
    letters: dict[str, str] = dict(metric.split(":") for metric in found[1][1:].split("/"))
    changed = letters.get("S") == "C"
    tables = _METRICS | ({"PR": _PRIVILEGES_IF_CHANGED} if changed else {})
    try:
        value = {metric: table[letters[metric]] for metric, table in tables.items()}
    except KeyError:
        return None
    loss = 1 - (1 - value["C"]) * (1 - value["I"]) * (1 - value["A"])
    impact = 7.52 * (loss - 0.029) - 3.25 * (loss - 0.02) ** 15 if changed else 6.42 * loss
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * value["AV"] * value["AC"] * value["PR"] * value["UI"]
    return _round_up(min((1.08 if changed else 1.0) * (impact + exploitability), 10.0))


def _round_up(score: float) -> float:
    """To one decimal, never down (appendix A)."""
    whole = round(score * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (math.floor(whole / 10_000) + 1) / 10
