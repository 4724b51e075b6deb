"""Docker Hub's dates: of the very digest, by Docker Hub's clock, or none and the reason."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pinbot.config import Config
from pinbot.model.plan import PushDate
from pinbot.model.reference import Digest, ImageReference
from pinbot.registry.hub_dates import HubDates
from tests.support.hub import HubServer, tag
from tests.support.registry_clock import FakeClock

DIGEST = Digest("sha256", "a" * 64)
PUSHED = "2026-11-03T21:06:53.506400Z"


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer({"library/alpine:3.22": tag(str(DIGEST), PUSHED)}) as server:
        yield server


def ask(address: str, *images: str, notes: list[str] | None = None) -> list[PushDate | None]:
    async def work() -> list[PushDate | None]:
        told = [] if notes is None else notes
        async with HubDates(
            Config().registry, clock=FakeClock(), address=address, note=told.append, jitter=lambda: 0.5
        ) as dates:
            asked = [dates.pushed(ImageReference.parse(image), DIGEST) for image in images]
            return await asyncio.gather(*asked)

    return asyncio.run(work())


def test_the_date_of_the_digest_is_given_with_who_says_so(hub: HubServer) -> None:
    assert ask(hub.address, "alpine:3.22") == [
        PushDate(when=datetime(2026, 11, 3, 21, 6, 53, tzinfo=UTC), source="Docker Hub")
    ]


def test_one_request_without_credentials_is_sent_for_a_tag(hub: HubServer) -> None:
    ask(hub.address, *["alpine:3.22"] * 5)
    ((path, headers),) = hub.requests
    assert path == "/v2/repositories/library/alpine/tags/3.22"
    assert "Authorization" not in headers


def test_another_registry_is_not_asked_about(hub: HubServer) -> None:
    notes: list[str] = []
    assert ask(hub.address, "ghcr.io/acme/app:1", "localhost:5000/a:1", notes=notes) == [None, None]
    assert hub.requests == []
    assert notes == []


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (tag("sha256:" + "b" * 64, PUSHED), "what it says is not about this digest"),
        (tag(None, PUSHED), "what it says is not about this digest"),
        (tag(str(DIGEST), None), "it gives none"),
        (tag(str(DIGEST), ""), "it gives none"),
        (tag(str(DIGEST), 0), "it gives none"),
        (tag(str(DIGEST), "2026-11-03T21:06:53"), "it gives none"),
        (tag(str(DIGEST), "0001-01-01T00:00:00+23:59"), "it gives none"),
    ],
)
def test_what_is_no_date_of_this_digest_is_none(hub: HubServer, told: dict[str, object], why: str) -> None:
    hub.tags["library/alpine:3.22"] = told
    notes: list[str] = []
    assert ask(hub.address, "alpine:3.22", notes=notes) == [None]
    assert notes == [f"alpine:3.22: no date from Docker Hub: {why}"]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ((404, b"{}"), "it answered with status 404"),
        ((401, b"{}"), "it answered with status 401"),
        ((429, b"{}"), "it answered with status 429"),
        ((500, b"oops"), "it answered with status 500"),
        ((503, b"oops"), "it answered with status 503"),
        ((200, b"<html>"), "what it answered is no JSON"),
        ((200, b"\xff"), "what it answered is no JSON"),
        ((200, b"[" * 200_000), "what it answered is no JSON"),
        ((200, b"[]"), "what it says is not about this digest"),
        ((200, json.dumps("x" * 2_000_000).encode()), "sent more than 1048576 bytes"),
    ],
)
def test_an_answer_that_is_none_never_fails(hub: HubServer, raw: tuple[int, bytes], why: str) -> None:
    hub.raw = raw
    notes: list[str] = []
    assert ask(hub.address, "alpine:3.22", notes=notes) == [None]
    assert why in notes[0]


def test_a_host_that_is_not_there_never_fails() -> None:
    notes: list[str] = []
    assert ask("http://127.0.0.1:1", "alpine:3.22", "rust:1", notes=notes) == [None, None]
    assert len(notes) == 2
