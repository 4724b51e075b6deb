import pytest

from pinbot.errors import SourceError
from pinbot.formats.discover import DOCKERFILE
from pinbot.formats.pinning import Pin, pin, prove, unpin
from pinbot.model.occurrence import Occurrence, SourceFile, Status
from pinbot.model.reference import Digest
from pinbot.rewrite import apply

NEW = Digest("sha256", "b" * 64)
OLD = Digest("sha256", "a" * 64)


def source(text: str) -> SourceFile:
    return SourceFile(path="Dockerfile", data=text.encode())


def references(text: str) -> tuple[Occurrence, ...]:
    return DOCKERFILE.references(source(text))


def pinned(text: str, digest: Digest = NEW, tag: str = "") -> str:
    """Every reference that can be pinned, pinned and proved."""
    before = source(text)
    wanted = Pin(digest, tag)
    intended = {each: wanted for each in DOCKERFILE.references(before) if each.status is not Status.SKIPPED}
    after = apply(before.data, [pin(each, digest, tag) for each in intended])
    prove(DOCKERFILE, before, after, intended)
    return after.decode()


def test_a_digest_is_written_straight_after_the_tag() -> None:
    assert pinned("FROM alpine:3.22 AS base\n") == f"FROM alpine:3.22@{NEW} AS base\n"


def test_latest_is_written_out_so_that_the_digest_has_a_tag_to_follow() -> None:
    text = "# syntax=docker/dockerfile\nARG BASE=alpine\nFROM $BASE AS base\nCOPY --from=busybox /a /b\n"
    assert pinned(text) == (
        f"# syntax=docker/dockerfile:latest@{NEW}\nARG BASE=alpine:latest@{NEW}\n"
        f"FROM $BASE AS base\nCOPY --from=busybox:latest@{NEW} /a /b\n"
    )


def test_a_digest_without_a_tag_gets_none() -> None:
    assert pinned(f"FROM alpine@{OLD}\n") == f"FROM alpine@{NEW}\n"


def test_a_digest_takes_the_place_of_an_older_one() -> None:
    assert pinned(f"FROM alpine:3.22@{OLD} AS base\n") == f"FROM alpine:3.22@{NEW} AS base\n"


def test_a_digest_in_an_arg_of_its_own_is_replaced_there() -> None:
    text = f"ARG DIGEST={OLD}\nFROM alpine:3.22@${{DIGEST}}\n"
    assert pinned(text) == text.replace(str(OLD), str(NEW))


def test_one_arg_that_gives_the_same_image_twice_is_edited_once() -> None:
    text = "ARG TAG=3.22\nFROM alpine:$TAG AS one\nFROM alpine:$TAG\n"
    assert pinned(text) == text.replace("TAG=3.22", f"TAG=3.22@{NEW}")


def test_unpin_takes_away_what_pin_wrote() -> None:
    text = "# syntax=docker/dockerfile:1\nFROM alpine:3.22\nCOPY --from=busybox:1 /a /b\n"
    edits = [unpin(each) for each in references(pinned(text))]
    assert apply(pinned(text).encode(), [each for each in edits if each]) == text.encode()


def test_what_has_no_digest_cannot_be_unpinned() -> None:
    assert [unpin(each) for each in references("FROM alpine\n")] == [None]


def test_a_digest_that_stands_alone_in_an_arg_cannot_be_unpinned() -> None:
    assert [unpin(each) for each in references(f"ARG D={OLD}\nFROM alpine@$D\n")] == [None]


