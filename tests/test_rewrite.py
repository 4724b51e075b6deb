import pytest

from pinbot.errors import StaleEdit
from pinbot.model.occurrence import Edit, Span
from pinbot.rewrite import apply


def edit(start: int, old: bytes, new: bytes) -> Edit:
    return Edit(span=Span(start, start + len(old)), old=old, new=new)


def test_edits_are_applied_in_whatever_order_they_come() -> None:
    edits = [edit(4, b"two", b"2"), edit(0, b"one", b"1"), edit(8, b"", b"3")]
    assert apply(b"one two .", edits) == b"1 2 3."


def test_no_edits_leave_the_bytes_as_they_are() -> None:
    assert apply(b"\xff\r\n\x00", []) == b"\xff\r\n\x00"


def test_equal_edits_count_once() -> None:
    assert apply(b"FROM a", [edit(6, b"", b"@x"), edit(6, b"", b"@x")]) == b"FROM a@x"


def test_an_insertion_right_before_and_right_after_a_replacement_is_no_overlap() -> None:
    assert apply(b"abc", [edit(1, b"b", b"B"), edit(1, b"", b"<"), edit(2, b"", b">")]) == b"a<B>c"


@pytest.mark.parametrize(
    "edits",
    [
        [edit(0, b"ab", b"x"), edit(1, b"bc", b"y")],
        [edit(0, b"abc", b"x"), edit(1, b"", b"y")],
        [edit(1, b"", b"x"), edit(1, b"", b"y")],
    ],
    ids=["crossing", "inside", "two texts at one place"],
)
def test_overlapping_edits_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(StaleEdit, match="disagree"):
        apply(b"abc", edits)


@pytest.mark.parametrize(
    "stale",
    [edit(0, b"x", b"y"), edit(3, b"c", b"y"), Edit(span=Span(0, 3), old=b"ab", new=b"")],
    ids=["other text", "after the end", "text shorter than the span"],
)
def test_an_edit_of_text_that_is_not_there_is_refused(stale: Edit) -> None:
    with pytest.raises(StaleEdit, match="no longer holds"):
        apply(b"abc", [stale])
