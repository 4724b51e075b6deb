"""The dashboard as text, and the ticks in it."""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import Unreachable
from pinbot.model.ledger import Ledger, Rejection
from pinbot.model.notice import Wishes
from pinbot.model.plan import Plan, Wait
from pinbot.model.proposal import OwnPull, Subject
from pinbot.model.reference import Digest
from pinbot.model.report import UpdateReport
from pinbot.render.dashboard import dashboard, wishes
from tests.render.markup import EVIL, READER
from tests.render.test_markdown import ODD
from tests.render.test_markdown import report as evil_report

NEW = Digest("sha256", "b" * 64)


def report(text: str = "") -> tuple[UpdateReport, Ledger]:
    """A report in which everything that strangers can write is this text."""
    told = evil_report(text)
    (update, *_) = told.plan.updates
    fresh = replace(update, new=replace(update.new, digest=NEW))
    waits = (Wait(update=fresh, reason=text or "too new"), Wait(update=update, reason="turned down"))
    assert update.new.digest is not None
    rejection = Rejection(image=str(update.image), digest=update.new.digest, number=3)
    pull = OwnPull(
        number=7,
        url="",
        branch="pinbot/alpine",
        base="main",
        head="",
        subjects=(Subject(image=str(update.image), digest=NEW),),
    )
    plan = replace(
        told.plan, waits=waits, errors=(Unreachable(text or "no answer", file=text or "Dockerfile"),)
    )
    return replace(told, plan=plan, open_pulls=(pull,), held=(text or "Dockerfile",)), Ledger(
        rejections=(rejection,)
    )


def test_there_is_a_section_for_each_state_and_none_for_nothing() -> None:
    titles = re.findall(r"^### (.*)$", dashboard(*report()), re.MULTILINE)
    assert titles[:5] == ["Open pull requests", "Waiting", "Turned down", "Not built", "Failing"]
    assert dashboard(UpdateReport(plan=Plan(current=2)), Ledger()).count("\n\n") == 0
    assert "**2** references are pinned" in dashboard(UpdateReport(plan=Plan(current=2)), Ledger())


def test_ticks_are_read_back() -> None:
    body = dashboard(*report())
    assert wishes(body) == Wishes()
    ticked = wishes(body.replace("- [ ]", "- [x]"))
    assert ticked.rebuild == {"pinbot/alpine"}
    assert {one.digest for one in ticked.now} == {NEW}
    assert len(ticked.again) == 1
    assert ticked.again.isdisjoint(ticked.now)


@given(ODD, ODD)
def test_no_text_escapes_its_code(before: str, after: str) -> None:
    body = dashboard(*report(f"{before}{EVIL}{after}"))
    for token in (inner for outer in READER.parse(body) for inner in (outer.children or (outer,))):
        assert token.type not in {"link_open", "image", "code_block", "hr", "fence"}
        if token.type != "code_inline":
            assert EVIL not in token.content
        if token.type in {"html_inline", "html_block"}:
            assert re.match(r"<!-- pinbot-(again|now|rebuild): \S+ -->", token.content)


@given(st.text() | st.text(st.sampled_from("- [xX]<!pinbot-againowrebuild:@sha256 >\n"), max_size=80))
def test_whatever_stands_there_is_read_without_a_fuss(body: str) -> None:
    found = wishes(body)
    assert all(branch.startswith("pinbot/") for branch in found.rebuild)


def test_ticks_that_make_no_sense_are_left_out() -> None:
    lines = (
        "- [x] <!-- pinbot-now: alpine -->",
        "- [x] <!-- pinbot-now: alpine@sha256:short -->",
        f"- [x] <!-- pinbot-again: <b>@{NEW} -->",
        "- [x] <!-- pinbot-rebuild: main -->",
        f"- [ ] <!-- pinbot-now: docker.io/library/alpine:3@{NEW} -->",
        f"    - [x] <!-- pinbot-now: docker.io/library/alpine:3@{NEW} -->",
    )
    assert wishes("\n".join(lines)) == Wishes()
