"""What registries say is left of their limits."""

import asyncio

import pytest

from pinbot.model.exchange import Quota
from pinbot.model.reference import ImageReference
from pinbot.registry.wire.quota import quota_of
from tests.registry.conftest import push
from tests.support.registry import RegistryServer
from tests.support.registry_client import Asker
from tests.support.registry_link import Fault, LinkProxy, Seen


@pytest.mark.parametrize(
    ("limit", "remaining", "quota", "words"),
    [
        (
            "100;w=21600",
            "76;w=21600",
            Quota(remaining=76, limit=100, seconds=21600),
            "76 of 100 pulls left in 6 h",
        ),
        ("200", "0", Quota(remaining=0, limit=200), "0 of 200 pulls left"),
        (None, "5;w=90", Quota(remaining=5, seconds=90), "5 pulls left in 90 s"),
        ("100;w=600", "76", Quota(remaining=76, limit=100, seconds=600), "76 of 100 pulls left in 10 min"),
        ("nonsense", " 7 ; w=3600 ", Quota(remaining=7, seconds=3600), "7 pulls left in 1 h"),
    ],
)
def test_the_headers_are_read(limit: str | None, remaining: str, quota: Quota, words: str) -> None:
    headers = {"ratelimit-remaining": remaining} | ({} if limit is None else {"ratelimit-limit": limit})
    assert quota_of(headers) == quota
    assert str(quota) == words


@pytest.mark.parametrize("remaining", ["", "-1", "many", "1e9", "5;w=", "5;w=1;x=2", "9" * 10, "\u0661"])
def test_nothing_is_guessed(remaining: str) -> None:
    assert quota_of({"ratelimit-limit": "100;w=60", "ratelimit-remaining": remaining}) is None
    assert quota_of({"ratelimit-limit": "100;w=60"}) is None


@pytest.mark.needs("docker-registry")
def test_the_last_that_was_told_is_kept(registry: RegistryServer) -> None:
    push(registry)

    def count(seen: Seen) -> Fault | None:
        if seen.method == "GET":  # an answer that tells nothing takes nothing back
            return None
        return Fault(headers={"RateLimit-Limit": "10;w=60", "RateLimit-Remaining": "9;w=60"})

    with LinkProxy(registry.host, faults=count) as link:
        asker = Asker()
        image = ImageReference.parse(f"{link.host}/library/alpine:3.20")

        async def ask() -> Quota | None:
            async with asker.client() as client:
                await client.resolve(image)
                await client.describe(image)
                return client.access(image).quota

        quota = Quota(remaining=9, limit=10, seconds=60)
        assert asyncio.run(ask()) == quota
        assert [exchange.quota for exchange in asker.exchanges] == [quota, None]
