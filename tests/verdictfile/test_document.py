"""What one job says to another: nothing is lost on the way, and nothing comes through that it may not say."""

import copy
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinbot.model.build import BuildTarget, FailedBuild, Verdict
from pinbot.model.image import Entry, EntryKind
from pinbot.model.plan import Plan
from pinbot.model.report import UpdateReport
from pinbot.render import console, markdown, text
from pinbot.render.audit.changes import more_paths
from pinbot.verdictfile import document
from tests.render.markup import EVIL, tokens
from tests.render.values import HOSTILE, change, pin
from tests.verdictfile.values import ALL, BROKEN, GOOD, WORSE, plain, verdicts

JUNK: tuple[Any, ...] = (
    *(None, True, -1, 2**60, 10**400, 1.5, float("nan"), float("inf"), "", "x" * 30_000, "a\0b"),
    *("../../etc/passwd", "/etc/passwd", "sha256:0", [], {}, [[]], {"result": "built"}),
)


def read(whole: Any) -> tuple[Verdict, ...]:
    return document.from_bytes(json.dumps(whole).encode())


def written(*some: Verdict) -> Any:
    return json.loads(document.to_bytes(some))


def places(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """Ways to everything in a document."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], *path, key)


def put(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value there."""
    changed = copy.deepcopy(whole)
    part = changed
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return changed


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(verdicts(), max_size=3))
def test_what_is_written_is_read_again(some: list[Verdict]) -> None:
    data = document.to_bytes(some)
    assert list(map(plain, document.from_bytes(data))) == list(map(plain, some))
    assert data.isascii()


def test_everything_that_there_can_be_is_read_again() -> None:
    found = document.from_bytes(document.to_bytes(ALL))
    assert list(map(plain, found)) == list(map(plain, ALL))
    assert [one.good for one in found] == [True, False, False, False, True]


def test_verdicts_on_the_same_change_tell_of_its_files_once() -> None:
    other = replace(GOOD, files=())
    assert [len(build["verdicts"]) for build in written(GOOD, WORSE, other)["builds"]] == [2, 1]


def test_what_nobody_needs_to_tell_of_a_verdict_is_not_kept() -> None:
    found = GOOD.inspection
    assert not isinstance(found, Exception)
    assert found is not None
    secret = replace(
        found,
        config=replace(found.config, env=(("TOKEN", "tiptop"),), labels=(("a", "tiptop"),)),
        entries=(Entry(path="tiptop", kind=EntryKind.FILE, mode=0o444),),
        certificates=("tiptop",),
    )
    assert b"tiptop" not in document.to_bytes([replace(GOOD, inspection=secret)])


def test_long_texts_and_lists_are_shortened_and_told_as_such() -> None:
    names = tuple(Entry(path=f"{number}", kind=EntryKind.FILE, mode=0o444) for number in range(1_000))
    assert GOOD.difference is not None
    verdict = replace(
        GOOD,
        before_problem="x" * 100_000,
        difference=replace(GOOD.difference, added=names, removed=names),
    )
    (found,) = document.from_bytes(document.to_bytes([verdict]))
    assert found.before_problem is not None
    assert found.before_problem.endswith("x…")
    assert verdict.difference is not None
    assert found.difference is not None
    assert more_paths(found.difference) == more_paths(verdict.difference)
    assert len(found.difference.added) < len(names)
    assert document.to_bytes([found]) == document.to_bytes([verdict])


def test_of_a_long_log_the_end_is_kept() -> None:
    tail = tuple(map(str, range(100)))
    assert isinstance(BROKEN.after, FailedBuild)
    (found,) = document.from_bytes(
        document.to_bytes([replace(BROKEN, after=replace(BROKEN.after, tail=tail))])
    )
    assert isinstance(found.after, FailedBuild)
    assert found.after.tail == tail[-40:]


def test_what_tells_targets_apart_is_never_cut() -> None:
    target = BuildTarget(dockerfile="Dockerfile", context=".", args=(("A", "x" * 1_000_000),))
    with pytest.raises(ValueError, match="expected a text of at most"):
        document.to_bytes([replace(GOOD, target=target)])


@pytest.mark.parametrize("number", range(len(ALL)))
def test_anything_in_any_place_is_a_mistake_or_harmless(number: int) -> None:
    whole = written(ALL[number])
    refused = 0
    for path in places(whole):
        for value in JUNK:
            try:
                found = read(put(whole, path, value))
            except ValueError:
                refused += 1
            else:
                check_paths(found)
    assert refused > len(JUNK)


def check_paths(found: tuple[Verdict, ...]) -> None:
    """None leads out of the root."""
    for verdict in found:
        for path in (verdict.target.dockerfile, verdict.target.context, *(one.path for one in verdict.files)):
            assert not path.startswith("/")
            assert ".." not in path.split("/")


def shown(found: tuple[Verdict, ...]) -> tuple[str, str]:
    """What a reviewer and a terminal get to see of verdicts."""
    report = UpdateReport(
        plan=Plan(updates=(pin(),), changes=(change(),)),
        verdicts=tuple(replace(one, earlier=True) for one in found),
    )
    screen = io.StringIO()
    text.update(console.console(screen, colour=False), report)
    return markdown.pull_request_body(report), screen.getvalue()


@pytest.mark.parametrize("trick", HOSTILE)
def test_no_text_of_a_forged_file_is_more_than_text(trick: str) -> None:
    forged = written(*ALL)
    put_in = 0
    for path in places(forged):
        # A target is found by its name or not at all, and then the name is one's own.
        if "target" not in path and (changed := taken(put(forged, path, f"{EVIL}{trick}{EVIL}"))):
            forged = changed
            put_in += 1
    assert put_in > 50
    body, terminal = shown(read(forged))
    for token in tokens(body):
        assert token.type not in {"link_open", "image"}
        assert token.type in {"code_inline", "fence", "inline"} or EVIL not in token.content
    assert EVIL in body
    assert len(body) < markdown.LIMIT
    assert not set(terminal) & set("\x1b\x07\u202e\u2066\u200b\x9b\x85")


def taken(whole: Any) -> Any:
    """The document, if pinbot takes it."""
    try:
        read(whole)
    except ValueError:
        return None
    return whole


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "Expecting value"),
        (b"\xff\xfe\xff", "codec"),
        (b"[]", "does not call itself pinbot-verdicts/v1"),
        (b'{"schema": "pinbot-verdicts/v2", "builds": []}', "does not call itself pinbot-verdicts/v1"),
        (b'{"schema": "pinbot-verdicts/v1"}', "the keys schema, builds"),
        (b'{"schema": "pinbot-verdicts/v1", "builds": [], "more": 1}', "the keys schema, builds"),
        (b'{"schema": "pinbot-verdicts/v1", "builds": {}}', "builds: expected a list"),
        (b'{"schema": "pinbot-verdicts/v1", "builds": [], "builds": []}', "stands twice"),
        (b'{"schema": "pinbot-verdicts/v1", "builds": [NaN]}', "NaN is no number"),
        (b"[" * 100_000, "nested too deeply"),
        (b" " * (document.LARGEST + 1), "more than"),
        (
            b'{"schema": "pinbot-verdicts/v1", "builds": [{"files": [{"path": "../x"}], "verdicts": []}]}',
            r"builds\[0\].files\[0\]: expected the keys path, before, after",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(data: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        document.from_bytes(data)
