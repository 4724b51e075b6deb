"""What pinbot remembers: runs at the same time lose nothing, and nothing grows without end."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.model.ledger import Ledger, Rejection, Sighting, age, from_bytes, merged, to_bytes
from pinbot.model.reference import Digest

ALPINE = "docker.io/library/alpine:3.22"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def digest(number: int) -> Digest:
    return Digest("sha256", f"{number:064x}")


def seen(number: int, when: datetime = NOON, image: str = ALPINE) -> Sighting:
    return Sighting(image=image, digest=digest(number), seen=when)


images = st.sampled_from([ALPINE, "docker.io/library/rust:alpine", "ghcr.io/acme/base:1"])
times = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(  # noqa: DTZ001 - its zone follows
    lambda when: when.replace(microsecond=0, tzinfo=UTC)
)
digests = st.integers(0, 40).map(digest)
ledgers = st.builds(
    Ledger,
    sightings=st.lists(st.builds(Sighting, image=images, digest=digests, seen=times)).map(tuple),
    rejections=st.lists(st.builds(Rejection, image=images, digest=digests, number=st.integers(1, 99))).map(
        tuple
    ),
    moves=st.dictionaries(images, times).map(lambda moves: tuple(moves.items())),
)


@given(ledgers, ledgers)
def test_merging_does_not_ask_who_came_first(one: Ledger, other: Ledger) -> None:
    assert merged(one, other) == merged(other, one)
    assert merged(merged(one, other), other) == merged(one, other)


@given(ledgers)
def test_what_is_written_is_read_again(ledger: Ledger) -> None:
    assert from_bytes(to_bytes(merged(ledger))) == merged(ledger)
    assert to_bytes(from_bytes(to_bytes(merged(ledger)))) == to_bytes(merged(ledger))


def test_the_earliest_sighting_counts_and_the_latest_move() -> None:
    early, late = NOON - timedelta(days=2), NOON
    one = Ledger(sightings=(seen(1, late),), moves=((ALPINE, early),))
    other = Ledger(sightings=(seen(1, early),), moves=((ALPINE, late),))
    both = merged(one, other)
    assert both.first_seen(ALPINE, digest(1)) == early
    assert both.moved(ALPINE) == late
    assert both.first_seen(ALPINE, digest(2)) is None
    assert both.moved("docker.io/library/rust:alpine") is None


def test_when_an_image_moved_is_kept_whether_or_not_its_tag_was_ever_looked_at() -> None:
    assert merged(Ledger(moves=((ALPINE, NOON),))).moved(ALPINE) == NOON


def test_of_moves_the_last_are_kept() -> None:
    many = Ledger(moves=tuple((f"image:{day}", NOON + timedelta(minutes=day)) for day in range(4001)))
    assert [many.moves[0]] == sorted(set(many.moves) - set(merged(many).moves))


def test_the_digests_that_were_seen_last_are_kept() -> None:
    many = Ledger(sightings=tuple(seen(day, NOON + timedelta(days=day)) for day in range(1000)))
    kept = {one.digest for one in merged(many).sightings}
    assert kept == {digest(day) for day in range(976, 1000)}


def test_a_rejection_is_found_and_can_be_taken_back() -> None:
    no = Rejection(image=ALPINE, digest=digest(1), number=12)
    ledger = merged(Ledger(rejections=(no,)))
    assert ledger.rejected(ALPINE, digest(1)) == no
    assert ledger.rejected(ALPINE, digest(2)) is None
    pardoned = merged(ledger, Ledger(pardons=(no,)))
    assert pardoned.rejected(ALPINE, digest(1)) is None
    again = Rejection(image=ALPINE, digest=digest(1), number=15)
    assert merged(pardoned, Ledger(rejections=(again,))).rejected(ALPINE, digest(1)) == again


def test_a_digest_and_tags_that_mean_it_are_turned_down_each_by_itself() -> None:
    digest_alone = Rejection(image=ALPINE, digest=digest(1), number=12)
    tag = Rejection(image=ALPINE, digest=digest(1), number=15, tag="3.23")
    ledger = merged(Ledger(rejections=(digest_alone,)), Ledger(rejections=(tag,)))
    assert ledger.rejected(ALPINE, digest(1)) == digest_alone
    assert ledger.rejected(ALPINE, digest(2), "3.23") == tag
    pardoned = merged(ledger, Ledger(pardons=(tag,)))
    assert pardoned.rejected(ALPINE, digest(1), "3.23") is None
    assert pardoned.rejected(ALPINE, digest(1)) == digest_alone


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"[]", b"null", b'{"schema": "pinbot-ledger/v2"}', b"[" * 100_000, b'{"sightings": {}}'],
)
def test_what_is_no_ledger_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_bytes(data)


def test_entries_that_make_no_sense_are_left_out() -> None:
    good = json.loads(to_bytes(Ledger(sightings=(seen(1),))))
    good["sightings"][ALPINE] |= {
        "sha256:short": "2026-11-24T12:00:00Z",
        str(digest(2)): "soon",
        str(digest(3)): "2026-11-24T12:00:00",
        str(digest(4)): 5,
        str(digest(6)): "0001-01-01T00:00:00+14:00",
    }
    good["sightings"]["x" * 600] = {str(digest(5)): "2026-11-24T12:00:00Z"}
    good["sightings"]["list"] = []
    good["rejections"] = [1, {}, {"image": ALPINE, "digest": 5, "number": 1}, {"image": 1}]
    good["moves"] = {ALPINE: None}
    assert from_bytes(json.dumps(good).encode()) == Ledger(sightings=(seen(1),))


def test_a_clock_that_went_back_makes_nothing_younger_than_now() -> None:
    assert age(NOON + timedelta(days=1), NOON) == timedelta()
    assert age(NOON - timedelta(days=1), NOON) == timedelta(days=1)
