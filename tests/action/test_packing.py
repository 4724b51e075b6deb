"""Verdicts on their way from one job to another: whole where there is room, and told what was left out."""

import base64
import contextlib
import json
import random
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.packing import MOST, pack, unpack
from pinbot.verdictfile import document
from tests.verdictfile.values import ALL

RANDOM = random.Random(1)


def noise(characters: int) -> str:
    """What cannot be compressed."""
    return RANDOM.randbytes(characters // 2).hex()


def verdicts(count: int, *, tail: int = 0, more: int = 0) -> dict[str, Any]:
    """A document with so many, in builds of five, each with a log and more of so many characters."""
    one = [
        {"after": {"result": "failed", "tail": [noise(100) for _ in range(tail // 100)]}, "x": noise(more)}
        for _ in range(count)
    ]
    builds = [{"files": [], "verdicts": one[start : start + 5]} for start in range(0, count, 5)]
    return {"schema": "pinbot-verdicts/v1", "builds": builds}


def kept(text: str) -> list[dict[str, Any]]:
    return [one for build in json.loads(unpack(text))["builds"] for one in build["verdicts"]]


def test_what_fits_is_whole() -> None:
    data = document.to_bytes(ALL)
    text, notes = pack(json.loads(data))
    assert notes == ()
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(unpack(text)) == json.loads(data)


def test_logs_are_shortened_before_anything_is_left_out() -> None:
    whole = verdicts(60, tail=4_000)
    text, (note,) = pack(whole)
    assert len(text) <= MOST
    assert "logs were shortened" in note
    assert len(kept(text)) == 60
    assert {len(one["after"]["tail"]) for one in kept(text)} == {10}
    assert kept(text)[0]["after"]["tail"] == whole["builds"][0]["verdicts"][0]["after"]["tail"][-10:]


def test_what_still_does_not_fit_is_left_out_and_told() -> None:
    whole = verdicts(203, tail=400, more=2_000)
    text, (note,) = pack(whole)
    assert MOST - 2_000 < len(text) <= MOST
    left = len(kept(text))
    assert f"{203 - left} of 203 were left out" in note
    assert [one["x"] for one in kept(text)] == [
        one["x"] for build in whole["builds"] for one in build["verdicts"]
    ][:left]
    assert whole["builds"][0]["verdicts"][0]["after"]["tail"]  # the document itself stays as it is


def test_one_that_is_too_long_alone_leaves_nothing() -> None:
    text, (note,) = pack(verdicts(1, more=300_000))
    assert kept(text) == []
    assert "1 of 1 were left out" in note


BOMB = base64.b64encode(zlib.compress(b" " * 50_000_000, 9)).decode()
GOOD = pack(verdicts(1))[0]


@pytest.mark.parametrize("text", ["", "eNo", "%%%", "AAAA", "\N{GREEK SMALL LETTER ALPHA}", GOOD[:-8], BOMB])
def test_what_no_job_made_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(text)


def test_nothing_may_follow() -> None:
    with pytest.raises(ValueError, match="too long"):
        unpack(base64.b64encode(base64.b64decode(GOOD) + b"more").decode())


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: base64.b64encode(data).decode()))
def test_any_text_is_a_document_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        unpack(text)