def test_a_skipped_reference_cannot_be_pinned() -> None:
    (skipped,) = references("ARG TAG\nFROM alpine:$TAG\n")
    with pytest.raises(ValueError, match="has no default"):
        pin(skipped, NEW)


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (f"FROM alpine:1@{OLD}\nFROM busybox:1\n", "alpine:1 on line 1 would become"),
        (f"FROM alpine:1@{NEW}\nFROM busybox:1@{NEW}\n", "busybox:1 on line 2 would become"),
        (f"FROM alpine:1@{NEW}\nFROM busybox:1\nRUN :\n", "bytes would change"),
        (f"FROM  alpine:1@{NEW}\nFROM busybox:1\n", "bytes would change"),
        (f"FROM alpine:1@{NEW}\n", "held 2 image references and would hold 1"),
        (f"FROM alpine:1@{NEW}\nFROM busybox:1 x\n", "cannot be read any more"),
        ("FROM alpine:1\nFROM busybox:1\n", "alpine:1 on line 1 would become"),
    ],
    ids=["other digest", "one too many", "more text", "more space", "one lost", "broken", "nothing done"],
)
def test_an_edit_that_does_anything_else_is_not_proved(after: str, why: str) -> None:
    before = source("FROM alpine:1\nFROM busybox:1\n")
    first = DOCKERFILE.references(before)[0]
    with pytest.raises(SourceError, match=why):
        prove(DOCKERFILE, before, after.encode(), {first: Pin(NEW)})


def test_a_reference_of_another_file_is_not_proved() -> None:
    before = source("FROM alpine\n")
    (stranger,) = references("\nFROM alpine\n")
    with pytest.raises(SourceError, match="does not hold the references"):
        prove(DOCKERFILE, before, before.data, {stranger: Pin(NEW)})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM alpine:3.20 AS base\n", f"FROM alpine:3.22@{NEW} AS base\n"),
        (f"FROM alpine:3.20@{OLD}\r\n", f"FROM alpine:3.22@{NEW}\r\n"),
        ("FROM localhost:5000/a:3.20\n", f"FROM localhost:5000/a:3.22@{NEW}\n"),
        ("ARG V=3.20\nFROM alpine:$V\n", f"ARG V=3.22@{NEW}\nFROM alpine:$V\n"),
        (f"ARG I=alpine:3.20@{OLD}\nFROM ${{I}}\n", f"ARG I=alpine:3.22@{NEW}\nFROM ${{I}}\n"),
        ("FROM ${V:-alpine:3.20}\n", f"FROM ${{V:-alpine:3.22@{NEW}}}\n"),
        ("ARG V=3.20\nFROM a:$V AS b\nFROM a:$V\n", f"ARG V=3.22@{NEW}\nFROM a:$V AS b\nFROM a:$V\n"),
        ("COPY --from=alpine:3.20 /a /b\n", f"COPY --from=alpine:3.22@{NEW} /a /b\n"),
    ],
)  # fmt: skip
def test_tag_and_digest_change_together(before: str, after: str) -> None:
    first = "FROM scratch\n" if before.startswith("COPY") else ""
    assert pinned(first + before, tag="3.22") == first + after


@pytest.mark.parametrize(
    "text",
    [
        f"ARG D={OLD}\nFROM alpine:3.20@$D\n",
        f"ARG V=3.20\nFROM alpine:${{V}}@{OLD}\n",
        f'FROM alpine:"3.20"@{OLD}\n',
        f"FROM alpine@{OLD}\n",
        "FROM alpine\n",
    ],
)
def test_a_tag_that_is_not_written_before_the_digest_has_no_place_for_another(text: str) -> None:
    (found,) = references(text)
    assert found.place is None or found.place.tag is None
    with pytest.raises(ValueError, match=r"tag|place"):
        pin(found, NEW, "3.22")


def test_another_tag_than_was_meant_is_not_proved() -> None:
    before = source("FROM alpine:3.20\n")
    (found,) = DOCKERFILE.references(before)
    for after in (f"FROM alpine:3.23@{NEW}\n", f"FROM alpine:3.20@{NEW}\n", f"FROM busybox:3.22@{NEW}\n"):
        with pytest.raises(SourceError, match="would become"):
            prove(DOCKERFILE, before, after.encode(), {found: Pin(NEW, "3.22")})
